//! Pages with forms: coming in with an account, and looking after it. The server makes them whole, they need no script, and
//! nothing of them is in the wasm.

mod account;
mod entering;
mod parts;

pub use account::{Account, Typed};
pub use entering::{Invitation, Refused, Reset, SignIn, SignUp};
pub use parts::{Problem, id};

use leptos::prelude::*;

use crate::{
    components::languages,
    page::head,
    words::{Words, forms::Word as Say},
};

/// What is around each of these pages.
#[derive(Clone, Debug)]
pub struct Frame {
    /// In the reader's language.
    pub words: Words,
    /// The address of the style sheet.
    pub css: String,
    /// The page's own address, where another language leads back to.
    pub here: String,
}

impl Frame {
    /// The whole document. The body brings the page's heading.
    fn document(self, title: Say, body: impl IntoView + 'static) -> String {
        let Self { words, css, here } = self;
        let title = format!("{} · Parlor", words.say(title));
        let html = view! {
            <html lang=words.language().tag()>
                {head(&title, css, ())}
                <body>
                    <main class="forms">
                        <p>
                            <a class="wordmark" href="/">
                                "Parlor"
                            </a>
                        </p>
                        {body}
                        {languages::form(words, here)}
                    </main>
                </body>
            </html>
        };
        format!("<!DOCTYPE html>{}", html.to_html())
    }
}
