//! The wasm module that the page loads.

#![recursion_limit = "512"]

#[cfg(feature = "hydrate")]
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Hydrates the HTML that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    parlor_app::start::hydrate();
}

/// Renders the app in place of the server's HTML, when something has changed that.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn mount() {
    console_error_panic_hook::set_once();
    parlor_app::start::mount();
}
