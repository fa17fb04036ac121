//! The scroll position of the timeline, and how it is preserved.
//!
//! The scroller is a reversed column (`column-reverse`): scroll position 0 is the end, further up is negative. So the page
//! begins at the end without a script, stays there when messages arrive, and does not move when older ones are added above.
//! Only rows that grow below a user who has scrolled up need help: the first visible row is put back where it was.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::{html, prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver, ScrollBehavior, ScrollToOptions};

use crate::{
    browser, clock,
    effect::effect,
    live::{client::Client, view::RoomStatus},
};

pub const ID: &str = "timeline";
/// Within this distance of the end, in pixels, the user is at the end.
const END: i32 = 40;
/// Older messages are loaded within this distance of the first one, in pixels.
const NEAR: i32 = 900;
/// How often, and after what pauses, the unread line is looked for: rows are added over several frames.
const LINE_TRIES: u32 = 40;
const LINE_PAUSE_MS: u32 = 30;

/// Scrolls to the newest message.
pub fn to_end(smooth: bool) {
    let Some(scroller) = document().get_element_by_id(ID) else { return };
    let options = ScrollToOptions::new();
    options.set_top(0.0);
    // A long way is not worth watching.
    let near = scroller.scroll_top() > -3 * scroller.client_height();
    if smooth && near && !browser::matches("(prefers-reduced-motion: reduce)") {
        options.set_behavior(ScrollBehavior::Smooth);
    }
    scroller.scroll_to_with_scroll_to_options(&options);
}

/// Scrolls to the line above unread messages, once it is in the page.
pub fn to_unread_line() {
    spawn_local(async {
        for _ in 0..LINE_TRIES {
            clock::sleep(LINE_PAUSE_MS).await;
            if let Some(line) = unread_line() {
                return line.scroll_into_view();
            }
        }
    });
}

fn unread_line() -> Option<Element> {
    document().get_elements_by_class_name("new-line").item(0)
}

pub struct ScrollPosition {
    pub client: Client,
    pub room: RoomId,
    pub scroller: NodeRef<html::Div>,
    pub content: NodeRef<html::Div>,
    /// Older rows are still to be added above.
    pub rows_pending: StoredValue<bool>,
    /// Set to whether the line above unread messages is above the visible part.
    pub unread_line_above: RwSignal<bool>,
}

impl ScrollPosition {
    /// Preserves the position for as long as the current component lives.
    pub fn preserve(self, status: Signal<RoomStatus>, rows_changed: ArcTrigger) {
        let Self { client, room, scroller, content, rows_pending, unread_line_above } = self;
        let observed = StoredValue::new_local(None::<Observed>);
        effect(move || {
            rows_changed.track();
            // After the rows are in the page, and before anything reads the layout, which is observed once a frame.
            spawn_local(async move {
                observed.try_with_value(|observed| {
                    let Some(Observed { anchor, .. }) = observed else { return };
                    // At the end the scroller keeps its position by itself, and reading it would force a layout.
                    if !anchor.follows_end() {
                        anchor.restore();
                    }
                    // The content of a room that is not full does not resize.
                    if unread_line_above.get_untracked() {
                        unread_line_above.set(anchor.is_below_unread_line());
                    }
                });
            });
        });
        effect(move || {
            let (Some(scroller), Some(content)) = (scroller.get(), content.get()) else { return };
            let anchor = Anchor {
                scroller: scroller.into(),
                content: content.into(),
                first: Rc::default(),
                height: Rc::default(),
                was_at_end: Rc::new(Cell::new(true)),
                live: Rc::new(Cell::new(true)),
            };
            let (moved_anchor, room) = (anchor.clone(), room.clone());
            let moved = Rc::new(move || {
                let anchor = &moved_anchor;
                anchor.record();
                client.scrolled(&room, anchor.is_at_end(), anchor.is_near_end(), anchor.first_message());
                anchor.live.set(!client.is_detached(&room));
                // Looking for the line takes as long as the timeline has elements.
                let has_line = status.try_with_untracked(|status| status.unread_after.is_some()).unwrap_or(false);
                let above = has_line && anchor.is_below_unread_line();
                if unread_line_above.get_untracked() != above {
                    unread_line_above.set(above);
                }
                if anchor.is_near_beginning() && !rows_pending.try_get_value().unwrap_or(false) {
                    client.load_older(&room);
                }
            });
            let resized = {
                let (anchor, moved) = (anchor.clone(), moved.clone());
                Closure::<dyn Fn()>::new(move || {
                    anchor.restore();
                    moved();
                })
            };
            let scrolled_anchor = anchor.clone();
            let scrolled = Closure::<dyn Fn()>::new(move || {
                // Rows added since the last frame have moved everything already: the position to keep is the one before
                // that, which the observer is about to restore.
                if !scrolled_anchor.has_resized() {
                    moved();
                }
            });
            observed.set_value(Observed::new(&anchor, resized, scrolled));
        });
    }
}

thread_local! {
    /// The element that keeps its position while a message is folded or unfolded, and its distance from the end.
    static HELD: Cell<Option<(Element, f64)>> = const { Cell::new(None) };
}

