//! Writes of bans and mutes, each with its line in the audit log.

use std::{net::IpAddr, sync::Arc};

use parlor_protocol::{Millis, RoomId, UserId};
use serde_json::json;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    audit::{self, Entry},
    cache::Caches,
    reader::server_role,
    restrictions::Restrictions,
    writer::{Done, Reply, after_commit},
};
use crate::{
    domain::{ModerationOutcome, NewBan, NewMute, StoreError},
    policy::{Case, Party},
    store::May,
};

/// One write.
pub(super) enum ModerationJob {
    Ban { ban: NewBan, may: May, reply: Reply<ModerationOutcome<Option<IpAddr>>> },
    Lift { user: UserId, by: UserId, may: May, reply: Reply<ModerationOutcome<()>> },
    Mute { mute: NewMute, may: May, reply: Reply<ModerationOutcome<()>> },
    Unmute { user: UserId, room: Option<RoomId>, by: UserId, may: May, reply: Reply<ModerationOutcome<()>> },
}

impl ModerationJob {
    /// Tells whoever waits that nothing was stored.
    pub(super) fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Ban { reply, .. } => drop(reply.send(Err(error))),
            Self::Lift { reply, .. } | Self::Mute { reply, .. } | Self::Unmute { reply, .. } => {
                drop(reply.send(Err(error)));
            }
        }
    }

    /// Does it. What is in force for the rest of the transaction is changed in `restrictions`, and for everyone else when
    /// it is committed.
    pub(super) async fn run(
        self,
        db: &mut SqliteConnection,
        caches: Arc<Caches>,
        restrictions: &mut Arc<Restrictions>,
        now: Millis,
    ) -> Done {
        let in_force = Arc::make_mut(restrictions);
        match self {
            Self::Ban { ban: new, may, reply } => {
                let result = ban(db, &new, may, in_force, now).await;
                publish(reply, result, caches, restrictions)
            }
            Self::Lift { user, by, may, reply } => {
                let result = lift(db, user, by, may, in_force, now).await;
                publish(reply, result, caches, restrictions)
            }
            Self::Mute { mute: new, may, reply } => {
                let result = mute(db, &new, may, in_force, now).await;
                publish(reply, result, caches, restrictions)
            }
            Self::Unmute { user, room, by, may, reply } => {
                let result = unmute(db, user, room, by, may, in_force, now).await;
                publish(reply, result, caches, restrictions)
            }
        }
    }
}

fn publish<T: Send + 'static>(
    reply: Reply<T>,
    result: Result<T, StoreError>,
    caches: Arc<Caches>,
    restrictions: &Arc<Restrictions>,
) -> Done {
    let now_in_force = restrictions.clone();
    after_commit(reply, result, move |_| *caches.restrictions.write() = now_in_force)
}

/// Someone, as far as it counts for what is imposed; `room`: where, none for the whole server.
async fn party(db: &mut SqliteConnection, user: UserId, room: Option<&RoomId>) -> Result<Option<Party>, StoreError> {
    let row: Option<(String, bool, bool)> = sqlx::query_as(
        "SELECT role,
                EXISTS (SELECT 1 FROM member WHERE member.user = ?1 AND member.room = ?2 AND member.role = 'moderator'),
                EXISTS (SELECT 1 FROM room WHERE room.id = ?2 AND room.created_by = ?1)
         FROM user WHERE user.id = ?1 AND gone_at IS NULL",
    )
    .bind(user.0)
    .bind(room.map(RoomId::as_str))
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(role, moderator, maker)| Party { role: server_role(&role), moderator, maker }))
}

/// Whether someone may, as things are in this transaction. `earlier`: who has imposed what is in force.
async fn judge(
    db: &mut SqliteConnection,
    (user, by): (UserId, UserId),
    room: Option<&RoomId>,
    earlier: Option<Uuid>,
    may: May,
) -> Result<ModerationOutcome<()>, StoreError> {
    let (Some(on), Some(party_by)) = (party(db, user, room).await?, party(db, by, room).await?) else {
        return Ok(ModerationOutcome::NotFound);
    };
    let by_another = earlier.is_some_and(|earlier| earlier != by.0);
    Ok(if may(Case { by: party_by, on, by_another }) {
        ModerationOutcome::Done(())
    } else {
        ModerationOutcome::Forbidden
    })
}

/// Who has imposed the ban in force.
async fn ban_in_force(db: &mut SqliteConnection, user: UserId, now: Millis) -> Result<Option<Uuid>, StoreError> {
    let found = sqlx::query_scalar(
        "SELECT made_by FROM ban WHERE user = ? AND lifted_at IS NULL AND (until IS NULL OR until > ?)",
    )
    .bind(user.0)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(found)
}

async fn end_bans(db: &mut SqliteConnection, user: UserId, now: Millis) -> Result<(), StoreError> {
    sqlx::query("UPDATE ban SET lifted_at = ? WHERE user = ? AND lifted_at IS NULL")
        .bind(now)
        .bind(user.0)
        .execute(db)
        .await?;
    Ok(())
}

