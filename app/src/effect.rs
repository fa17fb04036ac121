//! Effects of components.

use leptos::prelude::Effect;

/// [`Effect::new`] for an effect without a value. Its closure is boxed: otherwise the code that runs effects would be
/// compiled, and downloaded, once for each of them.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}
