//! Signals and effects without a copy of their code for every closure.
//!
//! Each closure is a type of its own, and what is generic over it is compiled once for each: a signal that is derived from
//! others is about 200 bytes of wasm beside what it says, a look at one 500, an effect 1,000. Here the closure is behind a
//! pointer, and that code is there once for each type of value.

use leptos::prelude::*;

/// A text that changes. Views take signals, not closures: for each closure there would be another copy of the code that
/// renders, hydrates and updates it.
pub(crate) fn text<T: Into<String>>(value: impl Fn() -> T + Send + Sync + 'static) -> Signal<String> {
    derive(Box::new(move || value().into()))
}

/// A condition that changes.
pub(crate) fn flag(value: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    derive(Box::new(value))
}

/// Any value that changes.
pub(crate) fn derive<T: Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Signal<T> {
    Signal::derive(value)
}

/// Runs now, and again when something that it has looked at changes.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    boxed_effect(Box::new(run));
}

#[inline(never)]
fn boxed_effect(run: Box<dyn FnMut()>) {
    Effect::new(run);
}

/// Runs when a value is another one; not for the first.
pub(crate) fn on_change<T: PartialEq + 'static>(value: impl Fn() -> T + 'static, run: impl Fn() + 'static) {
    let mut before = None;
    effect(move || {
        let now = Some(value());
        if before.is_some() && before != now {
            untrack(&run);
        }
        before = now;
    });
}

/// To look at a signal's value without taking it.
pub(crate) trait Look<T> {
    /// Looks, and is told of changes.
    fn show(&self, look: &mut dyn FnMut(&T));
    /// Looks once.
    fn show_once(&self, look: &mut dyn FnMut(&T));

    /// What there is to be seen, also when that changes.
    fn look<R: Default>(&self, look: impl FnOnce(&T) -> R) -> R {
        let (mut look, mut seen) = (Some(look), R::default());
        self.show(&mut |value| {
            if let Some(look) = look.take() {
                seen = look(value);
            }
        });
        seen
    }

    /// What there is to be seen now.
    fn peek<R: Default>(&self, look: impl FnOnce(&T) -> R) -> R {
        let (mut look, mut seen) = (Some(look), R::default());
        self.show_once(&mut |value| {
            if let Some(look) = look.take() {
                seen = look(value);
            }
        });
        seen
    }
}

macro_rules! look {
    ($($signal:ident)+) => {
        $(impl<T: Send + Sync + 'static> Look<T> for $signal<T> {
            #[inline(never)]
            fn show(&self, look: &mut dyn FnMut(&T)) {
                self.with(|value| look(value));
            }

            #[inline(never)]
            fn show_once(&self, look: &mut dyn FnMut(&T)) {
                self.with_untracked(|value| look(value));
            }
        })+
    };
}

look!(Signal RwSignal ArcRwSignal Memo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_seen_as_it_is() {
        let owner = Owner::new();
        owner.with(|| {
            let name = RwSignal::new("ann".to_owned());
            let long = flag(move || name.look(|name| name.len() > 3));
            let twice = text(move || name.look(|name| name.repeat(2)));
            assert_eq!((long.peek(|long| *long), twice.get_untracked()), (false, "annann".into()));
            name.set("anna".into());
            assert_eq!((long.peek(|long| *long), twice.get_untracked()), (true, "annaanna".into()));
        });
    }
}
