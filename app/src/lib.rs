//! Parlor's pages, components and live client.
//!
//! The server renders [`page::shell`]; the browser takes it over with [`App`]. What the page shows at first comes from
//! [`page::PageData`] on both sides, so both make the same HTML.

#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod browser;
pub mod clock;
pub mod colour;
pub mod components;
#[cfg(feature = "csr")]
pub mod csr;
#[cfg(feature = "ssr")]
pub mod forms;
pub mod i18n;
#[cfg(feature = "ssr")]
pub mod lab;
pub mod live;
pub mod page;
mod reactive;
pub mod route;
pub mod storage;
pub mod text;
pub mod time;

pub use app::App;
#[cfg(feature = "ssr")]
pub use page::shell;
pub use page::{Offers, PageData, RoomPage, SiteFiles};
