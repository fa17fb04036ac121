//! Pages with forms: signing in, the own account, people, room settings, the audit log. The server renders them as documents
//! that need no scripts, and the chat shows them over itself ([`crate::components::server_page`]). None of this code is in the
//! wasm.

#![allow(unreachable_pub, reason = "`#[component]` makes the properties of private components `pub`")]
#![allow(clippy::needless_pass_by_value, reason = "components own their properties")]

mod account;
mod audit;
mod auth;
mod elements;
mod fields;
mod form;
mod layout;
mod members;
mod people;
mod person;
mod room;
mod settings;
mod setup;

pub use account::{AccountDetails, AccountPage};
pub use audit::{AuditPage, has_audit_text};
pub use auth::{InvitationState, ResetPage, SignInPage, SignUpDetails, SignUpPage};
pub use elements::Clock;
pub use form::{FormError, FormState};
pub use layout::{ErrorPage, Layout, NavLinks};
pub use members::{MemberList, MemberRow};
pub use people::{BanRow, BansPage, PeoplePage, PersonRow};
pub use person::{BanDetails, PersonDetails, PersonPage};
pub use room::{RoomDetails, RoomPermissions, RoomSettingsPage};
pub use settings::SettingsPage;
pub use setup::{SetupPage, SetupStep};
