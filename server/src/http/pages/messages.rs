//! Errors and notices in the reader's language.

use parlor_app::i18n::{I18n, Key};
use parlor_protocol::{error_code, limits, validate::ValidationError};

use crate::{
    http::ApiError,
    picture::PictureError,
    services::{Field, ServiceError, WeakPassword},
};

/// What forms did, by the codes that stand in addresses.
const NOTICES: [(&str, Key); 24] = [
    ("name", Key::NameSaved),
    ("colour", Key::ColourSaved),
    ("password", Key::PasswordChanged),
    ("session", Key::SessionRevoked),
    ("sessions", Key::OtherSessionsRevoked),
    ("invite", Key::InvitationRevoked),
    ("deleted", Key::AccountDeleted),
    ("role", Key::RoleChanged),
    ("muted", Key::UserMuted),
    ("unmuted", Key::UserUnmuted),
    ("banned", Key::UserBanned),
    ("lifted", Key::UserUnbanned),
    ("changed", Key::RoomSaved),
    ("level", Key::NotificationsSaved),
    ("archived", Key::RoomArchived),
    ("reopened", Key::RoomUnarchived),
    ("added", Key::MemberAddedNotice),
    ("removed", Key::MemberRemovedNotice),
    ("appointed", Key::ModeratorAddedNotice),
    ("dismissed", Key::ModeratorRemovedNotice),
    ("owner", Key::OwnerChangedNotice),
    ("signed-out", Key::SessionsEndedNotice),
    ("settings", Key::ServerSettingsSaved),
    ("picture", Key::PictureRemoved),
];

pub(super) fn notice(code: &str) -> Option<Key> {
    NOTICES.iter().find(|(known, _)| *known == code).map(|(_, notice)| *notice)
}

pub(super) fn error_text(i18n: I18n, error: &ApiError) -> String {
    match error.cause() {
        Some(ServiceError::NameTaken { suggestion: Some(name) }) => {
            i18n.format(Key::NameTakenSuggestion, &[("name", name)])
        }
        Some(ServiceError::NameTaken { suggestion: None }) => i18n.t(Key::NameTaken).to_owned(),
        Some(ServiceError::RoomNameTaken) => i18n.t(Key::RoomNameTaken).to_owned(),
        Some(ServiceError::Invalid { field: Field::Name | Field::RoomName | Field::ServerName, reason }) => {
            i18n.format(Key::InvalidName, &[("why", &i18n.validation_error(*reason))])
        }
        Some(ServiceError::Invalid { field: Field::Reason, reason: ValidationError::Empty }) => {
            i18n.t(Key::ReasonRequired).to_owned()
        }
        Some(ServiceError::Invalid { reason, .. }) => i18n.validation_error(*reason),
        Some(ServiceError::WeakPassword(weak)) => weak_password_text(i18n, *weak),
        Some(ServiceError::Picture(error)) => picture_text(i18n, *error),
        Some(ServiceError::WrongPassword) => i18n.t(Key::IncorrectPassword).to_owned(),
        Some(ServiceError::InvalidDirectPeople) => {
            i18n.format(Key::SelectionLimits, &[("n", &limits::MAX_DIRECT_PEOPLE.to_string())])
        }
        _ => match error.code() {
            error_code::RATE_LIMITED => i18n.t(Key::TooManyAttempts).to_owned(),
            code => i18n.error(code).map_or_else(|| error.message().to_owned(), str::to_owned),
        },
    }
}

fn picture_text(i18n: I18n, error: PictureError) -> String {
    match error {
        PictureError::TooLarge => i18n.t(Key::PictureTooLarge).to_owned(),
        PictureError::TooManyPixels => {
            i18n.format(Key::PictureTooManyPixels, &[("n", &limits::MAX_PICTURE_SIDE.to_string())])
        }
        PictureError::UnsupportedFormat => i18n.t(Key::PictureUnsupported).to_owned(),
        PictureError::Damaged => i18n.t(Key::PictureDamaged).to_owned(),
    }
}

fn weak_password_text(i18n: I18n, weak: WeakPassword) -> String {
    match weak {
        WeakPassword::TooShort => i18n.format(Key::PasswordTooShort, &[("n", &limits::MIN_PASSWORD_CHARS.to_string())]),
        WeakPassword::TooLong => i18n.format(Key::PasswordTooLong, &[("n", &limits::MAX_PASSWORD_BYTES.to_string())]),
        WeakPassword::Obvious => i18n.t(Key::PasswordTooCommon).to_owned(),
    }
}
