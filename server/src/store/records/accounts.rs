//! Users and their accounts.

use std::sync::Arc;

use parlor_protocol::{
    Millis, User,
    http::{PeoplePage, Person},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::{colour, server_role, user};
use crate::domain::Account;

#[derive(FromRow)]
pub(in super::super) struct UserRow {
    id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
}

impl UserRow {
    pub(in super::super) fn user(self) -> User {
        user(self.id, self.name, &self.kind, self.colour)
    }
}

#[derive(FromRow)]
pub(in super::super) struct AccountRow {
    id: Uuid,
    shown: String,
    kind: String,
    role: String,
    colour: Option<i64>,
    name: String,
    name_key: String,
    password: String,
}

impl AccountRow {
    pub(in super::super) fn account(self) -> Account {
        Account {
            user: Arc::new(user(self.id, self.shown, &self.kind, self.colour)),
            role: server_role(&self.role),
            name: self.name,
            key: self.name_key,
            password: self.password,
            colour: colour(self.colour),
        }
    }
}

/// A user with an account, as others find them.
#[derive(FromRow)]
pub(in super::super) struct PersonRow {
    id: Uuid,
    name: String,
    kind: String,
    role: String,
    colour: Option<i64>,
    seen_at: Option<Millis>,
    shown_key: String,
}

impl PersonRow {
    fn person(self) -> Person {
        let User { id, name, kind, colour } = user(self.id, self.name, &self.kind, self.colour);
        // Presence is not stored.
        Person { id, name, kind, role: server_role(&self.role), colour, seen_at: self.seen_at, online: false }
    }
}

/// A page of at most `limit` people, of rows that were read by name up to one beyond the limit: that one tells whether there
/// is another page.
pub(in super::super) fn people_page(mut rows: Vec<PersonRow>, limit: u32) -> PeoplePage {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| !is_last).map(|row| row.shown_key.clone());
    PeoplePage { people: rows.into_iter().map(PersonRow::person).collect(), next }
}
