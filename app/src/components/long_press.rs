//! Opens the menu of a message by a long press, for touch screens.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, MouseEvent, PointerEvent};

use super::message_menu;

const LONG_PRESS: Duration = Duration::from_millis(500);
/// A finger that moves further than this scrolls, in CSS pixels.
const TOLERANCE: i32 = 10;

#[derive(Clone, Copy)]
enum Press {
    None,
    Waiting { timer: TimeoutHandle, x: i32, y: i32 },
    Opened,
}

#[derive(Clone, Copy)]
pub struct LongPress(StoredValue<Press>);

impl Default for LongPress {
    fn default() -> Self {
        Self(StoredValue::new(Press::None))
    }
}

impl LongPress {
    pub fn start(self, event: &PointerEvent) {
        self.cancel();
        self.0.set_value(Press::None);
        let Some(button) = menu_button(event) else { return };
        let pointer = event.pointer_id();
        let open = move || {
            button.click();
            // Otherwise lifting the finger outside of the popover would close it.
            if let Some(menu) = document().get_element_by_id(message_menu::ID) {
                let _ = menu.set_pointer_capture(pointer);
            }
            self.0.set_value(Press::Opened);
        };
        if let Ok(timer) = set_timeout_with_handle(open, LONG_PRESS) {
            self.0.set_value(Press::Waiting { timer, x: event.client_x(), y: event.client_y() });
        }
    }

    pub fn track(self, event: &PointerEvent) {
        if let Press::Waiting { x, y, .. } = self.0.get_value()
            && (x - event.client_x()).abs().max((y - event.client_y()).abs()) > TOLERANCE
        {
            self.cancel();
        }
    }

    pub fn cancel(self) {
        if let Press::Waiting { timer, .. } = self.0.get_value() {
            timer.clear();
            self.0.set_value(Press::None);
        }
    }

    /// Keeps the browser from clicking on what has appeared under the finger.
    pub fn suppress_click(self, touch_end: &Event) {
        if let Press::Opened = self.0.get_value() {
            touch_end.prevent_default();
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
