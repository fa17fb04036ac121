//! Reads of the log: pages, replays, and what counts as unread. Each is one statement or one transaction, so it sees one
//! state of the database.

use parlor_protocol::{
    CommandId, Event, RoomId, Seq, UserId,
    http::{EventPage, MessagePage},
    limits,
};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{super::values::sql_seq, reactions};
use crate::{
    domain::{AuthorRange, Page, StoreError},
    store::log::{EventRow, MessageRow, PageRange},
};

pub(super) async fn messages(
    db: &SqlitePool,
    room: &RoomId,
    viewer: UserId,
    page: Page,
    limit: u32,
) -> Result<MessagePage, StoreError> {
    let range = PageRange::new(page, limit);
    // A client continues after the head of its page: both must be of one state, or what is stored between is never seen.
    let mut snapshot = db.begin().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(
        "SELECT page.seq, page.id, page.at, page.body, page.html, page.reply_to, page.detail,
                page.author, user.name, user.kind, user.colour,
                edited.at AS edited_at, edited.body AS edited_body, edited.html AS edited_html,
                edited.detail AS edited_detail
         FROM (SELECT * FROM (SELECT * FROM event WHERE room = ?1 AND seq < ?2 AND kind = 'message'
                              ORDER BY seq DESC LIMIT ?3)
               UNION ALL
               SELECT * FROM (SELECT * FROM event WHERE room = ?1 AND seq >= ?2 AND kind = 'message'
                              ORDER BY seq LIMIT ?4)) AS page
         JOIN user ON user.id = page.author
         LEFT JOIN event AS edited ON edited.room = page.room AND edited.seq =
             (SELECT max(edit.seq) FROM edit WHERE edit.room = page.room AND edit.message_seq = page.seq)
         ORDER BY page.seq",
    )
    .bind(room.as_str())
    .bind(range.meet)
    .bind(range.older)
    .bind(range.newer)
    .fetch_all(&mut *snapshot)
    .await?;
    let (from, before) = range.notices(&rows);
    let notices = notices(&mut snapshot, room, from, before).await?;
    let reactions = match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => {
            let range = first.seq..=last.seq;
            reactions::rows(&mut snapshot, room, range, viewer, limits::MAX_REACTION_USERS).await?
        }
        _ => Vec::new(),
    };
    let head = head(&mut snapshot, room).await?;
    snapshot.commit().await?;
    let messages = MessageRow::messages(rows, reactions);
    Ok(MessagePage { messages, notices, head })
}

/// Selects events with their authors and the users that they are about.
macro_rules! event_rows {
    ($which:literal) => {
        concat!(
            "SELECT event.seq, event.id, event.at, event.author, user.name, user.kind, user.colour,
                    event.kind AS event_kind, event.body, event.html, event.reply_to, event.detail,
                    event.subject, about.name AS subject_name, about.kind AS subject_kind, about.colour AS subject_colour
             FROM event JOIN user ON user.id = event.author LEFT JOIN user AS about ON about.id = event.subject
             WHERE event.room = ? AND ",
            $which
        )
    };
}

/// Events other than messages from one seq on, before another one: the newest, oldest first.
async fn notices(
    snapshot: &mut SqliteConnection,
    room: &RoomId,
    from: i64,
    before: i64,
) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<EventRow> = sqlx::query_as(event_rows!(
        "event.seq >= ? AND event.seq < ? AND event.kind NOT IN
             ('message', 'removed', 'edited', 'voided', 'deleted', 'reacted', 'unreacted') ORDER BY event.seq DESC LIMIT ?"
    ))
    .bind(room.as_str())
    .bind(from)
    .bind(before)
    .bind(limits::MAX_PAGE_SIZE)
    .fetch_all(snapshot)
    .await?;
    Ok(rows.into_iter().rev().map(|row| row.event(room)).collect())
}

pub(super) async fn events(db: &SqlitePool, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError> {
    let mut snapshot = db.begin().await?;
    let rows: Vec<EventRow> = sqlx::query_as(event_rows!("event.seq > ? ORDER BY event.seq LIMIT ?"))
        .bind(room.as_str())
        .bind(sql_seq(after))
        .bind(limit)
        .fetch_all(&mut *snapshot)
        .await?;
    let head = head(&mut snapshot, room).await?;
    snapshot.commit().await?;
    let events = rows.into_iter().map(|row| row.event(room)).collect();
    Ok(EventPage { events, head })
}

pub(super) async fn message_seq(db: &SqlitePool, room: &RoomId, message: CommandId) -> Result<Option<Seq>, StoreError> {
    let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM event WHERE id = ? AND room = ? AND kind = 'message'")
        .bind(message.0)
        .bind(room.as_str())
        .fetch_optional(db)
        .await?;
    Ok(seq.map(i64::unsigned_abs))
}

pub(super) async fn event_id(db: &SqlitePool, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM event WHERE room = ? AND seq = ?")
        .bind(room.as_str())
        .bind(sql_seq(seq))
        .fetch_optional(db)
        .await?;
    Ok(id.map(CommandId))
}

pub(super) async fn author_range(
    db: &SqlitePool,
    room: &RoomId,
    after: Seq,
    before: Seq,
) -> Result<AuthorRange, StoreError> {
    let mut snapshot = db.begin().await?;
    let messages: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT seq, author FROM event
         WHERE room = ? AND seq > ? AND seq < ? AND kind = 'message' ORDER BY seq",
    )
    .bind(room.as_str())
    .bind(sql_seq(after))
    .bind(sql_seq(before))
    .fetch_all(&mut *snapshot)
    .await?;
    let mentions: Vec<(i64, Uuid)> =
        sqlx::query_as("SELECT seq, user FROM mention WHERE room = ? AND seq > ? AND seq < ? ORDER BY seq")
            .bind(room.as_str())
            .bind(sql_seq(after))
            .bind(sql_seq(before))
            .fetch_all(&mut *snapshot)
            .await?;
    snapshot.commit().await?;
    let pairs =
        |rows: Vec<(i64, Uuid)>| rows.into_iter().map(|(seq, user)| (seq.unsigned_abs(), UserId(user))).collect();
    Ok(AuthorRange { messages: pairs(messages), mentions: pairs(mentions) })
}

/// The room's head, within the transaction that reads its page.
async fn head(snapshot: &mut SqliteConnection, room: &RoomId) -> Result<Seq, StoreError> {
    let head: Option<i64> =
        sqlx::query_scalar("SELECT head FROM room WHERE id = ?").bind(room.as_str()).fetch_optional(snapshot).await?;
    Ok(head.map_or(0, i64::unsigned_abs))
}