/// Called before a message is unfolded, when its beginning keeps its position, or folded, when the button does.
pub fn hold_position(summary: &Element) {
    let around = |which| summary.closest(which).ok().flatten();
    let row = if around("[open]").is_some() { None } else { around("[data-row]") };
    let stays = row.unwrap_or_else(|| summary.clone());
    HELD.set(around(".timeline-inner").map(|inner| (stays.clone(), distance_to_end(&inner, &stays))));
}

fn distance_to_end(inner: &Element, row: &Element) -> f64 {
    inner.get_bounding_client_rect().bottom() - row.get_bounding_client_rect().top()
}

/// The first visible row and its distance from the end, in pixels.
#[derive(Clone)]
struct Anchor {
    scroller: Element,
    content: Element,
    first: Rc<RefCell<Option<(Element, f64)>>>,
    /// The height of the content when it was recorded.
    height: Rc<Cell<f64>>,
    was_at_end: Rc<Cell<bool>>,
    /// The rows end with the newest message. Where they end earlier, the end is no position to stay at.
    live: Rc<Cell<bool>>,
}

impl Anchor {
    fn is_at_end(&self) -> bool {
        self.scroller.scroll_top() > -END
    }

    fn is_near_end(&self) -> bool {
        self.scroller.scroll_top() > -NEAR
    }

    fn first_message(&self) -> Option<CommandId> {
        let mut row = self.first.borrow().as_ref().map(|(row, _)| row.clone());
        // A day separator or a notice may come first; the next message is as good.
        for _ in 0..4 {
            let here = row?;
            if let Some(id) = here.get_attribute("data-id") {
                return uuid::Uuid::try_parse(&id).ok().map(CommandId);
            }
            let next_block = || here.parent_element()?.next_element_sibling()?.first_element_child();
            row = here.next_element_sibling().or_else(next_block);
        }
        None
    }

    fn is_near_beginning(&self) -> bool {
        self.scroller.scroll_height() - self.scroller.client_height() + self.scroller.scroll_top() < NEAR
    }

    fn top(&self) -> f64 {
        self.scroller.get_bounding_client_rect().top()
    }

    fn is_below_unread_line(&self) -> bool {
        unread_line().is_none_or(|line| line.get_bounding_client_rect().bottom() < self.top())
    }

    fn height(&self) -> f64 {
        self.content.get_bounding_client_rect().height()
    }

    fn has_resized(&self) -> bool {
        (self.height() - self.height.get()).abs() > 0.01
    }

    fn follows_end(&self) -> bool {
        self.was_at_end.get() && self.live.get()
    }

    fn record(&self) {
        self.height.set(self.height());
        self.was_at_end.set(self.is_at_end());
        let frame = self.scroller.get_bounding_client_rect();
        #[allow(clippy::cast_possible_truncation)]
        let (x, y) = ((frame.left() + 40.0) as f32, frame.top() as f32);
        let hit = |down, what| document().element_from_point(x, y + down)?.closest(what).ok().flatten();
        // Between two rows there may be nothing, and the rows of a block that is not laid out yet are not hit.
        let row = [2.0, 26.0, 50.0, 90.0].into_iter().find_map(|down| hit(down, "[data-row]"));
        let row = row.or_else(|| hit(2.0, ".row-block")?.first_element_child());
        *self.first.borrow_mut() = row.map(|row| (row.clone(), distance_to_end(&self.content, &row)));
    }

    fn restore(&self) {
        self.height.set(self.height());
        if let Some(held) = HELD.take() {
            *self.first.borrow_mut() = Some(held);
        } else if self.is_at_end() && self.live.get() {
            self.scroller.set_scroll_top(0);
            return;
        }
        if let Some((row, was)) = &mut *self.first.borrow_mut()
            && row.is_connected()
        {
            let now = distance_to_end(&self.content, row);
            // Recorded, so that the same growth is not compensated twice.
            let grown = now - std::mem::replace(was, now);
            // Not by setting `scrollTop`, which is whole pixels here: the rounding would add up.
            if grown.abs() > 0.01 {
                self.scroller.scroll_by_with_x_and_y(0.0, -grown);
            }
        }
    }
}

/// Observes the scroller until it is dropped.
struct Observed {
    anchor: Anchor,
    observer: ResizeObserver,
    scroller: Element,
    scrolled: Closure<dyn Fn()>,
    _resized: Closure<dyn Fn()>,
}

impl Observed {
    fn new(anchor: &Anchor, resized: Closure<dyn Fn()>, scrolled: Closure<dyn Fn()>) -> Option<Self> {
        // Runs after layout and before painting: the rows are never painted at the wrong position.
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok()?;
        observer.observe(&anchor.content);
        observer.observe(&anchor.scroller);
        let (anchor, scroller) = (anchor.clone(), anchor.scroller.clone());
        scroller.add_event_listener_with_callback("scroll", scrolled.as_ref().unchecked_ref()).ok()?;
        Some(Self { anchor, observer, scroller, scrolled, _resized: resized })
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observer.disconnect();
        let _ = self.scroller.remove_event_listener_with_callback("scroll", self.scrolled.as_ref().unchecked_ref());
    }
}
