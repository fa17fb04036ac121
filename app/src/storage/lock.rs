//! Locks that all tabs of this browser share (Web Locks API): what one of them holds, no other has. A tab that is closed or
//! crashes lets go of its locks.

/// A lock that is ours until it is dropped. Where the browser has none (they need a secure context), it is ours at once:
/// each tab then sends what was typed in it, and the server knows a message that comes twice by its id.
#[derive(Debug)]
pub struct Lock {
    #[cfg(feature = "browser")]
    release: Option<js_sys::Function>,
}

#[cfg(feature = "browser")]
impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&wasm_bindgen::JsValue::UNDEFINED);
        }
    }
}

/// Waits for a lock.
#[cfg(feature = "browser")]
pub async fn acquire(name: &str) -> Lock {
    use futures::channel::oneshot;
    use js_sys::{Function, Promise};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    let property = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let locks = property(&property(&js_sys::global(), "navigator"), "locks");
    let Ok(request) =
        (if locks.is_object() { property(&locks, "request") } else { locks.clone() }).dyn_into::<Function>()
    else {
        return Lock { release: None };
    };
    let (granted, release) = oneshot::channel::<Function>();
    let hold = Closure::once_into_js(move |_: JsValue| {
        // The browser holds the lock until this promise is kept.
        let mut keep = None;
        let promise = Promise::new(&mut |resolve, _| keep = Some(resolve));
        if let Some(keep) = keep
            && let Err(keep) = granted.send(keep)
        {
            // Nobody waits for it any more.
            let _ = keep.call0(&JsValue::UNDEFINED);
        }
        JsValue::from(promise)
    });
    let _ = request.call2(&locks, &name.into(), &hold);
    Lock { release: release.await.ok() }
}

/// Waits for a lock.
#[cfg(not(feature = "browser"))]
pub async fn acquire(_: &str) -> Lock {
    Lock {}
}
