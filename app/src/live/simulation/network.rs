//! The network: frames in both directions, and what happens to them.

use super::*;

impl World {
    pub(super) fn connect(&mut self, at: usize) {
        let tab = &mut self.tabs[at];
        if tab.connection.is_none() && tab.connect_at <= self.now {
            let up = VecDeque::from([tab.state.hello()]);
            tab.connection = Some(Connection { up, since: self.now, ..Connection::default() });
        }
    }

    /// Cuts the connection; the frames in flight are lost.
    pub(super) fn cut(&mut self, at: usize, random: f64) {
        let tab = &mut self.tabs[at];
        let Some(connection) = tab.connection.take() else { return };
        let Next::Wait(ms) = tab.backoff.next_attempt(1006, None, self.now - connection.since, random) else {
            unreachable!("a cut is no reason to stay away")
        };
        assert!(ms <= 30_000);
        tab.connect_at = self.now + Millis::from(ms);
        tab.outgoing.clear();
        let effects = tab.state.disconnected();
        self.act(at, effects);
    }

    pub(super) fn broadcast(&mut self, event: &Event) {
        for tab in &mut self.tabs {
            if let Some(connection) = tab.connection.as_mut().filter(|open| open.joined.contains(&event.room)) {
                connection.down.push_back(ServerFrame::Event(event.clone()));
            }
        }
    }

    /// The server receives one frame.
    pub(super) fn up(&mut self, at: usize) {
        let Some(connection) = &mut self.tabs[at].connection else { return };
        match connection.up.pop_front() {
            Some(ClientFrame::Hello { resume, .. }) => {
                let rooms = self.server.rooms.keys().map(|room| summary(&self.server, room)).collect();
                connection.down.push_back(ServerFrame::Welcome {
                    protocol: PROTOCOL_VERSION,
                    you: person(1),
                    role: ServerRole::Guest,
                    server: ServerInfo { name: "model".into(), version: "0".into(), build: String::new() },
                    now: self.now,
                    heartbeat_ms: 25_000,
                    rooms,
                });
                resume.iter().for_each(|cursor| join(&self.server, connection, cursor));
            }
            Some(ClientFrame::Join(cursor)) => join(&self.server, connection, &cursor),
            Some(frame @ (ClientFrame::Send { .. } | ClientFrame::Edit { .. } | ClientFrame::React { .. })) => {
                let (id, room) = match &frame {
                    ClientFrame::Send { id, room, .. }
                    | ClientFrame::Edit { id, room, .. }
                    | ClientFrame::React { id, room, .. } => (*id, room.clone()),
                    _ => return,
                };
                let refuse = |code: &str, retry_after_ms| ServerFrame::Refused {
                    id: Some(id.to_string()),
                    room: Some(room.clone()),
                    code: code.into(),
                    message: "no".into(),
                    retry_after_ms,
                };
                if self.server.busy > 0 {
                    self.server.busy -= 1;
                    return connection.down.push_back(refuse(error_code::UNAVAILABLE, Some(100)));
                }
                if !self.server.known.contains_key(&id) && self.server.refuses(id) {
                    return connection.down.push_back(refuse(error_code::TOO_LONG, None));
                }
                let is_change = !matches!(frame, ClientFrame::Send { .. });
                if is_change && self.server.messages(&room).iter().all(|message| !changes(&frame, message.id)) {
                    return connection.down.push_back(refuse(error_code::NOT_FOUND, None));
                }
                if matches!(frame, ClientFrame::React { .. }) {
                    return self.take_reaction(at, &frame);
                }
                // The order in which they are taken counts: one that was typed earlier in another tab may be stored in
                // between, and a refused one may be sent again by a tab that does not know of the refusal.
                let tab = &mut self.tabs[at];
                // A message that the server has from another tab already has its place in the log.
                if self.server.known.contains_key(&id) && !tab.sent.contains(&id) {
                    let log = tab.taken_over.entry(id).or_insert_with(|| ClientLog::new(format!("{id} once more")));
                    log.sent(&room, id);
                } else {
                    tab.sent.insert(id);
                    tab.log.sent(&room, id);
                }
                let stored = match &frame {
                    ClientFrame::Send { body, .. } => Some(self.server.append(&room, id, body, &person(1))),
                    change => self.server.change(change, &person(1)),
                };
                let Some((seq, event)) = stored else { return };
                let ack = ServerFrame::Ack { id, room, seq, at: self.now };
                // Both orders are allowed.
                let event_first = self.now % 2 == 0;
                if event_first && let Some(event) = &event {
                    self.broadcast(event);
                }
                if let Some(connection) = &mut self.tabs[at].connection {
                    connection.down.push_back(ack);
                }
                if !event_first && let Some(event) = &event {
                    self.broadcast(event);
                }
            }
            _ => {}
        }
    }

