//! Time, timers and randomness: of the browser, and of the system in native tests and on the server.

use std::{sync::LazyLock, time::Instant};

use parlor_protocol::{CommandId, Millis};
use uuid::{Builder, Uuid};

/// The current time by the wall clock, for display: it may be set at any moment, to any time.
pub fn now() -> Millis {
    // Milliseconds since 1970 are far below 2^53.
    #[allow(clippy::cast_possible_truncation)]
    if cfg!(feature = "browser") {
        js_sys::Date::now() as Millis
    } else {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }
}

/// The wall clock's time when this was first called, counted on by a clock that nobody can set. All deadlines are on it.
///
/// On some systems it stands still while the machine sleeps, and so do timers (High Resolution Time, section 4, leaves that
/// open). The session therefore notices a sleep by the wall clock as well.
pub fn monotonic() -> Millis {
    static ORIGIN: LazyLock<Millis> = LazyLock::new(|| now() - ticks());
    *ORIGIN + ticks()
}

#[allow(clippy::cast_possible_truncation)]
fn ticks() -> Millis {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    if cfg!(feature = "browser") {
        web_sys::window().and_then(|window| window.performance()).map_or(0, |performance| performance.now() as Millis)
    } else {
        Millis::try_from(START.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For display.
    pub wall: Millis,
    /// For deadlines.
    pub monotonic: Millis,
}

impl Now {
    pub fn read() -> Self {
        Self { wall: now(), monotonic: monotonic() }
    }
}

/// For simulations, in which both clocks show the same.
impl From<Millis> for Now {
    fn from(at: Millis) -> Self {
        Self { wall: at, monotonic: at }
    }
}

/// The offset of the browser's time zone from UTC at a time, in minutes; 0 on the server.
pub fn browser_offset(at: Millis) -> i32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    if cfg!(feature = "browser") {
        -(js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at as f64)).get_timezone_offset() as i32)
    } else {
        0
    }
}

/// Waits. On the server this never ends: nothing there waits for the browser.
pub async fn sleep(ms: u32) {
    if cfg!(feature = "browser") {
        gloo_timers::future::TimeoutFuture::new(ms).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// A new command id: a UUID of version 7 (RFC 9562, section 5.7). Two ids of the same millisecond may sort in either order.
pub fn new_id() -> CommandId {
    // All bits but those of its version and variant are random.
    let [a, b, c, d, e, f, _, _, _, g, h, i, j, ..] = Uuid::new_v4().into_bytes();
    let millis = u64::try_from(now()).unwrap_or(0);
    CommandId(Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid())
}

/// A random number from 0 (included) to 1 (excluded); 0.5 on the server.
pub fn random() -> f64 {
    if cfg!(feature = "browser") { js_sys::Math::random() } else { 0.5 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn new_ids_are_unique_and_of_version_7() {
        let (first, second) = (new_id().0, new_id().0);
        assert_ne!(first, second);
        assert_eq!((first.get_version_num(), first.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, _) = first.get_timestamp().expect("a time").to_unix();
        assert!(seconds.abs_diff(u64::try_from(now() / 1_000).unwrap_or(0)) < 60);
    }
}
