//! Elements that one component opens and another one contains: drawers and dialogs.

use leptos::{html, prelude::*};

/// Provided by context, so that no component has to look for an element by its id.
#[derive(Clone, Copy)]
pub struct Layout {
    pub rooms: NodeRef<html::Nav>,
    pub people: NodeRef<html::Aside>,
    pub new_room: NodeRef<html::Dialog>,
    pub switcher: NodeRef<html::Dialog>,
    /// Whether the people column is shown where there is space for it.
    pub people_shown: RwSignal<bool>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            rooms: NodeRef::new(),
            people: NodeRef::new(),
            new_room: NodeRef::new(),
            switcher: NodeRef::new(),
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
        show(self.new_room);
    }

    pub fn open_switcher(self) {
        self.close_rooms();
        show(self.switcher);
    }
}

/// Opens a dialog as modal, unless it is open.
pub fn show(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked().filter(|dialog| !dialog.open()) {
        let _ = dialog.show_modal();
    }
}

pub fn close(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
}
