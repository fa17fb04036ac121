//! Who becomes a member of a room, who is none any more, and who looks after it.

use parlor_protocol::{EventKind, Millis, RoomId, Seq, UserId};
use sqlx::SqliteConnection;

use super::{reader, write_transaction::WriteTransaction};
use crate::domain::StoreError;

pub(super) async fn add(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    by: UserId,
    ledger: &mut WriteTransaction<'_>,
) -> Result<Option<Seq>, StoreError> {
    let Some(person) = reader::person(&mut *db, user).await? else { return Ok(None) };
    let known: Option<(String, Option<i64>)> = sqlx::query_as(
        "SELECT room.kind, member.read_seq
         FROM room LEFT JOIN member ON member.room = room.id AND member.user = ? WHERE room.id = ?",
    )
    .bind(user.0)
    .bind(room.as_str())
    .fetch_optional(&mut *db)
    .await?;
    let kind = match known {
        None => return Ok(None),
        Some((_, Some(read))) => return Ok(Some(read.unsigned_abs())),
        Some((kind, None)) => kind,
    };
    match kind.as_str() {
        // Always the same people.
        "direct" => return Ok(None),
        "public" if user == by => {}
        _ => ledger.record(db, room, by, EventKind::MemberAdded { user: person }).await?,
    }
    let read = insert_member(db, room, user, "member", ledger.now).await?;
    ledger.revoked.member(room, user, true);
    Ok(Some(read))
}

pub(super) async fn remove(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    by: UserId,
    ledger: &mut WriteTransaction<'_>,
) -> Result<Option<Seq>, StoreError> {
    let Some(person) = reader::person(&mut *db, user).await? else { return Ok(None) };
    let gone = sqlx::query("DELETE FROM member WHERE room = ? AND user = ?")
        .bind(room.as_str())
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    if gone.rows_affected() == 0 {
        return Ok(None);
    }
    let public: bool = sqlx::query_scalar("SELECT kind = 'public' FROM room WHERE id = ?")
        .bind(room.as_str())
        .fetch_one(&mut *db)
        .await?;
    if !(public && user == by) {
        ledger.record(db, room, by, EventKind::MemberRemoved { user: person }).await?;
    }
    ledger.revoked.member(room, user, false);
    Ok(Some(ledger.head(db, room).await?))
}

pub(super) async fn appoint(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    moderator: bool,
    by: UserId,
    ledger: &mut WriteTransaction<'_>,
) -> Result<bool, StoreError> {
    let role = |moderator| if moderator { "moderator" } else { "member" };
    let known: Option<String> = sqlx::query_scalar("SELECT role FROM member WHERE room = ? AND user = ?")
        .bind(room.as_str())
        .bind(user.0)
        .fetch_optional(&mut *db)
        .await?;
    let (Some(known), Some(person)) = (known, reader::person(&mut *db, user).await?) else { return Ok(false) };
    if known == role(moderator) {
        return Ok(true);
    }
    sqlx::query("UPDATE member SET role = ? WHERE room = ? AND user = ?")
        .bind(role(moderator))
        .bind(room.as_str())
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    ledger.record(db, room, by, EventKind::Appointed { user: person, moderator }).await?;
    Ok(true)
}

/// Makes someone a member who has read everything so far, unless they are one. Returns how far they have read.
pub(super) async fn insert_member(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    role: &str,
    now: Millis,
) -> Result<Seq, StoreError> {
    // The update changes nothing; it makes RETURNING answer for a row that was there already.
    let read: i64 = sqlx::query_scalar(
        "INSERT INTO member (room, user, read_seq, joined_at, role) SELECT id, ?2, head, ?3, ?4 FROM room WHERE id = ?1
         ON CONFLICT (user, room) DO UPDATE SET read_seq = read_seq RETURNING read_seq",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(now)
    .bind(role)
    .fetch_one(db)
    .await?;
    Ok(read.unsigned_abs())
}
