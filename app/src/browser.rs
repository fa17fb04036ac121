//! What the page asks of the browser. On the server every question has a quiet answer: none of this
//! runs there, but components that call it from effects and handlers are compiled for both.

#[cfg(feature = "browser")]
mod address;
#[cfg(not(feature = "browser"))]
mod ssr_stub;
#[cfg(feature = "browser")]
mod storage;
#[cfg(feature = "browser")]
mod web;

#[cfg(feature = "browser")]
pub use self::{address::*, storage::*, web::*};

#[cfg(not(feature = "browser"))]
pub use ssr_stub::*;
