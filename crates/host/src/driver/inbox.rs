//! What comes from the service.

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_types::order::{Opening, Query, QueryAnswer, Question};
use mainstay_types::{ClusterId, OperationId, ResourceId, Status};
use std::time::Instant;

use super::resource::Standing;
use super::{Action, Call, HostCore, QUERIES_MAX};

impl HostCore {
    /// A message came. What a connection says that is not the newest is not heard.
    pub fn handle_message(&mut self, connection: u64, message: ToHost, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if let ToHost::Hello { version, cluster, session } = message {
            self.greet(connection, (version, cluster, session), now, &mut actions);
            return actions;
        }
        if self.connection != Some(connection) {
            let reason = "this connection has said no Hello, or a newer one has taken its place".to_owned();
            actions.push(Action::Dismiss { connection, message: Some(FromHost::Refused { reason }) });
            return actions;
        }
        match message {
            ToHost::Hello { .. } => {}
            ToHost::Order(_) if self.reports.is_full() => {
                // It learns everything anew when it connects again.
                let reason = "too many reports are not acknowledged".to_owned();
                actions.push(Action::Dismiss { connection, message: Some(FromHost::Refused { reason }) });
                self.connection = None;
            }
            ToHost::Order(order) => self.handle_order(order, now, &mut actions),
            ToHost::Query(query) => self.handle_query(connection, query, now, &mut actions),
            ToHost::Configure { resource, opening } => {
                self.handle_configure(resource, *opening, now, &mut actions);
            }
            ToHost::Acknowledge { sequence } => self.handle_acknowledged(sequence, &mut actions),
            ToHost::NotKept { sequence, cause } => self.handle_not_kept(sequence, cause, &mut actions),
            ToHost::Ping { nonce } => self.send(FromHost::Pong { nonce }, &mut actions),
            ToHost::Exit => {
                if self.resources.is_empty() {
                    actions.push(Action::Exit);
                }
            }
        }
        actions
    }

    /// A connection has ended. Resources go on.
    pub fn handle_disconnected(&mut self, connection: u64) {
        if self.connection == Some(connection) {
            self.connection = None;
        }
    }

    fn greet(
        &mut self,
        connection: u64,
        (version, cluster, session): (u32, ClusterId, u64),
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let refusal = if version < mainstay_ipc::VERSION_OLDEST {
            let needed = mainstay_ipc::VERSION_OLDEST;
            Some(format!("the service speaks version {version}, and this host needs {needed}"))
        } else if cluster != self.cluster {
            Some(format!("this is a host of cluster {}, not of {cluster}", self.cluster))
        } else if session < self.session {
            Some(format!("session {session} is older than {}, which this host has seen", self.session))
        } else {
            None
        };
        if let Some(reason) = refusal {
            actions.push(Action::Dismiss { connection, message: Some(FromHost::Refused { reason }) });
            return;
        }
        if let Some(older) = self.connection.replace(connection).filter(|older| *older != connection) {
            actions.push(Action::Dismiss { connection: older, message: None });
        }
        self.session = session;
        let welcome = FromHost::Welcome {
            version: version.min(mainstay_ipc::VERSION),
            host: self.host,
            pid: self.pid,
            held: self.resources.iter().map(|(resource, held)| held.describe(*resource, now)).collect(),
            newest: self
                .newest
                .iter()
                .map(|(node, number)| OperationId { node: *node, number: *number })
                .collect(),
        };
        self.send(welcome, actions);
        let kept = self.reports.kept().cloned().map(FromHost::Report);
        actions.extend(kept.map(|message| Action::Send { connection, message }));
    }

    fn handle_configure(
        &mut self,
        resource: ResourceId,
        opening: Opening,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        // A group is changed by Close and Open only: the leaf is in its slice.
        held.opening =
            Opening { group: held.group, recover: false, online_for_ms: None, borne: None, ..opening };
        held.reconfigure = true;
        if held.standing == Standing::Online && held.running.is_none() {
            held.schedule_checks(now);
        }
        self.pump(resource, now, actions);
    }

    fn handle_query(&mut self, connection: u64, query: Query, now: Instant, actions: &mut Vec<Action>) {
        let Query { id, question } = query;
        let refused = |status: Status, text: &str| QueryAnswer {
            id,
            status,
            output: Vec::new(),
            output_length_needed: 0,
            text: text.to_owned(),
        };
        if self.queries >= QUERIES_MAX {
            let answer = refused(Status::BUSY, "the host has too many questions to answer");
            return self.send(FromHost::Answer(answer), actions);
        }
        let (resource, call) = match question {
            Question::CheckOffline { resource, flags, buffer } => {
                (Some(resource), Call::CheckOffline { query: id, flags, buffer })
            }
            Question::ResourceControl { resource, code, input, output_length_max } => {
                (Some(resource), Call::ResourceControl { query: id, code, input, output_length_max })
            }
            Question::TypeControl { type_name, library, code, input, output_length_max } => {
                (None, Call::TypeControl { query: id, type_name, library, code, input, output_length_max })
            }
        };
        let open = |resource| {
            self.resources
                .get(&resource)
                .is_some_and(|held| held.standing != Standing::Opening && !held.is_closing())
        };
        if resource.is_some_and(|resource| !open(resource)) {
            let status = Status::RESOURCE_NOT_AVAILABLE;
            let answer = refused(status, "the resource is not open in this host");
            return self.send(FromHost::Answer(answer), actions);
        }
        self.queries += 1;
        self.issue(resource, call, Some(now), Some(connection), actions);
    }
}
