//! Parlor's pages, components and live client.
//!
//! The server renders [`document::shell`], the browser hydrates it with [`App`]. Both begin with the same
//! [`page::PageBootstrap`], so both produce the same HTML.

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
pub mod document;
pub mod effect;
pub mod i18n;
mod intl;
pub mod json;
#[cfg(feature = "ssr")]
pub mod lab;
pub mod live;
pub mod navigation;
pub mod page;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod split;
#[cfg(feature = "hydrate")]
pub mod start;
pub mod storage;
pub mod submission;
pub mod text;
pub mod time;

pub use app::App;
#[cfg(feature = "ssr")]
pub use document::shell;
pub use page::{Offers, PageData, RoomPage, SERVER_HEADER, ServerIdentity, SiteFiles};
