//! Looks for a better way beside the one there is, and changes over.

use parlor_protocol::{Millis, ServerFrame};

use super::Session;
use crate::{
    clock,
    live::{
        state::State,
        transport::Incoming,
        upgrade_probe::{Step, UpgradeProbe},
    },
};

impl Session<'_> {
    /// Tries the next rung upward, if there is one that was not tried in this attempt.
    pub(super) fn climb_on(&mut self, now: Millis) {
        let mut tried = self.climb.take().map(|climb| climb.rung);
        while let Some(rung) = self.ladder.upper(tried) {
            self.climb = UpgradeProbe::begin(rung, now);
            if self.climb.is_some() {
                return;
            }
            tried = Some(rung);
        }
        self.ladder.climb_failed(now);
    }

    /// News of the connection beside this one.
    pub(super) fn beside(&mut self, incoming: Incoming) {
        let now = clock::now();
        let Some(climb) = &mut self.climb else { return };
        match climb.take(incoming, now) {
            Step::Wait => {}
            Step::Greet => {
                if let Some(hello) = self.client.read(|state| Some(state.hello())) {
                    climb.greet(hello);
                }
            }
            Step::Proven(welcome) => self.change_over(*welcome, now),
            Step::Failed => self.climb_on(now),
        }
    }

    /// The connection beside this one takes its place. What was on the old one's wire goes again, under the same ids; what
    /// both have brought is taken once.
    pub(super) fn change_over(&mut self, welcome: ServerFrame, now: Millis) {
        let Some(climb) = self.climb.take() else { return };
        self.transport = climb.transport;
        self.rung = climb.rung;
        self.bye = None;
        self.answer_by = None;
        self.heard = now;
        self.client.change(State::disconnected);
        if let Some(hello) = climb.hello {
            self.client.note(&mut |vitals| vitals.greeted(&hello, now));
        }
        self.frame(welcome);
        climb.joined.iter().for_each(|join| self.say(join));
    }
}
