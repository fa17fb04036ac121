//! Locks shared by all tabs of this browser (Web Locks API). A tab that is closed or crashes releases its locks.

use futures::channel::oneshot;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};

/// A lock that is held until it is dropped. A browser without locks (they need a secure context) grants it at once: each tab
/// then sends what was typed in it, and the server recognises a message that arrives twice by its id.
#[derive(Debug)]
pub struct Lock {
    release: Option<Function>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

pub async fn acquire(name: &str) -> Lock {
    let Some((locks, request)) = lock_manager() else { return Lock { release: None } };
    let (granted, release) = oneshot::channel::<Function>();
    let hold = Closure::once_into_js(move |_: JsValue| {
        // The browser holds the lock until this promise is resolved.
        let mut release = None;
        let promise = Promise::new(&mut |resolve, _| release = Some(resolve));
        if let Some(release) = release
            && let Err(release) = granted.send(release)
        {
            // The waiting future was dropped.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
        JsValue::from(promise)
    });
    let _ = request.call2(&locks, &name.into(), &hold);
    Lock { release: release.await.ok() }
}

/// `navigator.locks` and its method `request`.
fn lock_manager() -> Option<(JsValue, Function)> {
    if cfg!(not(feature = "browser")) {
        return None;
    }
    let property = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let locks = property(&property(&js_sys::global(), "navigator"), "locks");
    let request = locks.is_object().then(|| property(&locks, "request"))?.dyn_into().ok()?;
    Some((locks, request))
}
