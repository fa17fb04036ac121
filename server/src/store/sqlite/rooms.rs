//! Writes to rooms and memberships, each with the event that tells of it.

use std::sync::Arc;

use parlor_protocol::{EventKind, NotificationLevel, RoomId, RoomKind, Seq, UserId};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::{
    cache::Caches,
    making::{self, name_key, unseen_key},
    marks, members,
    write_transaction::WriteTransaction,
    writer::{Done, after_commit},
};
use crate::domain::{NameTaken, RoomChange, RoomMembership, RoomRecord, StoreError};

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One write.
pub(super) enum RoomJob {
    Create { name: String, kind: RoomKind, maker: UserId, reply: Reply<Result<RoomRecord, NameTaken>> },
    Direct { people: Vec<UserId>, maker: UserId, reply: Reply<Option<RoomRecord>> },
    Add { room: RoomId, user: UserId, by: UserId, reply: Reply<Option<Seq>> },
    Remove { room: RoomId, user: UserId, by: UserId, reply: Reply<Option<Seq>> },
    Level { room: RoomId, user: UserId, level: NotificationLevel, reply: Reply<bool> },
    Appoint { room: RoomId, user: UserId, moderator: bool, by: UserId, reply: Reply<bool> },
    Change { room: RoomId, changes: Vec<RoomChange>, by: UserId, reply: Reply<Result<(), NameTaken>> },
}

impl RoomJob {
    /// Tells whoever waits that nothing was stored.
    pub(super) fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Create { reply, .. } => drop(reply.send(Err(error))),
            Self::Direct { reply, .. } => drop(reply.send(Err(error))),
            Self::Add { reply, .. } | Self::Remove { reply, .. } => drop(reply.send(Err(error))),
            Self::Appoint { reply, .. } | Self::Level { reply, .. } => drop(reply.send(Err(error))),
            Self::Change { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

pub(super) async fn run(
    db: &mut SqliteConnection,
    job: RoomJob,
    caches: &Arc<Caches>,
    ledger: &mut WriteTransaction<'_>,
) -> Done {
    let caches = caches.clone();
    match job {
        RoomJob::Create { name, kind, maker, reply } => {
            let result = making::create(db, name, kind, maker, ledger.now).await;
            after_commit(reply, result, move |made| {
                if let Ok(room) = made {
                    caches.is_member(
                        maker,
                        &room.id,
                        RoomMembership { moderator: true, ..RoomMembership::since(room.head) },
                    );
                }
            })
        }
        RoomJob::Direct { people, maker, reply } => {
            let result = making::direct(db, &people, maker, ledger.now).await;
            after_commit(reply, result, move |found| {
                if let Some(room) = found {
                    people.iter().for_each(|person| caches.is_member(*person, &room.id, RoomMembership::default()));
                }
            })
        }
        RoomJob::Add { room, user, by, reply } => {
            let result = members::add(db, &room, user, by, ledger).await;
            after_commit(reply, result, move |read| {
                if let Some(read) = read {
                    caches.is_member(user, &room, RoomMembership::since(*read));
                }
            })
        }
        RoomJob::Remove { room, user, by, reply } => {
            let result = members::remove(db, &room, user, by, ledger).await;
            after_commit(reply, result, move |removed| {
                if removed.is_some() {
                    caches.is_no_member(user, &room);
                }
            })
        }
        RoomJob::Level { room, user, level, reply } => {
            after_commit(reply, marks::set_level(db, &room, user, level).await, move |_| {
                caches.change_mine(user, &room, |mine| mine.level = level);
            })
        }
        RoomJob::Appoint { room, user, moderator, by, reply } => {
            let result = members::appoint(db, &room, user, moderator, by, ledger).await;
            after_commit(reply, result, move |done| {
                if *done {
                    caches.change_mine(user, &room, |mine| mine.moderator = moderator);
                }
            })
        }
        RoomJob::Change { room, changes, by, reply } => {
            let result = change(db, &room, changes, by, ledger).await;
            after_commit(reply, result, |_| {})
        }
    }
}

async fn change(
    db: &mut SqliteConnection,
    room: &RoomId,
    changes: Vec<RoomChange>,
    by: UserId,
    ledger: &mut WriteTransaction<'_>,
) -> Result<Result<(), NameTaken>, StoreError> {
    let known: Option<(String, String, Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT kind, name, topic, archived_at FROM room WHERE id = ?")
            .bind(room.as_str())
            .fetch_optional(&mut *db)
            .await?;
    let (kind, old_name, old_topic, archived_at) = known.ok_or(sqlx::Error::RowNotFound)?;
    let public = kind == "public";
    // The only one that can fail comes first, so that it is all or nothing.
    if public && let Some(RoomChange::Name(name)) = changes.iter().find(|change| matches!(change, RoomChange::Name(_)))
    {
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM room WHERE name_key = ? AND id <> ?")
            .bind(name_key(name))
            .bind(room.as_str())
            .fetch_one(&mut *db)
            .await?;
        if taken > 0 {
            return Ok(Err(NameTaken));
        }
    }
    for change in changes {
        let event = match change {
            RoomChange::Name(name) if name != old_name => {
                sqlx::query("UPDATE room SET name = ?, name_key = ? WHERE id = ?")
                    .bind(&name)
                    .bind(if public { name_key(&name) } else { unseen_key(room) })
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                EventKind::Renamed { name }
            }
            RoomChange::Topic(topic) if topic != old_topic.as_deref().unwrap_or_default() => {
                sqlx::query("UPDATE room SET topic = ? WHERE id = ?")
                    .bind((!topic.is_empty()).then_some(&topic))
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                EventKind::TopicSet { topic }
            }
            RoomChange::Archived(on) if on != archived_at.is_some() => {
                sqlx::query("UPDATE room SET archived_at = ? WHERE id = ?")
                    .bind(on.then_some(ledger.now))
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                ledger.revoked.archive(room, on);
                EventKind::Archived { on }
            }
            RoomChange::Name(_) | RoomChange::Topic(_) | RoomChange::Archived(_) => continue,
        };
        ledger.record(db, room, by, event).await?;
    }
    Ok(Ok(()))
}
