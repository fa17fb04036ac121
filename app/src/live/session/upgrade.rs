//! Probes for a better transport beside the running one, and switches over.

use parlor_protocol::{Millis, ServerFrame};

use super::Session;
use crate::{
    clock,
    live::{
        state::State,
        transport::TransportEvent,
        upgrade_probe::{ProbeStep, UpgradeProbe},
    },
};

impl Session<'_> {
    /// Probes the next better transport that this attempt has not tried.
    pub(super) fn start_next_probe(&mut self, now: Millis) {
        let mut tried = self.probe.take().map(|probe| probe.kind);
        while let Some(kind) = self.fallback.better_transport(tried) {
            self.probe = UpgradeProbe::start(kind, now);
            if self.probe.is_some() {
                return;
            }
            tried = Some(kind);
        }
        self.fallback.probe_failed(now);
    }

    pub(super) fn on_probe_event(&mut self, event: TransportEvent) {
        let now = clock::monotonic();
        let Some(probe) = &mut self.probe else { return };
        match probe.on_event(event, now) {
            ProbeStep::Wait => {}
            ProbeStep::SendHello => {
                if let Some(hello) = self.client.with_state(|state| Some(state.hello())) {
                    probe.send_hello(hello);
                }
            }
            ProbeStep::Welcomed(welcome) => self.switch_transport(*welcome, now),
            ProbeStep::Failed => self.start_next_probe(now),
        }
    }

    /// Replaces the running connection with the probe's. Unacknowledged messages are sent again under the same ids, and
    /// events that both connections brought are applied once.
    fn switch_transport(&mut self, welcome: ServerFrame, now: Millis) {
        let Some(probe) = self.probe.take() else { return };
        self.transport = probe.transport;
        self.kind = probe.kind;
        self.bye = None;
        self.pong_deadline = None;
        self.received_at = now;
        self.client.update(State::disconnected);
        if let Some(hello) = probe.hello {
            self.client.update_stats(|stats| stats.hello_sent(&hello, now));
        }
        self.on_frame(welcome);
        probe.joined.iter().for_each(|join| self.send(join));
    }
}
