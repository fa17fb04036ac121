//! Whether a request came over https. TLS ends at a proxy, so the server knows it from that proxy or from its public URL.

use axum::http::request::Parts;

use super::host;
use crate::config::Config;

/// Whether the client uses https, according to a trusted proxy; in the extensions of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForwardedHttps(pub(crate) Option<bool>);

/// Whether browsers use https: for `Secure` cookies and HSTS. A proxy need not forward the host name, so with a public URL of
/// https it is true for every request.
pub(crate) fn is_https(parts: &Parts, config: &Config) -> bool {
    config.is_public_https() || forwarded(parts) == Some(true)
}

/// The scheme of the page that a request of this server's own pages comes from.
pub(super) fn of_own_pages(parts: &Parts, config: &Config) -> &'static str {
    let has_public_host = || host::of(parts).is_some_and(|host| config.public_host() == Some(host));
    let is_https = forwarded(parts).unwrap_or_else(|| config.is_public_https() && has_public_host());
    if is_https { "https" } else { "http" }
}

fn forwarded(parts: &Parts) -> Option<bool> {
    parts.extensions.get::<ForwardedHttps>()?.0
}
