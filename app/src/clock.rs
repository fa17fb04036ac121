//! The moment it is, waiting, and chance: from the browser where there is one.

use parlor_protocol::{CommandId, Millis};
use uuid::{Builder, Uuid};

/// Now.
#[cfg(feature = "browser")]
#[must_use]
pub fn now() -> Millis {
    // Milliseconds since 1970 are far below 2^53.
    #[allow(clippy::cast_possible_truncation)]
    let now = js_sys::Date::now() as Millis;
    now
}

/// Now.
#[cfg(not(feature = "browser"))]
#[must_use]
pub fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Minutes east of UTC that the browser's own zone has at this moment; 0 where there is no browser.
#[must_use]
pub fn browser_offset(at: Millis) -> i32 {
    #[cfg(feature = "browser")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    {
        -(js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at as f64)).get_timezone_offset() as i32)
    }
    #[cfg(not(feature = "browser"))]
    {
        _ = at;
        0
    }
}

/// Waits.
pub async fn sleep(ms: u32) {
    #[cfg(feature = "browser")]
    gloo_timers::future::TimeoutFuture::new(ms).await;
    #[cfg(not(feature = "browser"))]
    {
        _ = ms;
        std::future::pending::<()>().await;
    }
}

/// Names a new command: a UUID of version 7 (RFC 9562, section 5.7), the time and 74 bits of chance. Two of one millisecond
/// may be in either order. Without what the `uuid` crate counts beside the time, which would be 2 kB of wasm.
#[must_use]
pub fn new_id() -> CommandId {
    // All but the bits of its version and variant are chance.
    let [a, b, c, d, e, f, _, _, _, g, h, i, j, ..] = Uuid::new_v4().into_bytes();
    let millis = u64::try_from(now()).unwrap_or(0);
    CommandId(Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid())
}

/// A number from 0 (included) to 1 (excluded).
#[must_use]
pub fn random() -> f64 {
    #[cfg(feature = "browser")]
    {
        js_sys::Math::random()
    }
    #[cfg(not(feature = "browser"))]
    {
        0.5
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_each_another() {
        let (first, second) = (new_id().0, new_id().0);
        assert_ne!(first, second);
        assert_eq!((first.get_version_num(), first.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, _) = first.get_timestamp().expect("a time").to_unix();
        assert!(seconds.abs_diff(u64::try_from(now() / 1_000).unwrap_or(0)) < 60);
    }
}
