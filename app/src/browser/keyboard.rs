//! Keyboard events: the key that was pressed, unless an input method took it, and shortcuts on every keyboard layout.

use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::KeyboardEvent;

use super::window::{user_agent, window};

/// The `keyCode` of a key that an input method handles (UI Events, section 7.3.1). Safari ends the composition before the
/// `keydown` that ended it, so there it is the only sign.
const PROCESSED_BY_INPUT_METHOD: u32 = 229;

/// The key of a `keydown`. None while an input method composes: then Enter chooses a word, arrow keys go to another one, and
/// Escape drops it. Every handler takes the key from here.
pub fn pressed_key(event: &KeyboardEvent) -> Option<String> {
    let composing = event.is_composing() || event.key_code() == PROCESSED_BY_INPUT_METHOD;
    #[expect(clippy::disallowed_methods, reason = "the only caller")]
    (!composing).then(|| event.key())
}

/// Calls back on Ctrl with a letter, or on Command with it on Apple's systems, where Ctrl belongs to the text fields. The
/// browser's own shortcut is not run.
pub fn on_shortcut(letter: char, call: impl Fn() + 'static) {
    let Some(window) = window() else { return };
    let apple = is_apple(&user_agent(), &window.navigator().platform().unwrap_or_default());
    let call = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let modifiers = [event.ctrl_key(), event.meta_key(), event.alt_key(), event.shift_key()];
        if modifiers == [!apple, apple, false, false]
            && pressed_key(&event).is_some_and(|key| is_letter(letter, &key, &event.code()))
        {
            event.prevent_default();
            call();
        }
    });
    let _ = window.add_event_listener_with_callback("keydown", call.as_ref().unchecked_ref());
    call.forget();
}

fn is_apple(user_agent: &str, platform: &str) -> bool {
    user_agent.contains("Mac OS X") || platform.starts_with("Mac")
}

/// Whether a key types this letter, or is at its place on a keyboard with other letters than Latin ones. Caps Lock does not
/// matter.
fn is_letter(letter: char, key: &str, code: &str) -> bool {
    if key.is_ascii() {
        return key.chars().eq([letter.to_ascii_lowercase()]) || key.chars().eq([letter.to_ascii_uppercase()]);
    }
    code.strip_prefix("Key").is_some_and(|place| place.chars().eq([letter.to_ascii_uppercase()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_found_on_every_layout() {
        for (layout, key, code, found) in [
            ("US", "k", "KeyK", true),
            ("Caps Lock", "K", "KeyK", true),
            ("Russian", "л", "KeyK", true),
            ("Greek, Caps Lock", "Κ", "KeyK", true),
            ("Hebrew", "ל", "KeyK", true),
            ("Dvorak", "k", "KeyV", true),
            ("Dvorak: another letter at its place", "t", "KeyK", false),
            ("Russian: another place", "к", "KeyR", false),
            ("US: another letter", "j", "KeyJ", false),
            ("a name that contains it", "Backspace", "Backspace", false),
            ("a touch keyboard without places", "k", "", true),
        ] {
            assert_eq!(is_letter('k', key, code), found, "{layout}");
        }
    }

    #[test]
    fn apple_systems_are_known_by_user_agent_or_platform() {
        assert!(is_apple("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "MacIntel"));
        assert!(is_apple("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "iPhone"));
        assert!(is_apple("", "MacIntel"));
        assert!(!is_apple("Mozilla/5.0 (X11; Linux x86_64)", "Linux x86_64"));
        assert!(!is_apple("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Win32"));
    }
}
