//! Both ends against each other, in memory.

mod auth;
mod bind;
mod bytes;
mod calls;

use std::sync::Arc;

use super::client::{self, ClientAssociation};
use super::server::{self, Call, ServerAssociation, ServerConfig};
use crate::Limits;
use crate::oracle::INTERFACE;
use crate::pdu::{Body, Header, Pdu};

/// A client and a server with a wire between them that carries as many bytes at a time as it is told to.
pub(super) struct Pair {
    pub(super) client: ClientAssociation,
    pub(super) server: ServerAssociation,
    /// Bytes carried at a time, over and over.
    chunks: Box<dyn Iterator<Item = usize>>,
    /// Calls that have come in and are not answered.
    pub(super) calls: Vec<Call>,
    pub(super) cancelled: Vec<u32>,
    pub(super) server_end: Option<super::ProtocolError>,
    pub(super) client_events: Vec<client::Event>,
}

pub(super) fn server(limits: Limits) -> ServerAssociation {
    let config = ServerConfig { interfaces: vec![INTERFACE], secondary_address: "135".to_owned(), limits };
    ServerAssociation::new(Arc::new(config), 77)
}

impl Pair {
    pub(super) fn new(client: Limits, server: Limits, chunks: Vec<usize>) -> Self {
        Self {
            client: ClientAssociation::new(client),
            server: self::server(server),
            chunks: Box::new(chunks.into_iter().cycle()),
            calls: Vec::new(),
            cancelled: Vec::new(),
            server_end: None,
            client_events: Vec::new(),
        }
    }

    /// The same, with the bind done.
    pub(super) fn bound(client: Limits, server: Limits, chunks: Vec<usize>) -> Self {
        let mut pair = Self::new(client, server, chunks);
        pair.client.bind(INTERFACE);
        pair.drive();
        assert_eq!(std::mem::take(&mut pair.client_events), [client::Event::Bound]);
        pair
    }

    /// Carries bytes both ways until nothing moves.
    pub(super) fn drive(&mut self) {
        while self.carry_to_server() | self.carry_to_client() {}
    }

    fn carry_to_server(&mut self) -> bool {
        let wire = self.client.output();
        let count = self.chunks.next().unwrap().min(wire.len());
        self.server.handle_input(&wire[..count]);
        self.client.consume_output(count);
        while let Some(event) = self.server.poll() {
            match event {
                server::Event::Call(call) => self.calls.push(call),
                server::Event::Cancelled { call_id } => self.cancelled.push(call_id),
                server::Event::Closed(error) => assert_eq!(self.server_end.replace(error), None),
            }
        }
        count > 0
    }

    fn carry_to_client(&mut self) -> bool {
        let wire = self.server.output();
        let count = self.chunks.next().unwrap().min(wire.len());
        self.client.handle_input(&wire[..count]);
        self.server.consume_output(count);
        self.client_events.extend(std::iter::from_fn(|| self.client.poll()));
        count > 0
    }
}

/// Cuts what was sent into its PDUs.
pub(super) fn pdus(mut sent: &[u8]) -> Vec<Pdu<'_>> {
    let mut all = Vec::new();
    while !sent.is_empty() {
        let length = usize::from(Header::decode(sent).unwrap().fragment_length);
        let (fragment, rest) = sent.split_at(length);
        all.push(Pdu::decode(fragment).unwrap());
        sent = rest;
    }
    all
}

/// The one PDU that was sent.
pub(super) fn only_body(sent: &[u8]) -> Body<'_> {
    let mut all = pdus(sent);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).body
}
