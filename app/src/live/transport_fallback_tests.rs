//! Falling back to other transports, and probing for better ones.

use proptest::prelude::*;

use super::*;
use crate::i18n::I18n;

#[test]
fn falls_back_at_once_if_the_transport_never_worked() {
    let mut fallback = TransportFallback::new(None);
    assert_eq!(fallback.current(), TransportKind::WebSocket);
    assert!(fallback.failed(Failure::NotEstablished));
    assert_eq!(fallback.current(), TransportKind::EventStream);
    assert_eq!(fallback.reason(), Key::WebSocketBlocked);
    assert!(fallback.failed(Failure::Buffered));
    assert_eq!(fallback.current(), TransportKind::Poll);
    assert_eq!(fallback.reason(), Key::EventStreamBuffered);
}

#[test]
fn falls_back_after_two_failures_if_the_transport_worked() {
    let mut fallback = TransportFallback::new(None);
    fallback.established(TransportKind::WebSocket, 0);
    assert!(!fallback.failed(Failure::NotEstablished));
    assert_eq!(fallback.current(), TransportKind::WebSocket);
    assert!(fallback.failed(Failure::NotEstablished));
    assert_eq!(fallback.current(), TransportKind::EventStream);
}

#[test]
fn good_connections_reset_the_failures() {
    let mut fallback = TransportFallback::new(None);
    fallback.established(TransportKind::WebSocket, 0);
    for _ in 0..10 {
        assert!(!fallback.failed(Failure::ShortLived));
        fallback.closed_normally();
    }
    assert_eq!(
        (0..4).filter(|_| fallback.failed(Failure::ShortLived)).count(),
        1,
        "after four consecutive short connections"
    );
    assert_eq!(fallback.current(), TransportKind::EventStream);
}

#[test]
fn the_lowest_transport_falls_back_to_the_best_without_hurry() {
    let mut fallback = TransportFallback::new(Some(TransportKind::Poll));
    assert!(!fallback.failed(Failure::NotEstablished));
    assert_eq!(fallback.current(), TransportKind::WebSocket);
}

#[test]
fn probes_for_better_transports_with_growing_intervals() {
    let mut fallback = TransportFallback::new(None);
    fallback.failed(Failure::NotEstablished);
    fallback.failed(Failure::NotEstablished);
    fallback.established(TransportKind::Poll, 1_000);
    assert_eq!(fallback.probe_at(), Some(61_000));
    let mut waits = Vec::new();
    for _ in 0..6 {
        fallback.probe_started();
        assert_eq!(fallback.probe_at(), None, "one probe at a time");
        fallback.probe_failed(0);
        waits.extend(fallback.probe_at());
    }
    assert_eq!(waits, [120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
    assert_eq!(fallback.better_transport(None), Some(TransportKind::WebSocket));
    assert_eq!(fallback.better_transport(Some(TransportKind::WebSocket)), Some(TransportKind::EventStream));
    assert_eq!(fallback.better_transport(Some(TransportKind::EventStream)), None);
    fallback.network_changed(5);
    assert_eq!(fallback.probe_at(), Some(5), "a changed network is probed at once");
    fallback.established(TransportKind::EventStream, 10);
    assert_eq!((fallback.current(), fallback.probe_at()), (TransportKind::EventStream, Some(60_010)));
    fallback.established(TransportKind::WebSocket, 20);
    assert_eq!((fallback.current(), fallback.probe_at()), (TransportKind::WebSocket, None));
}

#[test]
fn unsupported_transports_are_skipped() {
    let mut fallback = TransportFallback::new(None);
    fallback.unsupported();
    assert_eq!((fallback.current(), fallback.reason()), (TransportKind::EventStream, Key::WebSocketUnsupported));
    fallback.established(TransportKind::EventStream, 0);
    assert_eq!(fallback.probe_at(), None);
    fallback.network_changed(0);
    assert_eq!(fallback.probe_at(), None);
}

#[test]
fn the_working_transport_is_remembered_for_a_while() {
    let mut fallback = TransportFallback::new(None);
    assert_eq!(fallback.to_memory(0), None);
    for kind in [TransportKind::EventStream, TransportKind::Poll] {
        fallback.failed(Failure::NotEstablished);
        let memory = fallback.to_memory(1_000).unwrap_or_default();
        assert_eq!(parse_memory(&memory, 2_000), Some(kind));
        assert_eq!(parse_memory(&memory, 1_000 + REMEMBER_FOR), None);
        assert_eq!(parse_memory(&memory, 0), None, "the clock was set back");
    }
    for nonsense in ["", "s", "xs", "99", "-1p"] {
        assert_eq!(parse_memory(nonsense, 0), None);
    }
    assert_eq!(TransportFallback::new(Some(TransportKind::EventStream)).reason(), Key::TransportRemembered);
}

proptest! {
    /// It falls back one transport at a time, never to one that is unsupported, and probes only for better ones.
    #[test]
    fn never_uses_an_unsupported_transport(steps in prop::collection::vec((0_u8..8, 0_usize..3), 0..200)) {
        let mut fallback = TransportFallback::new(None);
        let (mut now, mut missing) = (0, Vec::new());
        for (what, which) in steps {
            now += 10_000;
            let before = fallback.current();
            match what {
                0 => {
                    let moved = fallback.failed([Failure::NotEstablished, Failure::Buffered, Failure::ShortLived][which]);
                    prop_assert_eq!(moved, fallback.current() > before);
                    prop_assert!(before == TransportKind::Poll || fallback.current() >= before);
                }
                1 if before != TransportKind::Poll => {
                    missing.push(before);
                    fallback.unsupported();
                }
                2 => fallback.established(before, now),
                3 => fallback.closed_normally(),
                4 => fallback.network_changed(now),
                5 if fallback.probe_at().is_some() => fallback.probe_started(),
                6 => fallback.probe_failed(now),
                7 => if let Some(better) = fallback.better_transport(None) { fallback.established(better, now) },
                _ => {}
            }
            prop_assert!(!missing.contains(&fallback.current()));
            prop_assert!(fallback.probe_at().is_none_or(|at| at <= now + MAX_PROBE_INTERVAL));
            if what == 2 && fallback.better_transport(None).is_some() {
                prop_assert!(fallback.probe_at().is_some());
            }
            prop_assert!(!I18n::default().t(fallback.reason()).is_empty());
        }
    }
}

#[test]
fn a_stream_that_other_tabs_have_taken_is_not_remembered_as_blocked() {
    let mut fallback = TransportFallback::new(None);
    assert!(fallback.failed(Failure::NotEstablished));
    fallback.full();
    fallback.established(TransportKind::Poll, 0);
    assert_eq!((fallback.current(), fallback.reason()), (TransportKind::Poll, Key::EventStreamFull));
    let memory = fallback.to_memory(0).unwrap_or_default();
    let mut later = TransportFallback::new(parse_memory(&memory, 1));
    later.full();
    assert_eq!(later.reason(), Key::EventStreamFull, "not that WebSocket was blocked before");
    assert_eq!(parse_memory(&memory, 1), Some(TransportKind::EventStream));
    assert_eq!(fallback.better_transport(Some(TransportKind::WebSocket)), Some(TransportKind::EventStream));
}
