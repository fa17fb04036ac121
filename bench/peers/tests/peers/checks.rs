//! Checks that every peer must pass.

use super::member::{Heard, Member};
use super::process::Peer;

/// Two members receive all messages in one order, and another room receives none.
pub(crate) async fn order(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let mut ben = Member::join(peer, "tea").await;
    let mut cleo = Member::join(peer, "coffee").await;
    // A client that receives its own message is a member, and misses none of the following.
    ben.send("ben is here").await;
    ada.hears(["ben is here"]).await;
    ben.hears(["ben is here"]).await;
    for n in 0..20 {
        ada.send(&format!("ada {n}")).await;
        ben.send(&format!("ben {n}")).await;
    }
    let (mut at_ada, mut at_ben) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        at_ada.push(ada.hear().await);
        at_ben.push(ben.hear().await);
    }
    assert_eq!(at_ada, at_ben);
    for who in ["ada", "ben"] {
        let said: Vec<_> = at_ada.iter().filter(|body| body.starts_with(who)).cloned().collect();
        assert_eq!(said, (0..20).map(|n| format!("{who} {n}")).collect::<Vec<_>>());
    }
    // A message leaked from the other room would arrive before this one.
    cleo.send("only here").await;
    cleo.hears(["only here"]).await;
}

/// A thousand messages reach two members.
pub(crate) async fn none_lost(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let mut ben = Member::join(peer, "tea").await;
    ben.send("here").await;
    ada.hears(["here"]).await;
    ben.hears(["here"]).await;
    let bodies = || (0..1000).map(|n| format!("{n:0>120}"));
    for part in bodies().collect::<Vec<_>>().chunks(50) {
        for body in part {
            ada.send(body).await;
        }
        ada.hears(part).await;
        ben.hears(part).await;
    }
}

/// A silent member receives repeated heartbeats.
pub(crate) async fn heartbeat(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    for _ in 0..3 {
        while ada.next().await != Heard::Heartbeat {}
    }
    ada.send("still here").await;
    ada.hears(["still here"]).await;
}
