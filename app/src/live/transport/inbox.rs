//! Turns the browser's events into transport events that can be polled.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget};

use super::TransportEvent;

/// A queue of transport events. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Inbox(Rc<RefCell<Queue>>);

#[derive(Default)]
struct Queue {
    events: VecDeque<TransportEvent>,
    waker: Option<Waker>,
}

impl Inbox {
    pub(super) fn put(&self, event: TransportEvent) {
        let mut queue = self.0.borrow_mut();
        queue.events.push_back(event);
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        let mut queue = self.0.borrow_mut();
        match queue.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                queue.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Listens for events until it is dropped.
pub(super) struct EventListener {
    target: EventTarget,
    names: &'static [&'static str],
    callback: Closure<dyn FnMut(Event)>,
}

impl EventListener {
    pub(super) fn new(
        target: &EventTarget,
        names: &'static [&'static str],
        callback: impl FnMut(Event) + 'static,
    ) -> Self {
        let callback = Closure::<dyn FnMut(Event)>::new(callback);
        for name in names {
            let _ = target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        }
        Self { target: target.clone(), names, callback }
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        for name in self.names {
            let _ = self.target.remove_event_listener_with_callback(name, self.callback.as_ref().unchecked_ref());
        }
    }
}

pub(super) fn message_text(event: &Event) -> Option<String> {
    event.unchecked_ref::<web_sys::MessageEvent>().data().as_string()
}
