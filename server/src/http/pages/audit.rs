//! `/audit`.

use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{AuditPage, FormState},
};

use super::{AUDIT, request::PageRequest, respond::PageResult};
use crate::http::{QueryParams, moderation::AuditQuery};

/// `GET /audit`
pub(super) async fn show(request: PageRequest, QueryParams(query): QueryParams<AuditQuery>) -> PageResult {
    let log = request.app.services.audit_log(&request.caller, query.before).await?;
    let (entries, older, is_first) = (log.entries, log.older, query.before.is_none());
    let page = || view! { <AuditPage entries older is_first /> };
    Ok(request.page(AUDIT.into(), request.i18n.t(Key::AuditLog), FormState::default(), page))
}
