//! How Parlor starts in a browser.

#![recursion_limit = "512"]

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Takes over the HTML that the server rendered. The page's loader calls it once the wasm is there.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    parlor_app::i18n::load();
    leptos::mount::hydrate_body(parlor_app::App);
}
