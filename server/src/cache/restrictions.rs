//! The active bans and mutes, in memory: they are checked on each request and each message, and expire by themselves.

use std::{collections::HashMap, net::IpAddr};

use parlor_protocol::{Millis, RoomId, UserId};

use crate::{
    domain::{Ban, Mutes},
    limits::network,
};

#[derive(Debug, Default)]
pub(super) struct Restrictions {
    bans: HashMap<UserId, BanEntry>,
    mutes: HashMap<UserId, Vec<Mute>>,
}

#[derive(Clone, Copy, Debug)]
struct BanEntry {
    ban: Ban,
    network: Option<IpAddr>,
}

#[derive(Clone, Debug)]
struct Mute {
    /// None on the whole server.
    room: Option<RoomId>,
    until: Millis,
}

fn is_active(ban: Ban, now: Millis) -> bool {
    ban.until.is_none_or(|until| until > now)
}

impl Restrictions {
    pub(super) fn ban_of(&self, user: UserId, now: Millis) -> Option<Ban> {
        if self.bans.is_empty() {
            return None;
        }
        self.bans.get(&user).map(|entry| entry.ban).filter(|ban| is_active(*ban, now))
    }

    /// The ban on an address that expires last.
    pub(super) fn address_ban(&self, address: IpAddr, now: Millis) -> Option<Ban> {
        let network = network(address);
        let bans = self.bans.values().filter(|entry| entry.network == Some(network)).map(|entry| entry.ban);
        bans.filter(|ban| is_active(*ban, now)).max_by_key(|ban| ban.until.unwrap_or(Millis::MAX))
    }

    pub(super) fn mutes_of(&self, user: UserId, room: &RoomId, now: Millis) -> Mutes {
        if self.mutes.is_empty() {
            return Mutes::default();
        }
        let Some(mutes) = self.mutes.get(&user) else { return Mutes::default() };
        let until = |room: Option<&RoomId>| {
            let mute = mutes.iter().find(|mute| mute.room.as_ref() == room && mute.until > now);
            mute.map(|mute| mute.until)
        };
        Mutes { server: until(None), room: until(Some(room)) }
    }

    pub(super) fn ban(&mut self, user: UserId, until: Option<Millis>, address: Option<IpAddr>, now: Millis) {
        self.forget_expired(now);
        self.bans.insert(user, BanEntry { ban: Ban { until }, network: address.map(network) });
    }

    pub(super) fn lift(&mut self, user: UserId) {
        self.bans.remove(&user);
    }

    pub(super) fn mute(&mut self, user: UserId, room: Option<RoomId>, until: Millis, now: Millis) {
        self.forget_expired(now);
        self.unmute(user, room.as_ref());
        self.mutes.entry(user).or_default().push(Mute { room, until });
    }

    pub(super) fn unmute(&mut self, user: UserId, room: Option<&RoomId>) {
        if let Some(mutes) = self.mutes.get_mut(&user) {
            mutes.retain(|mute| mute.room.as_ref() != room);
        }
    }

    fn forget_expired(&mut self, now: Millis) {
        self.bans.retain(|_, entry| is_active(entry.ban, now));
        self.mutes.retain(|_, mutes| {
            mutes.retain(|mute| mute.until > now);
            !mutes.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    fn someone(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    #[test]
    fn restrictions_expire() {
        let (ann, bob, lobby) = (someone(1), someone(2), RoomId::lobby());
        let mut all = Restrictions::default();
        all.ban(ann, Some(100), None, 0);
        all.ban(bob, None, None, 0);
        all.mute(ann, None, 50, 0);
        all.mute(ann, Some(lobby.clone()), 80, 0);
        assert_eq!(all.mutes_of(ann, &lobby, 49), Mutes { server: Some(50), room: Some(80) });
        assert_eq!(all.mutes_of(ann, &lobby, 50).until(), Some(80));
        assert_eq!(all.mutes_of(ann, &"other".into(), 50).until(), None);
        assert_eq!(all.ban_of(ann, 99), Some(Ban { until: Some(100) }));
        assert_eq!((all.ban_of(ann, 100), all.ban_of(bob, Millis::MAX)), (None, Some(Ban { until: None })));
        // Expired ones are not kept.
        all.mute(bob, None, 300, 200);
        assert_eq!((all.bans.len(), all.mutes.len()), (1, 1));
    }

    #[test]
    fn an_address_is_banned_while_any_ban_on_it_is_active() {
        let (one, neighbour): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        let mut all = Restrictions::default();
        all.ban(someone(1), Some(100), Some(one), 0);
        all.ban(someone(2), None, Some(neighbour), 0);
        assert_eq!(all.address_ban(neighbour, 0), Some(Ban { until: None }));
        all.lift(someone(2));
        assert_eq!(all.address_ban(neighbour, 0), Some(Ban { until: Some(100) }), "one /64");
        assert_eq!(all.address_ban(one, 100), None);
        assert_eq!(all.address_ban("2001:db8:1::1".parse().unwrap(), 0), None);
    }
}
