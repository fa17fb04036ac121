//! How the ladder is climbed.

use proptest::prelude::*;

use super::*;
use crate::i18n::I18n;

#[test]
fn a_way_that_never_worked_is_left_at_once() {
    let mut ladder = TransportFallback::new(None);
    assert_eq!(ladder.rung(), TransportKind::WebSocket);
    assert!(ladder.failed(Failure::Silent));
    assert_eq!(ladder.rung(), TransportKind::Stream);
    assert_eq!(ladder.reason(), Key::WebSocketBlocked);
    assert!(ladder.failed(Failure::Held));
    assert_eq!(ladder.rung(), TransportKind::Poll);
    assert_eq!(ladder.reason(), Key::EventStreamBuffered);
}

#[test]
fn a_way_that_worked_is_given_a_second_try() {
    let mut ladder = TransportFallback::new(None);
    ladder.welcomed(TransportKind::WebSocket, 0);
    assert!(!ladder.failed(Failure::Silent));
    assert_eq!(ladder.rung(), TransportKind::WebSocket);
    assert!(ladder.failed(Failure::Silent));
    assert_eq!(ladder.rung(), TransportKind::Stream);
}

#[test]
fn good_connections_between_failures_forgive_them() {
    let mut ladder = TransportFallback::new(None);
    ladder.welcomed(TransportKind::WebSocket, 0);
    for _ in 0..10 {
        assert!(!ladder.failed(Failure::Short));
        ladder.ended();
    }
    assert_eq!((0..4).filter(|_| ladder.failed(Failure::Short)).count(), 1, "four short ones in a row are enough");
    assert_eq!(ladder.rung(), TransportKind::Stream);
}

#[test]
fn from_the_bottom_it_begins_anew_after_a_wait() {
    let mut ladder = TransportFallback::new(Some(TransportKind::Poll));
    assert!(!ladder.failed(Failure::Silent));
    assert_eq!(ladder.rung(), TransportKind::WebSocket);
}

#[test]
fn upward_after_a_minute_then_ever_more_rarely() {
    let mut ladder = TransportFallback::new(None);
    ladder.failed(Failure::Silent);
    ladder.failed(Failure::Silent);
    ladder.welcomed(TransportKind::Poll, 1_000);
    assert_eq!(ladder.climb_at(), Some(61_000));
    let mut waits = Vec::new();
    for _ in 0..6 {
        ladder.climbing();
        assert_eq!(ladder.climb_at(), None, "one try at a time");
        ladder.climb_failed(0);
        waits.extend(ladder.climb_at());
    }
    assert_eq!(waits, [120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
    assert_eq!(ladder.upper(None), Some(TransportKind::WebSocket));
    assert_eq!(ladder.upper(Some(TransportKind::WebSocket)), Some(TransportKind::Stream));
    assert_eq!(ladder.upper(Some(TransportKind::Stream)), None);
    ladder.network_changed(5);
    assert_eq!(ladder.climb_at(), Some(5), "another network, another chance");
    ladder.welcomed(TransportKind::Stream, 10);
    assert_eq!((ladder.rung(), ladder.climb_at()), (TransportKind::Stream, Some(60_010)));
    ladder.welcomed(TransportKind::WebSocket, 20);
    assert_eq!((ladder.rung(), ladder.climb_at()), (TransportKind::WebSocket, None));
}

#[test]
fn what_the_browser_lacks_is_passed_over() {
    let mut ladder = TransportFallback::new(None);
    ladder.missing();
    assert_eq!((ladder.rung(), ladder.reason()), (TransportKind::Stream, Key::WebSocketUnsupported));
    ladder.welcomed(TransportKind::Stream, 0);
    assert_eq!(ladder.climb_at(), None);
    ladder.network_changed(0);
    assert_eq!(ladder.climb_at(), None);
}

#[test]
fn what_worked_is_remembered_for_a_while() {
    let mut ladder = TransportFallback::new(None);
    assert_eq!(ladder.memory(0), None);
    for rung in [TransportKind::Stream, TransportKind::Poll] {
        ladder.failed(Failure::Silent);
        let memory = ladder.memory(1_000).unwrap_or_default();
        assert_eq!(recall(&memory, 2_000), Some(rung));
        assert_eq!(recall(&memory, 1_000 + MEMORY), None);
        assert_eq!(recall(&memory, 0), None, "the clock was set back");
    }
    for nonsense in ["", "s", "xs", "99", "-1p"] {
        assert_eq!(recall(nonsense, 0), None);
    }
    assert_eq!(TransportFallback::new(Some(TransportKind::Stream)).reason(), Key::TransportRemembered);
}

proptest! {
    /// Whatever happens: one rung at a time downward, never onto one that is missing, and upward only when there is an up.
    #[test]
    fn always_somewhere_sensible(steps in prop::collection::vec((0_u8..8, 0_usize..3), 0..200)) {
        let mut ladder = TransportFallback::new(None);
        let (mut now, mut missing) = (0, Vec::new());
        for (what, which) in steps {
            now += 10_000;
            let before = ladder.rung();
            match what {
                0 => {
                    let moved = ladder.failed([Failure::Silent, Failure::Held, Failure::Short][which]);
                    prop_assert_eq!(moved, ladder.rung() > before);
                    prop_assert!(before == TransportKind::Poll || ladder.rung() >= before);
                }
                1 if before != TransportKind::Poll => {
                    missing.push(before);
                    ladder.missing();
                }
                2 => ladder.welcomed(before, now),
                3 => ladder.ended(),
                4 => ladder.network_changed(now),
                5 if ladder.climb_at().is_some() => ladder.climbing(),
                6 => ladder.climb_failed(now),
                7 => if let Some(upper) = ladder.upper(None) { ladder.welcomed(upper, now) },
                _ => {}
            }
            prop_assert!(!missing.contains(&ladder.rung()));
            prop_assert!(ladder.climb_at().is_none_or(|at| at <= now + CLIMB_CEILING));
            if what == 2 && ladder.upper(None).is_some() {
                prop_assert!(ladder.climb_at().is_some());
            }
            prop_assert!(!I18n::default().t(ladder.reason()).is_empty());
        }
    }
}
