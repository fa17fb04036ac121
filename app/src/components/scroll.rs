//! Where the reader stands in the messages, and how that place is kept.
//!
//! The scroller runs from the bottom up (`column-reverse`): 0 is the end, and further up is negative. So the page begins at
//! the end without a script, stays there when messages come, and does not move when older ones appear above. Only what
//! grows below a reader who is further up needs a hand: the first row in sight is put back where it was.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::{html, prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver, ScrollBehavior, ScrollToOptions};

use crate::{
    live::{client::Client, view::RoomView},
    reactive::effect,
};

/// The scroller's id.
pub const ID: &str = "timeline";
/// Nearer to the end than this is at the end.
const END: i32 = 40;
/// Older messages are loaded when the reader is this near to the first one.
const NEAR: i32 = 900;
/// How often, and after what pauses, one looks whether the line above what is new is in the page.
const LINE_TRIES: u32 = 40;
const LINE_PAUSE_MS: u32 = 30;

/// Scrolls to the newest message.
pub fn to_end(smooth: bool) {
    let Some(scroller) = document().get_element_by_id(ID) else { return };
    let options = ScrollToOptions::new();
    options.set_top(0.0);
    // A long way is not worth watching.
    if smooth && scroller.scroll_top() > -3 * scroller.client_height() && !reduced() {
        options.set_behavior(ScrollBehavior::Smooth);
    }
    scroller.scroll_to_with_scroll_to_options(&options);
}

fn reduced() -> bool {
    crate::browser::matches("(prefers-reduced-motion: reduce)")
}

/// Scrolls to the line above what is new, once it is in the page: rows come in over some frames.
pub fn to_line() {
    spawn_local(async {
        for _ in 0..LINE_TRIES {
            crate::clock::sleep(LINE_PAUSE_MS).await;
            if let Some(line) = line() {
                return line.scroll_into_view();
            }
        }
    });
}

fn line() -> Option<Element> {
    document().get_elements_by_class_name("new-line").item(0)
}

/// Keeps the reader's place for as long as the component lives. `held_back`: rows are about to come in above.
/// `line_above` is set to whether the line above what is new is further up than what is in sight.
pub fn keep(
    client: Client,
    room: RoomId,
    view: &RoomView,
    scroller: NodeRef<html::Div>,
    inner: NodeRef<html::Div>,
    held_back: StoredValue<bool>,
    line_above: RwSignal<bool>,
) {
    let keeper = StoredValue::new_local(None::<Observed>);
    let rows = view.rows.clone();
    effect(move || {
        rows.track();
        // After the rows are in the page, and before anything else can look at it: layout is observed only once a frame.
        spawn_local(async move {
            keeper.try_with_value(|keeper| {
                // At the end the scroller keeps the place by itself, and to ask where it is would cost a layout.
                let Some(Observed { place, .. }) = keeper else { return };
                if !place.stays() {
                    place.put_back();
                }
                // In a room that is not full, nothing is observed to grow.
                if line_above.get_untracked() {
                    line_above.set(place.is_below_line());
                }
            });
        });
    });
    effect(move || {
        let (Some(scroller), Some(inner)) = (scroller.get(), inner.get()) else { return };
        let place = Place {
            scroller: scroller.into(),
            inner: inner.into(),
            first: Rc::default(),
            height: Rc::default(),
            ended: Rc::new(Cell::new(true)),
            follows: Rc::new(Cell::new(true)),
        };
        let (watch, room) = (place.clone(), room.clone());
        let moved = Rc::new(move || {
            watch.note();
            client.scrolled(&room, watch.at_end(), watch.near_the_end(), watch.reading());
            watch.follows.set(!client.is_detached(&room));
            let above = watch.is_below_line();
            if line_above.get_untracked() != above {
                line_above.set(above);
            }
            if watch.near_the_beginning() && !held_back.try_get_value().unwrap_or(false) {
                client.load_older(&room);
            }
        });
        let grown = {
            let (place, moved) = (place.clone(), moved.clone());
            Closure::<dyn Fn()>::new(move || {
                place.put_back();
                moved();
            })
        };
        let watch = place.clone();
        let scrolled = Closure::<dyn Fn()>::new(move || {
            // Rows that came since the last frame have moved everything already: the place to keep is the one from before,
            // and the observer is about to put it back.
            if !watch.has_grown() {
                moved();
            }
        });
        keeper.set_value(Observed::new(&place, grown, scrolled));
    });
}

thread_local! {
    /// What is to stay where it is while a message is unfolded or folded, and how far it is from the end.
    static HELD: Cell<Option<(Element, f64)>> = const { Cell::new(None) };
}

/// A message is about to be unfolded, and its beginning stays in its place; or to be folded, and the button does.
pub fn hold(summary: &Element) {
    let around = |which| summary.closest(which).ok().flatten();
    let row = if around("[open]").is_some() { None } else { around("[data-row]") };
    let stays = row.unwrap_or_else(|| summary.clone());
    HELD.set(around(".timeline-inner").map(|inner| (stays.clone(), to_end_of(&inner, &stays))));
}

