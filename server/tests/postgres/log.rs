//! The logs of rooms when several servers append to them at the same time.

use parlor::domain::AppendOutcome;
use parlor_protocol::RoomId;
use sqlx::Connection;
use uuid::Uuid;

use super::writers::{Writer, assert_whole, new_id, stored, waits_for_lock};
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn two_writers_leave_no_hole_and_readers_see_none() {
    let database = TestDatabase::create().await;
    let (one, two) = (Writer::open(&database).await, Writer::open(&database).await);
    let (ann, lobby) = (one.guest("ann").await, RoomId::lobby());
    let ids: Vec<_> = (0..600).map(|_| new_id()).collect();
    let sends = futures::future::join_all(ids.iter().enumerate().map(|(n, id)| {
        let writer = if n % 2 == 0 { &one } else { &two };
        writer.append(*id, &lobby, &ann)
    }));
    let mut reader = database.connect().await;
    let watch = async {
        let mut seen = 0;
        while seen < 600 {
            // One statement sees one state: a seq without the one before it would be a hole.
            let (head, newest, count): (i64, i64, i64) = sqlx::query_as(
                "SELECT room.head, coalesce(max(event.seq), 0), count(event.seq)
                 FROM room LEFT JOIN event ON event.room = room.id WHERE room.id = 'lobby' GROUP BY room.head",
            )
            .fetch_one(&mut reader)
            .await
            .unwrap();
            assert_eq!((newest, count), (head, head));
            seen = head;
        }
    };
    let (outcomes, ()) = tokio::join!(sends, watch);
    outcomes.into_iter().for_each(|outcome| assert!(stored(outcome) > 0));
    assert_whole(&one.log(&lobby).await, &ids);
    // Each has published its own, in order.
    let (first, second) = (one.published(&lobby), two.published(&lobby));
    assert!(first.is_sorted_by_key(|event| event.seq) && second.is_sorted_by_key(|event| event.seq));
    assert_eq!((first.len(), second.len()), (300, 300));
    database.remove().await;
}

#[tokio::test]
async fn a_command_that_two_writers_get_is_stored_once() {
    let database = TestDatabase::create().await;
    let (one, two) = (Writer::open(&database).await, Writer::open(&database).await);
    let (ann, lobby) = (one.guest("ann").await, RoomId::lobby());
    let ids: Vec<_> = (0..100).map(|_| new_id()).collect();
    for id in &ids {
        let (first, second) = tokio::join!(one.append(*id, &lobby, &ann), two.append(*id, &lobby, &ann));
        assert_eq!(stored(first), stored(second));
    }
    assert_whole(&one.log(&lobby).await, &ids);
    assert_eq!(one.published(&lobby).len() + two.published(&lobby).len(), ids.len());
    database.remove().await;
}

#[tokio::test]
async fn an_id_is_used_in_one_room_only() {
    let database = TestDatabase::create().await;
    let (one, two) = (Writer::open(&database).await, Writer::open(&database).await);
    let ann = one.guest("ann").await;
    let mut connection = database.connect().await;
    sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at) VALUES ('other', 'Other', 'other', 'public', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("INSERT INTO member (room, user_id, read_seq, joined_at, name) VALUES ('other', $1, 0, 0, 'ann')")
        .bind(ann.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
    let (lobby, other, id) = (RoomId::lobby(), RoomId::from("other"), new_id());
    // The first one has inserted the id and not committed: the second one does not see it, and meets it in the index.
    let mut barrier = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE writer IN SHARE MODE").execute(&mut *barrier).await.unwrap();
    let mut observer = database.connect().await;
    let first = tokio::spawn({
        let (one, ann, lobby) = (one.clone(), ann.clone(), lobby.clone());
        async move { one.try_append(id, &lobby, &ann).await.unwrap() }
    });
    waits_for_lock(&mut observer, 1).await;
    let second = tokio::spawn(async move { two.try_append(id, &other, &ann).await.unwrap() });
    waits_for_lock(&mut observer, 2).await;
    barrier.commit().await.unwrap();
    assert_eq!(stored(first.await.unwrap()), 1);
    assert_eq!(second.await.unwrap(), AppendOutcome::IdReused);
    assert_eq!(one.log(&RoomId::from("other")).await, []);
    database.remove().await;
}

#[tokio::test]
async fn a_transaction_that_is_undone_leaves_no_hole() {
    let database = TestDatabase::create().await;
    let writer = Writer::open(&database).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    let (mut connection, mut observer) = (database.connect().await, database.connect().await);
    for is_committed in [false, true] {
        let mut other = connection.begin().await.unwrap();
        let head: i64 = sqlx::query_scalar("UPDATE room SET head = head + 1 WHERE id = 'lobby' RETURNING head")
            .fetch_one(&mut *other)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO event (room, seq, id, at, author, kind, digest) VALUES ('lobby', $1, $2, 0, $3, 'reopened', '')",
        )
        .bind(head)
        .bind(Uuid::now_v7())
        .bind(ann.id.0)
        .execute(&mut *other)
        .await
        .unwrap();
        let send = tokio::spawn({
            let (writer, lobby, ann) = (writer.clone(), lobby.clone(), ann.clone());
            async move { stored(writer.send(&lobby, &ann).await) }
        });
        waits_for_lock(&mut observer, 1).await;
        if is_committed {
            other.commit().await.unwrap();
            assert_eq!(send.await.unwrap(), 3);
        } else {
            other.rollback().await.unwrap();
            assert_eq!(send.await.unwrap(), 1);
        }
    }
    let seqs: Vec<_> = writer.log(&lobby).await.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    database.remove().await;
}

