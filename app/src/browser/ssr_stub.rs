//! The answers where there is no browser.

#![allow(clippy::missing_const_for_fn)]

#[must_use]
pub fn host() -> String {
    String::new()
}
#[must_use]
pub fn is_offline() -> bool {
    false
}
#[must_use]
pub fn is_attentive() -> bool {
    false
}
#[must_use]
pub fn is_hidden() -> bool {
    false
}
#[must_use]
pub fn is_first(_: &str, _: &str) -> bool {
    false
}
pub fn on_life(_: impl Fn(bool) + Clone + 'static) {}
#[must_use]
pub fn network() -> String {
    String::new()
}
#[must_use]
pub fn agent() -> String {
    String::new()
}
pub async fn copy(_: &str) -> bool {
    false
}
pub fn copy_quietly(_: &str) {}
pub fn on_shortcut(_: &'static str, _: impl Fn() + 'static) {}
pub fn on_attention(_: impl Fn() + Clone + 'static) {}
pub fn on_input(_: impl Fn() + Clone + 'static) {}
pub fn on_network(_: impl Fn(bool) + Clone + 'static) {}
pub fn keep_offset() {}
pub fn set_title(_: &str) {}
pub fn keep(_: &str, _: &str) {}
pub fn forget(_: &str) {}
pub fn forget_all(_: &str) {}
#[must_use]
pub fn kept(_: &str) -> Vec<String> {
    Vec::new()
}
#[must_use]
pub fn kept_one(_: &str) -> Option<String> {
    None
}
#[must_use]
pub fn encode(text: &str) -> String {
    text.to_owned()
}
pub fn tell_tabs(_: &str) {}
pub fn on_news(_: impl Fn(String) + 'static) {}
#[must_use]
pub fn decode(text: &str) -> String {
    text.to_owned()
}
#[must_use]
pub fn address() -> String {
    String::new()
}
pub fn move_to(_: &str) {}
pub fn on_moved(_: impl Fn() + 'static) {}
pub fn go(_: &str) {}
pub fn reload() {}
#[must_use]
pub fn matches(_: &str) -> bool {
    false
}
