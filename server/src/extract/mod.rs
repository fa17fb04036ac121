//! What all request handlers share, of HTTP, live transports and gateways: the state, extractors for the caller and the
//! origin of a request, and the error response.

use std::sync::Arc;

use crate::{cluster::Cluster, config::Config, services::Services, session::SessionContext};

pub(crate) mod caller;
mod client_info;
mod connection_info;
mod device;
pub(crate) mod error;
pub(crate) mod forwarded_for;
pub(crate) mod host;
mod origin;
mod params;
pub(crate) mod scheme;
pub(crate) mod session_cookie;

pub use connection_info::{ConnectionInfo, ConnectionPermit};
pub use error::ApiError;
pub(crate) use error::method_not_allowed;
pub use origin::SameOrigin;
pub(crate) use origin::is_foreign;
pub(crate) use params::{FormBody, PathParams, QueryParams};
pub(crate) use scheme::ForwardedHttps;
pub(crate) use session_cookie::ResponseCookies;
pub use session_cookie::SessionCookie;

#[derive(Clone)]
pub struct AppState {
    pub services: Arc<Services>,
    pub session_context: Arc<SessionContext>,
    pub config: Arc<Config>,
    pub session_cookie: Arc<SessionCookie>,
    /// This node among others, if there can be others.
    pub cluster: Option<Arc<Cluster>>,
}
