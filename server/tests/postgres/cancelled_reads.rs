//! Reads that are cancelled, as those of requests whose client has gone.

use std::time::Duration;

use parlor::{
    domain::Page,
    store::{MessageStore, Store},
};
use parlor_protocol::RoomId;

use super::writers::{Writer, stored};
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn a_cancelled_read_leaves_no_old_state_behind() {
    let database = TestDatabase::create().await;
    let writer = Writer::open(&database).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    for round in 1..=300 {
        // At any point: while it waits for a connection, begins, reads or ends.
        let read = writer.store.messages(&lobby, ann.id, Page::Newest, 50);
        let _ = tokio::time::timeout(Duration::from_micros(round * 10), read).await;
        // Each connection reads something by itself.
        let _ = tokio::join!(writer.store.event_id(&lobby, 1), writer.store.event_id(&lobby, 1));
        let head = stored(writer.send(&lobby, &ann).await);
        let pages = tokio::join!(
            writer.store.messages(&lobby, ann.id, Page::Newest, 1),
            writer.store.messages(&lobby, ann.id, Page::Newest, 1),
        );
        assert_eq!((pages.0.unwrap().head, pages.1.unwrap().head), (head, head), "round {round}");
    }
    writer.store.close().await;
    database.remove().await;
}