async fn ban(
    db: &mut SqliteConnection,
    new: &NewBan,
    may: May,
    in_force: &mut Restrictions,
    now: Millis,
) -> Result<ModerationOutcome<Option<IpAddr>>, StoreError> {
    let earlier = ban_in_force(db, new.user, now).await?;
    match judge(db, (new.user, new.by), None, earlier, may).await? {
        ModerationOutcome::Done(()) => {}
        ModerationOutcome::NotFound => return Ok(ModerationOutcome::NotFound),
        ModerationOutcome::Forbidden => return Ok(ModerationOutcome::Forbidden),
    }
    let address: Option<String> = if new.address {
        sqlx::query_scalar(
            "SELECT address FROM session WHERE user = ? AND address IS NOT NULL
             ORDER BY coalesce(seen_at, created_at) DESC LIMIT 1",
        )
        .bind(new.user.0)
        .fetch_optional(&mut *db)
        .await?
    } else {
        None
    };
    end_bans(db, new.user, now).await?;
    sqlx::query("INSERT INTO ban (id, user, address, reason, made_by, made_at, until) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(Uuid::now_v7())
        .bind(new.user.0)
        .bind(address.as_deref())
        .bind(&new.reason)
        .bind(new.by.0)
        .bind(now)
        .bind(new.until)
        .execute(&mut *db)
        .await?;
    // The address itself is for the database alone.
    let details = Some(json!({ "reason": new.reason, "until": new.until, "address": address.is_some() }));
    let entry = Entry { actor: Some(new.by), act: "banned", subject: Some(new.user), room: None, details };
    audit::note(db, entry, now).await?;
    let address = address.and_then(|address| address.parse().ok());
    in_force.ban(new.user, new.until, address, now);
    Ok(ModerationOutcome::Done(address))
}

async fn lift(
    db: &mut SqliteConnection,
    user: UserId,
    by: UserId,
    may: May,
    in_force: &mut Restrictions,
    now: Millis,
) -> Result<ModerationOutcome<()>, StoreError> {
    let earlier = ban_in_force(db, user, now).await?;
    let verdict = judge(db, (user, by), None, earlier, may).await?;
    if verdict != ModerationOutcome::Done(()) {
        return Ok(verdict);
    }
    if earlier.is_none() {
        return Ok(ModerationOutcome::NotFound);
    }
    end_bans(db, user, now).await?;
    let entry = Entry { actor: Some(by), act: "ban_lifted", subject: Some(user), room: None, details: None };
    audit::note(db, entry, now).await?;
    in_force.lift(user);
    Ok(ModerationOutcome::Done(()))
}

/// How a place stands in the table.
fn place(room: Option<&RoomId>) -> &str {
    room.map_or("", RoomId::as_str)
}

/// Who has imposed the mute in force there.
async fn mute_in_force(
    db: &mut SqliteConnection,
    user: UserId,
    room: Option<&RoomId>,
    now: Millis,
) -> Result<Option<Uuid>, StoreError> {
    let found = sqlx::query_scalar("SELECT made_by FROM mute WHERE user = ? AND room = ? AND until > ?")
        .bind(user.0)
        .bind(place(room))
        .bind(now)
        .fetch_optional(db)
        .await?;
    Ok(found)
}

async fn mute(
    db: &mut SqliteConnection,
    new: &NewMute,
    may: May,
    in_force: &mut Restrictions,
    now: Millis,
) -> Result<ModerationOutcome<()>, StoreError> {
    let room = new.room.as_ref();
    let earlier = mute_in_force(db, new.user, room, now).await?;
    let verdict = judge(db, (new.user, new.by), room, earlier, may).await?;
    if verdict != ModerationOutcome::Done(()) {
        return Ok(verdict);
    }
    sqlx::query("DELETE FROM mute WHERE until <= ?").bind(now).execute(&mut *db).await?;
    sqlx::query(
        "INSERT INTO mute (user, room, made_by, until) VALUES (?, ?, ?, ?)
         ON CONFLICT (user, room) DO UPDATE SET made_by = excluded.made_by, until = excluded.until",
    )
    .bind(new.user.0)
    .bind(place(room))
    .bind(new.by.0)
    .bind(new.until)
    .execute(&mut *db)
    .await?;
    let (room, details) = (new.room.clone(), Some(json!({ "until": new.until })));
    let entry = Entry { actor: Some(new.by), act: "muted", subject: Some(new.user), room: room.clone(), details };
    audit::note(db, entry, now).await?;
    in_force.mute(new.user, room, new.until, now);
    Ok(ModerationOutcome::Done(()))
}

async fn unmute(
    db: &mut SqliteConnection,
    user: UserId,
    room: Option<RoomId>,
    by: UserId,
    may: May,
    in_force: &mut Restrictions,
    now: Millis,
) -> Result<ModerationOutcome<()>, StoreError> {
    let earlier = mute_in_force(db, user, room.as_ref(), now).await?;
    let verdict = judge(db, (user, by), room.as_ref(), earlier, may).await?;
    if verdict != ModerationOutcome::Done(()) {
        return Ok(verdict);
    }
    if earlier.is_none() {
        return Ok(ModerationOutcome::NotFound);
    }
    sqlx::query("DELETE FROM mute WHERE user = ? AND room = ?")
        .bind(user.0)
        .bind(place(room.as_ref()))
        .execute(&mut *db)
        .await?;
    in_force.unmute(user, room.as_ref());
    let entry = Entry { actor: Some(by), act: "unmuted", subject: Some(user), room, details: None };
    audit::note(db, entry, now).await?;
    Ok(ModerationOutcome::Done(()))
}