/// Sends a message while another server's transaction has taken the right to do so away and not committed yet.
async fn send_while(statements: &[&'static str], expected: AppendOutcome) {
    let database = TestDatabase::create().await;
    let writer = Writer::open(&database).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    let (mut connection, mut observer) = (database.connect().await, database.connect().await);
    let mut other = connection.begin().await.unwrap();
    for statement in statements {
        sqlx::query(*statement).bind(ann.id.0).execute(&mut *other).await.unwrap();
    }
    let send = tokio::spawn({
        let (writer, lobby, ann) = (writer.clone(), lobby.clone(), ann.clone());
        async move { writer.send(&lobby, &ann).await }
    });
    waits_for_lock(&mut observer, 1).await;
    other.commit().await.unwrap();
    assert_eq!(send.await.unwrap(), expected);
    assert_eq!(writer.log(&lobby).await, []);
    database.remove().await;
}

#[tokio::test]
async fn a_ban_stops_a_message_that_waits_for_it() {
    send_while(
        &[
            "SELECT 1 FROM users WHERE id = $1 FOR UPDATE",
            "INSERT INTO ban (id, user_id, reason, made_by, made_at) VALUES (gen_random_uuid(), $1, '', $1, 0)",
        ],
        AppendOutcome::Banned,
    )
    .await;
}

#[tokio::test]
async fn a_removal_stops_a_message_that_waits_for_it() {
    send_while(
        &[
            "SELECT 1 FROM room, (SELECT $1::uuid) AS unused WHERE id = 'lobby' FOR NO KEY UPDATE OF room",
            "DELETE FROM member WHERE user_id = $1",
        ],
        AppendOutcome::NoRoom,
    )
    .await;
}

#[tokio::test]
async fn a_transaction_that_ends_a_deadlock_is_run_again() {
    let database = TestDatabase::create().await;
    let writer = Writer::open(&database).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    let (mut connection, mut observer) = (database.connect().await, database.connect().await);
    // Only the writer looks for deadlocks, so it is the one that is ended.
    sqlx::query("SET deadlock_timeout = '10min'").execute(&mut connection).await.unwrap();
    let mut other = connection.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM room WHERE id = 'lobby' FOR UPDATE").execute(&mut *other).await.unwrap();
    let send = tokio::spawn({
        let (writer, lobby, ann) = (writer.clone(), lobby.clone(), ann.clone());
        async move { writer.try_append(new_id(), &lobby, &ann).await }
    });
    // It has locked the user, and waits for the room.
    waits_for_lock(&mut observer, 1).await;
    sqlx::query("SELECT 1 FROM users WHERE id = $1 FOR UPDATE").bind(ann.id.0).execute(&mut *other).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(stored(send.await.unwrap().unwrap()), 1);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    // Statistics are written when a transaction ends, and read as of the first time in one.
    crate::support::eventually("the deadlock is counted", async || {
        sqlx::query_scalar::<_, i64>(deadlocks).fetch_one(&mut observer).await.unwrap() == 1
    })
    .await;
    database.remove().await;
}
