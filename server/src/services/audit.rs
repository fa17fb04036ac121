//! The audit log: who did what to whom.

use std::collections::HashMap;

use parlor_protocol::{
    http::{AuditEntry, AuditPage},
    limits,
    policy::ServerAction,
};

use super::{Caller, Result, Services};

/// A page of the audit log, with the names of rooms.
#[derive(Clone, Debug)]
pub struct AuditLog {
    /// The newest entry first, each with the name of its room when the caller may see that room.
    pub entries: Vec<(AuditEntry, Option<String>)>,
    /// `before` for the next page; none on the last one.
    pub older: Option<i64>,
}

impl Services {
    /// Entries of the audit log with ids below `before`, the newest first.
    ///
    /// # Errors
    /// The caller may not read it.
    pub async fn list_audit_entries(
        &self,
        caller: &Caller,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<AuditPage> {
        self.require(caller, ServerAction::Audit)?;
        let limit = limit.unwrap_or(limits::AUDIT_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
        Ok(AuditPage { entries: self.store.audit(before, limit).await? })
    }

    /// A page of the audit log for people to read.
    ///
    /// # Errors
    /// The caller may not read it.
    pub async fn audit_log(&self, caller: &Caller, before: Option<i64>) -> Result<AuditLog> {
        // One more than a page tells whether there is another one.
        let AuditPage { mut entries } =
            self.list_audit_entries(caller, before, Some(limits::AUDIT_PAGE_SIZE + 1)).await?;
        let page_size = limits::AUDIT_PAGE_SIZE as usize;
        let has_more = entries.len() > page_size;
        entries.truncate(page_size);
        let older = entries.last().map(|entry| entry.id).filter(|_| has_more);
        let mut names = HashMap::new();
        for room in entries.iter().filter_map(|entry| entry.room.as_ref()) {
            if !names.contains_key(room)
                && let Ok(details) = self.room_details(caller, room).await
            {
                names.insert(room.clone(), details.summary.name);
            }
        }
        let named = |entry: AuditEntry| {
            let name = entry.room.as_ref().and_then(|room| names.get(room).cloned());
            (entry, name)
        };
        Ok(AuditLog { entries: entries.into_iter().map(named).collect(), older })
    }
}
