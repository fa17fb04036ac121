//! From the browser's events to reports that can be waited for.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget};

use super::Incoming;

/// Reports that wait to be taken. A handle: copies are the same inbox.
#[derive(Clone, Default)]
pub(super) struct Inbox(Rc<RefCell<Waiting>>);

#[derive(Default)]
struct Waiting {
    reports: VecDeque<Incoming>,
    waker: Option<Waker>,
}

impl Inbox {
    pub(super) fn put(&self, report: Incoming) {
        let mut waiting = self.0.borrow_mut();
        waiting.reports.push_back(report);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Incoming> {
        let mut waiting = self.0.borrow_mut();
        match waiting.reports.pop_front() {
            Some(report) => Poll::Ready(report),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Hears events of a target until it is dropped.
pub(super) struct Ears {
    target: EventTarget,
    names: &'static [&'static str],
    hear: Closure<dyn FnMut(Event)>,
}

impl Ears {
    pub(super) fn new(target: &EventTarget, names: &'static [&'static str], hear: impl FnMut(Event) + 'static) -> Self {
        let hear = Closure::<dyn FnMut(Event)>::new(hear);
        for name in names {
            let _ = target.add_event_listener_with_callback(name, hear.as_ref().unchecked_ref());
        }
        Self { target: target.clone(), names, hear }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        for name in self.names {
            let _ = self.target.remove_event_listener_with_callback(name, self.hear.as_ref().unchecked_ref());
        }
    }
}

/// What a message event carries.
pub(super) fn data(event: &Event) -> Option<serde_json::Value> {
    let text = event.unchecked_ref::<web_sys::MessageEvent>().data().as_string()?;
    serde_json::from_str(&text).ok()
}