fn to_end_of(inner: &Element, row: &Element) -> f64 {
    inner.get_bounding_client_rect().bottom() - row.get_bounding_client_rect().top()
}

/// The first row in sight, and how far it is from the end.
#[derive(Clone)]
struct Place {
    scroller: Element,
    inner: Element,
    first: Rc<RefCell<Option<(Element, f64)>>>,
    /// How high the rows were when that was noted.
    height: Rc<Cell<f64>>,
    /// Whether the end was in sight then.
    ended: Rc<Cell<bool>>,
    /// At the end, the reader goes along with what comes; not where the room goes on below what is shown.
    follows: Rc<Cell<bool>>,
}

impl Place {
    fn at_end(&self) -> bool {
        self.scroller.scroll_top() > -END
    }

    fn near_the_end(&self) -> bool {
        self.scroller.scroll_top() > -NEAR
    }

    /// The first message in sight.
    fn reading(&self) -> Option<CommandId> {
        let mut row = self.first.borrow().as_ref().map(|(row, _)| row.clone());
        // A day or a notice may be on top; the next message is as good.
        for _ in 0..4 {
            let here = row?;
            if let Some(id) = here.get_attribute("data-id") {
                return uuid::Uuid::try_parse(&id).ok().map(CommandId);
            }
            row = here.next_element_sibling();
        }
        None
    }

    fn near_the_beginning(&self) -> bool {
        self.scroller.scroll_height() - self.scroller.client_height() + self.scroller.scroll_top() < NEAR
    }

    fn top(&self) -> f64 {
        self.scroller.get_bounding_client_rect().top()
    }

    /// Whether the line above what is new is further up than what is in sight.
    fn is_below_line(&self) -> bool {
        line().is_none_or(|line| line.get_bounding_client_rect().bottom() < self.top())
    }

    fn to_end(&self, row: &Element) -> f64 {
        to_end_of(&self.inner, row)
    }

    fn height(&self) -> f64 {
        self.inner.get_bounding_client_rect().height()
    }

    fn has_grown(&self) -> bool {
        (self.height() - self.height.get()).abs() > 0.01
    }

    /// Whether nothing has to be done about rows that come below.
    fn stays(&self) -> bool {
        self.ended.get() && self.follows.get()
    }

    fn note(&self) {
        self.height.set(self.height());
        self.ended.set(self.at_end());
        let frame = self.scroller.get_bounding_client_rect();
        #[allow(clippy::cast_possible_truncation)]
        let (x, y) = ((frame.left() + 40.0) as f32, frame.top() as f32);
        // Between two rows there may be nothing.
        let row = [2.0, 26.0, 50.0, 90.0]
            .into_iter()
            .find_map(|down| document().element_from_point(x, y + down)?.closest("[data-row]").ok().flatten());
        *self.first.borrow_mut() = row.map(|row| (row.clone(), self.to_end(&row)));
    }

    fn put_back(&self) {
        self.height.set(self.height());
        if let Some(held) = HELD.take() {
            *self.first.borrow_mut() = Some(held);
        } else if self.at_end() && self.follows.get() {
            self.scroller.set_scroll_top(0);
            return;
        }
        if let Some((row, was)) = &mut *self.first.borrow_mut()
            && row.is_connected()
        {
            let now = self.to_end(row);
            // Noted, so that the same growth is not made good twice.
            let grown = now - std::mem::replace(was, now);
            // Not by setting `scrollTop`, which is whole pixels here: the rounding would add up.
            if grown.abs() > 0.01 {
                self.scroller.scroll_by_with_x_and_y(0.0, -grown);
            }
        }
    }
}

/// Watches until it is dropped.
struct Observed {
    place: Place,
    observer: ResizeObserver,
    scroller: Element,
    scrolled: Closure<dyn Fn()>,
    _grown: Closure<dyn Fn()>,
}

impl Observed {
    fn new(place: &Place, grown: Closure<dyn Fn()>, scrolled: Closure<dyn Fn()>) -> Option<Self> {
        // Runs after layout and before painting: nobody sees the rows in the wrong place.
        let observer = ResizeObserver::new(grown.as_ref().unchecked_ref()).ok()?;
        observer.observe(&place.inner);
        observer.observe(&place.scroller);
        let (place, scroller) = (place.clone(), place.scroller.clone());
        scroller.add_event_listener_with_callback("scroll", scrolled.as_ref().unchecked_ref()).ok()?;
        Some(Self { place, observer, scroller, scrolled, _grown: grown })
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observer.disconnect();
        let _ = self.scroller.remove_event_listener_with_callback("scroll", self.scrolled.as_ref().unchecked_ref());
    }
}
