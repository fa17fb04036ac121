//! Ids and keys of rooms, by which they are unique.

use parlor_protocol::{RoomId, UserId};
use rand::Rng;
use sha2::{Digest, Sha256};

/// The key of a public room's name: names cannot differ by case alone.
pub(super) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// The key of a room whose name is not unique.
pub(super) fn unlisted_key(room: &RoomId) -> String {
    format!("id:{room}")
}

/// The key of a direct room: the same users have the same one, in any order.
pub(super) fn people_key(users: &[UserId]) -> [u8; 32] {
    let mut ids: Vec<_> = users.iter().map(|user| user.0).collect();
    ids.sort_unstable();
    let mut digest = Sha256::new();
    ids.iter().for_each(|id| digest.update(id.as_bytes()));
    digest.finalize().into()
}

/// Ten characters of 32: short enough for an address, too many to guess or to collide.
pub(super) fn new_room_id() -> RoomId {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    let id: String = (0..10).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
    RoomId::from(id)
}
