//! The QR code of a link.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::i18n::{I18n, Key};

/// Empty modules around a QR code (ISO/IEC 18004, section 9.1).
const QUIET_ZONE: i32 = 4;

/// `None` for a link that is too long for a QR code.
pub fn qr_code(i18n: I18n, link: &str) -> Option<impl IntoView + use<>> {
    let QrPath { size, path } = QrPath::new(link)?;
    Some(view! {
        <svg class="qr-code" viewBox=format!("0 0 {size} {size}") role="img" aria-label=i18n.t(Key::QrCodeOfLink)>
            <path d=path></path>
        </svg>
    })
}

/// A QR code as an SVG path: one square of one unit for each dark module.
struct QrPath {
    size: i32,
    path: String,
}

impl QrPath {
    fn new(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for (x, y) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))) {
            if code.get_module(x, y) {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
        }
        Some(Self { size: code.size() + 2 * QUIET_ZONE, path })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_qr_code_has_its_quiet_zone_and_finder_pattern() {
        let QrPath { size, path } = QrPath::new("https://chat.example.org/invite/0123456789abcdef").unwrap();
        assert_eq!(size, 33 + 2 * QUIET_ZONE);
        // The first row begins with the seven dark modules of the finder pattern, then a light one.
        assert!(path.starts_with("M4 4h1v1h-1zM5 4h1v1h-1zM6 4"));
        assert!(path.contains("M10 4h") && !path.contains("M11 4h"));
        assert!(QrPath::new(&"x".repeat(4_000)).is_none());
    }
}
