//! Which members mentions by `@name` mean.

use std::collections::HashMap;

use parlor_protocol::{RoomId, UserId};
use sqlx::PgPool;
use uuid::Uuid;

use super::super::text::is_storable;
use crate::domain::StoreError;

pub(super) async fn members_by_name(
    db: &PgPool,
    room: &RoomId,
    keys: &[String],
) -> Result<HashMap<String, UserId>, StoreError> {
    let keys: Vec<_> = keys.iter().map(String::as_str).filter(|key| is_storable(key)).collect();
    let rows: Vec<(String, Option<Uuid>)> = sqlx::query_as(
        "SELECT wanted.key, coalesce(
            (SELECT user_id FROM account JOIN member USING (user_id)
             WHERE account.shown_key = wanted.key AND member.room = $2),
            (SELECT user_id FROM account JOIN member USING (user_id)
             WHERE account.name_key = wanted.key AND member.room = $2),
            (SELECT users.id FROM users JOIN member ON member.user_id = users.id
             WHERE users.guest_key = wanted.key AND member.room = $2
             ORDER BY users.guest_key, users.id DESC LIMIT 1))
         FROM UNNEST($1::text[]) AS wanted (key)",
    )
    .bind(keys)
    .bind(room.as_str())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().filter_map(|(key, user)| Some((key, UserId(user?)))).collect())
}
