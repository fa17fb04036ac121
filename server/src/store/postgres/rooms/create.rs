//! New rooms.

use std::sync::Arc;

use parlor_protocol::{RoomKind, RoomRole, UserId, policy::ServerAction};
use uuid::Uuid;

use super::{
    super::{
        accounts::find_user,
        audit::{self, Entry},
        rights,
        transaction::WriteTransaction,
    },
    join,
};
use crate::{
    domain::{AuditAct, ControlEvent, Refusal, RoomRecord, StoreError},
    store::room_names::{name_key, new_room_id, people_key, unlisted_key},
};

pub(super) async fn room(
    tx: &mut WriteTransaction<'_>,
    name: String,
    kind: RoomKind,
    by: UserId,
) -> Result<RoomRecord, StoreError> {
    let public = kind == RoomKind::Public;
    let action = if public { ServerAction::CreatePublicRoom } else { ServerAction::CreatePrivateRoom };
    rights::require(tx, by, action).await?;
    let id = new_room_id();
    // Only names of public rooms are unique: that a private room has a name must not show.
    let key = if public { name_key(&name) } else { unlisted_key(&id) };
    let created = sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&name)
    .bind(key)
    .bind(if public { "public" } else { "private" })
    .bind(tx.now)
    .bind(by.0)
    .execute(tx.db())
    .await?;
    if created.rows_affected() == 0 {
        return Err(Refusal::RoomNameTaken.into());
    }
    let people = Arc::default();
    let room = RoomRecord { id, name, kind, topic: None, head: 0, archived: false, created_by: Some(by), people };
    tx.publish(ControlEvent::RoomCreated { room: room.clone() });
    join(tx, &room.id, by, RoomRole::Owner, None).await?;
    audit::record(tx, Entry { room: Some(room.id.clone()), ..Entry::new(by, AuditAct::RoomCreated) }).await?;
    Ok(room)
}

pub(super) async fn direct_room(
    tx: &mut WriteTransaction<'_>,
    users: Vec<UserId>,
    by: UserId,
) -> Result<RoomRecord, StoreError> {
    let all: Vec<_> = users.iter().copied().chain([by]).collect();
    tx.lock_users(&all, &[]).await?;
    let mut people = Vec::with_capacity(users.len());
    for user in &users {
        people.push(find_user(tx.db(), *user).await?.ok_or(Refusal::PersonNotFound)?);
    }
    // In the order in which they are read at the next start.
    people.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let key = people_key(&users);
    let known: Option<(String, i64, Option<Uuid>)> =
        sqlx::query_as("SELECT id, head, created_by FROM room WHERE people_key = $1")
            .bind(&key[..])
            .fetch_optional(tx.db())
            .await?;
    let mut room = RoomRecord {
        id: new_room_id(),
        name: String::new(),
        kind: RoomKind::Direct,
        topic: None,
        head: 0,
        archived: false,
        created_by: Some(by),
        people: people.into(),
    };
    if let Some((id, head, created_by)) = known {
        room = RoomRecord { id: id.into(), head: head.unsigned_abs(), created_by: created_by.map(UserId), ..room };
        return Ok(room);
    }
    rights::require(tx, by, ServerAction::CreateDirect).await?;
    sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at, created_by, people_key)
         VALUES ($1, '', $2, 'direct', $3, $4, $5)",
    )
    .bind(room.id.as_str())
    .bind(unlisted_key(&room.id))
    .bind(tx.now)
    .bind(by.0)
    .bind(&key[..])
    .execute(tx.db())
    .await?;
    tx.publish(ControlEvent::RoomCreated { room: room.clone() });
    for user in users {
        join(tx, &room.id, user, RoomRole::Member, None).await?;
    }
    Ok(room)
}