    /// Reactions are not in the outbox: a tab sends each at most once.
    fn take_reaction(&mut self, at: usize, frame: &ClientFrame) {
        let ClientFrame::React { id, room, .. } = frame else { return };
        let Some((seq, event)) = self.server.change(frame, &person(1)) else { return };
        if let Some(event) = &event {
            self.tabs[at].sent.insert(*id);
            self.tabs[at].log.sent(room, *id);
            self.broadcast(event);
        }
        if let Some(connection) = &mut self.tabs[at].connection {
            connection.down.push_back(ServerFrame::Ack { id: *id, room: room.clone(), seq, at: self.now });
        }
    }

    /// The tab receives one frame.
    pub(super) fn down(&mut self, at: usize) {
        let tab = &mut self.tabs[at];
        let Some(frame) = tab.connection.as_mut().and_then(|connection| connection.down.pop_front()) else { return };
        match &frame {
            ServerFrame::Ack { id, room, seq, .. } if tab.sent.contains(id) => tab.log.acked(room, *id, *seq),
            ServerFrame::Ack { id, room, seq, .. } => {
                if let Some(log) = tab.taken_over.get_mut(id) {
                    log.acked(room, *id, *seq);
                }
            }
            // It has nothing that the server does not have now.
            ServerFrame::Joined { room, .. } => drop(tab.epochs.insert(room.clone(), self.server.earlier.len())),
            ServerFrame::Gap { room, reason: GapReason::HistoryChanged, .. } => {
                tab.enter(room, self.server.earlier.len());
            }
            _ => {}
        }
        let event = match &frame {
            ServerFrame::Event(event) => Some((event.room.clone(), event.seq, event.id)),
            _ => None,
        };
        let before = event.as_ref().map(|(room, ..)| tab.state.open[room].timeline.head());
        let effects = tab.state.apply(frame, self.now);
        if let Some((room, seq, id)) = event
            && before != Some(tab.state.open[&room].timeline.head())
        {
            tab.log.event(&room, seq, id);
        }
        self.act(at, effects);
    }

    /// What the session does when it is idle.
    pub(super) fn ready(&mut self, at: usize) {
        let tab = &mut self.tabs[at];
        while let Some(frame) = tab.outgoing.pop_front() {
            if let Some(connection) = &mut tab.connection {
                connection.up.push_back(frame);
            }
        }
        let (frames, effects) = tab.state.take_sendable(self.now);
        for frame in frames {
            if let Some(connection) = &mut tab.connection {
                connection.up.push_back(frame);
            }
        }
        self.act(at, effects);
    }

    /// The client's queue on the server overflows (G5): it is dropped, and `gap` is sent instead.
    pub(super) fn overflow(&mut self, at: usize) {
        let Some(connection) = &mut self.tabs[at].connection else { return };
        let lost = std::mem::take(&mut connection.down);
        // The queue is never full before the welcome.
        if connection.joined.is_empty() && connection.gapped.is_empty() || has_welcome(&lost) {
            connection.down = lost;
            return;
        }
        let mut rooms = std::mem::take(&mut connection.joined);
        rooms.append(&mut connection.gapped);
        for room in rooms {
            let head = self.server.head(&room);
            connection.down.push_back(ServerFrame::Gap {
                room: room.clone(),
                reason: GapReason::Overflow,
                after: head,
                head,
            });
            connection.gapped.insert(room);
        }
    }
}

/// Whether a command changes a message.
fn changes(frame: &ClientFrame, id: CommandId) -> bool {
    matches!(frame, ClientFrame::Edit { message, .. } | ClientFrame::React { message, .. } if *message == id)
}
