//! Collections for a handful of things. The standard library's are made for many, and each kind of them is some
//! kilobytes of wasm.

use parlor_protocol::RoomId;

/// Some rooms, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSet(Vec<RoomId>);

impl RoomSet {
    /// Adds a room.
    pub fn insert(&mut self, room: RoomId) {
        if !self.0.contains(&room) {
            self.0.push(room);
        }
    }

    /// Adds rooms.
    pub fn extend(&mut self, rooms: impl IntoIterator<Item = RoomId>) {
        rooms.into_iter().for_each(|room| self.insert(room));
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all rooms out.
    pub fn take(&mut self) -> Vec<RoomId> {
        std::mem::take(&mut self.0)
    }
}

/// Something of each of some rooms, in the order in which they came.
#[derive(Clone, Debug)]
pub struct RoomMap<T>(Vec<(RoomId, T)>);

impl<T> Default for RoomMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> RoomMap<T> {
    /// What there is of a room.
    #[must_use]
    pub fn get(&self, room: &RoomId) -> Option<&T> {
        self.0.iter().find(|(id, _)| id == room).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, room: &RoomId) -> Option<&mut T> {
        self.0.iter_mut().find(|(id, _)| id == room).map(|(_, value)| value)
    }

    /// Adds a room that is not there yet.
    pub fn add(&mut self, room: RoomId, value: T) {
        self.0.push((room, value));
    }

    /// All rooms and what there is of them.
    pub fn iter(&self) -> impl Iterator<Item = &(RoomId, T)> {
        self.0.iter()
    }

    /// All rooms.
    pub fn keys(&self) -> impl Iterator<Item = &RoomId> {
        self.0.iter().map(|(id, _)| id)
    }

    /// What there is of all rooms, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

#[cfg(test)]
impl<T> std::ops::Index<&RoomId> for RoomMap<T> {
    type Output = T;

    #[allow(clippy::unwrap_used)]
    fn index(&self, room: &RoomId) -> &T {
        self.get(room).unwrap()
    }
}

/// Sorts by insertion: stable, and quick for what is short or nearly in order.
pub fn sort_by_key<T, K: PartialOrd>(items: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && key(&items[at - 1]) > key(&items[at]) {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(mut items in prop::collection::vec((0_u8..9, any::<u8>()), 0..40)) {
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by_key(&mut items, |item| item.0);
            prop_assert_eq!(items, expected);
        }
    }
}
