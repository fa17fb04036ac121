//! Who is named by `@name`: found by their names, and kept beside the messages that name them.

use std::collections::HashMap;

use parlor_protocol::{RoomId, Seq, UserId};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{rows, writer::sql_seq};
use crate::domain::StoreError;

/// The members of a room with these names: by the name that an account shows, then by the one that it signs in with, then
/// guests, of whom the one who came last.
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

/// Keeps whom new messages name: to be counted by, and beside the event to be shown with it.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    named: impl Iterator<Item = (&RoomId, Seq, &[UserId])> + Send,
) -> Result<(), StoreError> {
    for (room, seq, users) in named.filter(|(.., users)| !users.is_empty()) {
        for part in users.chunks(rows::MOST) {
            let head = "INSERT INTO mention (room, seq, user) SELECT * FROM (VALUES ";
            let mut query = sqlx::query(rows::sql(head, 3, part.len(), ") WHERE column1 IS NOT NULL"));
            for user in rows::padded(part) {
                query = query
                    .bind(user.map(|_| room.as_str()))
                    .bind(user.map(|_| sql_seq(seq)))
                    .bind(user.map(|user| user.0));
            }
            query.execute(&mut *db).await?;
        }
        sqlx::query("UPDATE event SET detail = ? WHERE room = ? AND seq = ?")
            .bind(write(users))
            .bind(room.as_str())
            .bind(sql_seq(seq))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// As it stands beside an event.
fn write(users: &[UserId]) -> String {
    users.iter().map(|user| user.0.simple().to_string()).collect::<Vec<_>>().join(" ")
}

/// Reads it back; nobody for what cannot be read.
pub(super) fn read(detail: Option<&str>) -> Vec<UserId> {
    let ids = detail.unwrap_or_default().split_ascii_whitespace();
    ids.filter_map(|id| Uuid::parse_str(id).ok()).map(UserId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_is_read_back() {
        let users: Vec<_> = (1..4).map(|n| UserId(Uuid::from_u128(n))).collect();
        assert_eq!(read(Some(&write(&users))), users);
        assert_eq!((read(None), read(Some("x 1"))), (vec![], vec![]));
    }
}
