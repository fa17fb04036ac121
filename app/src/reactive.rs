//! What is left of the wrappers around leptos' signals: used outside the components.

use leptos::prelude::*;

/// Runs now, and again when something that it has read changes.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    Effect::new(run);
}

pub(crate) trait Look<T> {
    /// Reads a value once.
    fn peek<R>(&self, read: impl FnOnce(&T) -> R) -> R;
}

macro_rules! look {
    ($($signal:ident)+) => {
        $(impl<T: Send + Sync + 'static> Look<T> for $signal<T> {
            fn peek<R>(&self, read: impl FnOnce(&T) -> R) -> R {
                self.with_untracked(read)
            }
        })+
    };
}

look!(Signal RwSignal ArcRwSignal Memo);
