//! The invariants: at any time, and when everything has settled.

use super::*;

impl World {
    /// Lets everything work until nothing is pending.
    pub(super) fn heal(&mut self) {
        self.server.busy = 0;
        self.server.angry = 0;
        for round in 0..4_000 {
            self.now += 1_000;
            let mut quiet = true;
            for at in 0..self.tabs.len() {
                self.connect(at);
                for room in ROOMS.map(RoomId::from) {
                    let effects = self.tabs[at].state.scrolled(&room, true, true, None);
                    self.act(at, effects);
                }
                for _ in 0..40 {
                    self.ready(at);
                    self.up(at);
                    self.down(at);
                    self.work(at);
                    self.load(at, false);
                }
                self.check();
                let tab = &self.tabs[at];
                let open = tab.connection.as_ref().is_some_and(|open| open.up.is_empty() && open.down.is_empty());
                quiet &= open && tab.work.is_empty() && tab.loads.is_empty() && tab.outgoing.is_empty();
                quiet &= tab.state.outbox.unsent(None).waiting == 0;
                quiet &= tab.state.open.iter().all(|(_, room)| !room.timeline.is_detached());
            }
            if quiet && round > 3 {
                return;
            }
        }
        panic!(
            "never quiet: {:?}",
            self.tabs.iter().map(|tab| (&tab.state, &tab.work, &tab.loads)).collect::<Vec<_>>()
        );
    }

    /// Checks what holds at any time.
    pub(super) fn check(&self) {
        let mut on_the_wire = BTreeSet::new();
        for tab in &self.tabs {
            for (id, room) in tab.state.open.iter() {
                let seqs: Vec<_> = room.timeline.messages().map(|message| message.seq).collect();
                // In one of the server's histories, there are only changes between two messages.
                let has_no_hole = |rooms: &BTreeMap<RoomId, Vec<Event>>| {
                    let is_message = |event: &&Event| matches!(event.event, EventKind::Message { .. });
                    let messages = rooms[id].iter().filter(is_message).map(|event| event.seq);
                    let between = messages.filter(|seq| seqs.first() <= Some(seq) && Some(seq) <= seqs.last());
                    between.eq(seqs.iter().copied())
                };
                let mut histories = self.earlier_events.iter().chain([&self.server.rooms]);
                let consecutive = seqs.windows(2).all(|pair| pair[1] == pair[0] + 1);
                assert!(consecutive || histories.any(has_no_hole), "a hole in {id}: {seqs:?}");
                for item in tab.state.outbox.of(id) {
                    if item.delivery == Delivery::Sent {
                        assert!(on_the_wire.insert(item.message.id), "two tabs are sending {}", item.message.id);
                        // Another tab may have seen its event, and removed it.
                        let stored =
                            self.server.known.contains_key(&item.message.id) || !self.server.earlier.is_empty();
                        assert!(stored || self.disk.contains_key(&item.message.id), "sent before it was stored");
                    }
                }
            }
        }
    }

    /// Checks what holds in the end.
    pub(super) fn judge(mut self) {
        let restored = !self.server.earlier.is_empty();
        for tab in &self.tabs {
            for (id, room) in tab.state.open.iter() {
                let shown: Vec<_> = room.timeline.messages().map(|message| Message::clone(message)).collect();
                let log = self.server.messages(id);
                assert!(log.ends_with(&shown), "what is shown is not the end of {id}: {shown:#?} {log:#?}");
                assert_eq!(room.timeline.head(), self.server.head(id));
                assert!(!shown.is_empty() || log.is_empty());
            }
        }
        for (id, (room, before)) in &self.typed {
            let stored = self.server.known.get(id);
            if self.withdrawn.contains(id) {
                assert!(stored.is_none(), "sent although it was withdrawn");
                continue;
            }
            if self.failed.contains(id) || restored {
                continue;
            }
            let Some((_, seq)) = stored else { panic!("{id} is lost") };
            let given_up = |id| self.failed.contains(id) || self.withdraw_requested.contains(id);
            for earlier in before.iter().filter(|other| !given_up(other)) {
                let place = self.server.known.get(earlier).map(|(_, seq)| *seq);
                assert!(place.is_none_or(|place| place < *seq), "{id} of {room} has overtaken {earlier}");
            }
        }
        assert!(self.disk.values().all(|stored| stored.failed.is_some()), "left in the storage: {:?}", self.disk);
        let mut epochs = std::mem::take(&mut self.server.earlier).into_iter();
        let history = match epochs.next() {
            None => History::new(self.server.logs()),
            Some(first) => {
                let history = epochs.fold(History::new(first), History::then);
                history.then(self.server.logs())
            }
        };
        self.ended.extend(self.tabs.iter_mut().flat_map(|tab| std::mem::take(&mut tab.taken_over).into_values()));
        let mut logs: Vec<_> = self.tabs.into_iter().map(|tab| tab.log).collect();
        if restored {
            logs.iter_mut().for_each(ClientLog::forget_first_sendings);
        }
        if let Err(violations) = check_complete(&history.clone().others_wrote(), &logs) {
            panic!("{violations}");
        }
        // Tabs that were closed need not have seen everything.
        logs.extend(self.ended);
        if restored {
            logs.iter_mut().for_each(ClientLog::forget_first_sendings);
        }
        logs.push(self.others);
        if let Err(violations) = parlor_faults::checker::check(&history, &logs) {
            panic!("{violations}");
        }
    }
}
