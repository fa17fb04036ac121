//! Opens the menu of a message by a long press, for touch screens.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, PointerEvent};

use super::message_menu;

const LONG_PRESS: Duration = Duration::from_millis(500);
/// A finger that moves further than this scrolls, in CSS pixels.
const TOLERANCE: i32 = 10;

struct Press {
    timer: TimeoutHandle,
    x: i32,
    y: i32,
}

#[derive(Clone, Copy)]
pub struct LongPress(StoredValue<Option<Press>>);

impl LongPress {
    pub fn new() -> Self {
        Self(StoredValue::new(None))
    }

    pub fn start(self, event: &PointerEvent) {
        self.cancel();
        let Some(button) = menu_button(event) else { return };
        let pointer = event.pointer_id();
        let open = move || {
            button.click();
            // Otherwise lifting the finger outside of the popover would close it.
            if let Some(menu) = document().get_element_by_id(message_menu::ID) {
                let _ = menu.set_pointer_capture(pointer);
            }
        };
        let timer = set_timeout_with_handle(open, LONG_PRESS).ok();
        self.0.set_value(timer.map(|timer| Press { timer, x: event.client_x(), y: event.client_y() }));
    }

    pub fn track(self, event: &PointerEvent) {
        let (x, y) = (event.client_x(), event.client_y());
        let is_far = |press: &Press| (press.x - x).abs().max((press.y - y).abs()) > TOLERANCE;
        if self.0.with_value(|press| press.as_ref().is_some_and(is_far)) {
            self.cancel();
        }
    }

    pub fn cancel(self) {
        if let Some(press) = self.0.try_update_value(Option::take).flatten() {
            press.timer.clear();
        }
    }
}

/// Keeps the browser from selecting text or opening its own menu where a long press opens ours.
pub fn suppress_context_menu(event: &MouseEvent) {
    if event.dyn_ref().and_then(menu_button).is_some() {
        event.prevent_default();
    }
}

/// The menu button of the message that a finger presses. Links keep the browser's own menu.
fn menu_button(event: &PointerEvent) -> Option<HtmlElement> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    if event.pointer_type() != "touch" || target.closest("a, button, summary").ok()?.is_some() {
        return None;
    }
    let message = target.closest(".message[data-state=stored]").ok()??;
    message.query_selector(".more").ok()??.dyn_into().ok()
}
