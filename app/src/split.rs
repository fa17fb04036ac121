//! Code that the browser loads when it is first needed, in files of its own (`cargo leptos build --split`).

use std::{future::Future, pin::Pin};

use leptos::wasm_split::SplitLoaderError;

/// Loads something, such as the function that renders a part of the page.
pub type SplitFuture<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// Defines a function that loads a function pointer, with all code that only this function uses: `split!(transports, Open, open)`.
/// The name is also the name of the file. Without the feature `split` everything is in the main file.
macro_rules! split {
    ($name:ident, $function:ty, $value:expr) => {
        fn $name() -> $crate::split::SplitFuture<$function> {
            #[cfg(feature = "split")]
            use ::leptos::wasm_split::wasm_split;
            // leptos' own `#[lazy]` panics when the file cannot be fetched.
            #[cfg_attr(feature = "split", wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible))]
            fn load() -> Result<$function, ::leptos::wasm_split::SplitLoaderError> {
                Ok($value)
            }
            #[cfg(feature = "split")]
            let loading = load();
            #[cfg(not(feature = "split"))]
            let loading = std::future::ready(load());
            Box::pin(loading)
        }
    };
}
pub(crate) use split;
