//! Parts of the page whose code the browser loads when they are first needed.

use leptos::{
    html,
    prelude::*,
    task::{spawn_local, tick},
};

use crate::{browser, effect::effect, i18n::Key, live::client::Client, split::SplitFuture};

/// Renders a part whose code is loaded.
pub type Part = fn() -> AnyView;

/// Defines a function that loads a component with everything that only this component uses: `lazy_part!(switcher, Switcher)`.
/// The name is also the name of the file.
macro_rules! lazy_part {
    ($name:ident, $component:ident) => {
        $crate::split::split!($name, $crate::components::lazy::Part, || view! { <$component /> }.into_any());
    };
}
pub(crate) use lazy_part;

/// A part of the page that is loaded once it is wanted. When that fails, it says so and offers to try again.
#[component]
pub fn LazyPart(#[prop(into)] wanted: Signal<bool>, load: fn() -> SplitFuture<Part>) -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let part = RwSignal::new(None::<Part>);
    let failed = RwSignal::new(false);
    let request = move || {
        failed.set(false);
        spawn_local(async move {
            // The reader may have left meanwhile.
            match load().await {
                Ok(loaded) => {
                    part.try_set(Some(loaded));
                    // Once it is rendered: it was not there when its dialog opened.
                    tick().await;
                    browser::focus_first();
                }
                Err(_) => {
                    failed.try_set(true);
                }
            }
        });
    };
    effect(move || {
        if wanted.get() && part.read_untracked().is_none() {
            request();
        }
    });
    view! {
        {move || part.get().map(|part| part())}
        <p class="load-problem" role="alert" hidden=move || !failed.get()>
            {i18n.t(Key::PartUnavailable)}
            <button type="button" class="button" data-testid="load-again" on:click=move |_| request()>
                {i18n.t(Key::TryAgain)}
            </button>
        </p>
    }
}

/// A dialog whose content is loaded when it opens for the first time.
#[derive(Clone, Copy)]
pub struct LazyDialog {
    pub element: NodeRef<html::Dialog>,
    /// How often it was opened.
    pub openings: RwSignal<u32>,
}

impl Default for LazyDialog {
    fn default() -> Self {
        Self { element: NodeRef::new(), openings: RwSignal::new(0) }
    }
}

impl LazyDialog {
    /// Opens it as modal, unless it is open.
    pub fn open(self) {
        if let Some(dialog) = self.element.get_untracked().filter(|dialog| !dialog.open()) {
            self.openings.update(|openings| *openings += 1);
            let _ = dialog.show_modal();
        }
    }

    pub fn close(self) {
        if let Some(dialog) = self.element.get_untracked() {
            dialog.close();
        }
    }

    /// For [`LazyPart`].
    pub fn wanted(self) -> Signal<bool> {
        Signal::derive(move || self.openings.get() > 0)
    }
}
