//! The moment it is, waiting, and chance: from the browser where there is one.

use parlor_protocol::Millis;

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
