//! Elements that one component opens and another one contains: drawers and dialogs.

use leptos::{html, prelude::*};

use super::lazy::LazyDialog;

/// Provided by context, so that no component has to look for an element by its id.
#[derive(Clone, Copy)]
pub struct Layout {
    pub rooms: NodeRef<html::Nav>,
    pub people: NodeRef<html::Aside>,
    pub new_room: LazyDialog,
    pub switcher: LazyDialog,
    pub invite: LazyDialog,
    /// Whether the people column is shown where there is space for it.
    pub people_shown: RwSignal<bool>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            rooms: NodeRef::new(),
            people: NodeRef::new(),
            new_room: LazyDialog::default(),
            switcher: LazyDialog::default(),
            invite: LazyDialog::default(),
            people_shown: RwSignal::new(true),
        }
    }
}

impl Layout {
    /// Closes the room list where it is a drawer.
    pub fn close_rooms(self) {
        if let Some(drawer) = self.rooms.get_untracked() {
            // Fails in browsers without popovers, which have nothing to close.
            let _ = drawer.hide_popover();
        }
    }

    /// Closes the room list and the people where they are drawers.
    pub fn close_drawers(self) {
        self.close_rooms();
        if let Some(drawer) = self.people.get_untracked() {
            let _ = drawer.hide_popover();
        }
    }

    pub fn open_new_room(self) {
        self.close_rooms();
        self.new_room.open();
    }

    pub fn open_switcher(self) {
        self.close_rooms();
        self.switcher.open();
    }

    pub fn open_invite(self) {
        self.close_drawers();
        self.invite.open();
    }
}
