//! Mentions by `@name`: which members they mean, and which messages mention whom.

use std::collections::HashMap;

use parlor_protocol::{Event, EventKind, RoomId, UserId};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::super::{rows, values::sql_seq};
use crate::domain::StoreError;

pub(super) async fn members_by_name(
    db: &SqlitePool,
    room: &RoomId,
    keys: &[String],
) -> Result<HashMap<String, UserId>, StoreError> {
    let mut found = HashMap::new();
    for part in keys.chunks(rows::MOST) {
        let sql = rows::sql(
            "SELECT wanted.column1, coalesce(
                (SELECT user FROM account JOIN member USING (user)
                 WHERE account.shown_key = wanted.column1 AND member.room = wanted.column2),
                (SELECT user FROM account JOIN member USING (user)
                 WHERE account.name_key = wanted.column1 AND member.room = wanted.column2),
                (SELECT user.id FROM user JOIN member ON member.user = user.id
                 WHERE user.guest_key = wanted.column1 AND member.room = wanted.column2
                 ORDER BY user.guest_key, user.id DESC LIMIT 1))
             FROM (VALUES ",
            2,
            part.len(),
            ") AS wanted",
        );
        let mut query = sqlx::query_as(sql);
        for key in rows::padded(part) {
            query = query.bind(key).bind(key.map(|_| room.as_str()));
        }
        let rows: Vec<(Option<String>, Option<Uuid>)> = query.fetch_all(db).await?;
        found.extend(rows.into_iter().filter_map(|(key, user)| Some((key?, UserId(user?)))));
    }
    Ok(found)
}

/// Stores the mentions of new messages, by which unread mentions are counted.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    events: impl Iterator<Item = &Event> + Send,
) -> Result<(), StoreError> {
    for event in events {
        let EventKind::Message { mentions, .. } = &event.event else { continue };
        for part in mentions.chunks(rows::MOST) {
            let head = "INSERT INTO mention (room, seq, user) SELECT * FROM (VALUES ";
            let mut query = sqlx::query(rows::sql(head, 3, part.len(), ") WHERE column1 IS NOT NULL"));
            for user in rows::padded(part) {
                query = query
                    .bind(user.map(|_| event.room.as_str()))
                    .bind(user.map(|_| sql_seq(event.seq)))
                    .bind(user.map(|user| user.0));
            }
            query.execute(&mut *db).await?;
        }
    }
    Ok(())
}
