//! A server with a handler that does what the opnum says, and a client that can pipeline.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::future::pending;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use mainstay_rpc::association::client::{ClientAssociation, Event};
use mainstay_rpc::association::server::Call;
use mainstay_rpc::{
    ConnectOptions, FaultStatus, Interface, Limits, PeerCredentials, Refusal, Reply, Server, ServerLimits,
    SyntaxId,
};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use mainstay_rpc::oracle::INTERFACE;

/// A test that waits longer than this for an event has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with the arguments.
pub const ECHO: u16 = 0;
/// Hands the reply to the test.
pub const DEFER: u16 = 1;
/// Answers with as many bytes as the arguments say (a little-endian u32).
pub const MANY: u16 = 2;
/// Drops the reply.
pub const DROP: u16 = 3;
/// Panics.
pub const PANIC: u16 = 4;
/// Holds the connection's task up until the test lets it go on.
pub const HOLD_UP: u16 = 5;
/// Any other is unknown.
pub const UNKNOWN: u16 = 6;

/// What the handler saw.
#[derive(Debug)]
pub enum Seen {
    Connected(u32),
    Deferred { connection: u32, call: Call, reply: Reply },
    HeldUp { release: Sender<()> },
    Cancelled { connection: u32, call_id: u32 },
    Disconnected(u32),
}

pub struct Handler {
    seen: Sender<Seen>,
    connections: AtomicU32,
    refusal: Option<Refusal>,
}

impl Handler {
    fn tell(&self, seen: Seen) {
        // A test that has ended does not listen any more.
        let _ = self.seen.send(seen);
    }
}

impl Interface for Handler {
    type Connection = u32;

    fn syntax(&self) -> SyntaxId {
        INTERFACE
    }

    fn connected(&self, peer: &PeerCredentials) -> Result<u32, Refusal> {
        assert_eq!(peer.pid, rustix::process::getpid().as_raw_pid());
        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        self.tell(Seen::Connected(connection));
        Ok(connection)
    }

    fn call(&self, connection: &Arc<u32>, call: Call, reply: Reply) {
        match call.opnum {
            ECHO => reply.answer(&call.stub),
            DEFER => self.tell(Seen::Deferred { connection: **connection, call, reply }),
            MANY => {
                let count = u32::from_le_bytes(call.stub[..4].try_into().unwrap());
                reply.answer(&vec![7; count as usize]);
            }
            DROP => drop(reply),
            HOLD_UP => {
                let (release, released) = channel();
                self.tell(Seen::HeldUp { release });
                released.recv_timeout(PATIENCE).unwrap();
                reply.answer(b"held up");
            }
            PANIC => panic!("as the test wants"),
            _ => reply.fault(FaultStatus::OPERATION_RANGE),
        }
    }

    fn cancelled(&self, connection: &Arc<u32>, call_id: u32) {
        self.tell(Seen::Cancelled { connection: **connection, call_id });
    }

    fn disconnected(&self, connection: &Arc<u32>) {
        self.tell(Seen::Disconnected(**connection));
    }
}

/// A handler by itself, and what it sees.
pub fn handler() -> (Arc<Handler>, Receiver<Seen>) {
    let (sender, seen) = channel();
    (Arc::new(Handler { seen: sender, connections: AtomicU32::new(0), refusal: None }), seen)
}

/// A running server.
pub struct Running {
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
    directory: tempfile::TempDir,
    seen: Receiver<Seen>,
    /// How often each connection was told to be over, by what was received so far.
    disconnects: HashMap<u32, u32>,
    connects: u32,
}

pub fn serve() -> Running {
    serve_with(ServerLimits::default(), None)
}

pub fn serve_with(limits: ServerLimits, refusal: Option<Refusal>) -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (sender, seen) = channel();
    let handler = Arc::new(Handler { seen: sender, connections: AtomicU32::new(0), refusal });
    let listener = {
        let _guard = runtime.enter();
        UnixListener::bind(directory.path().join("rpc")).unwrap()
    };
    let (stop, stopped) = oneshot::channel();
    let serving = runtime.spawn(async move {
        let stopped = async move {
            if stopped.await.is_err() {
                pending::<()>().await;
            }
        };
        Server::new(handler, limits).serve(listener, stopped).await
    });
    Running {
        runtime,
        stop: Some(stop),
        serving: Some(serving),
        directory,
        seen,
        disconnects: HashMap::new(),
        connects: 0,
    }
}

impl Running {
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("rpc")
    }

    /// The next thing that the handler sees.
    pub fn seen(&mut self) -> Seen {
        let seen = self.seen.recv_timeout(PATIENCE).unwrap();
        self.count(&seen);
        seen
    }

    fn count(&mut self, seen: &Seen) {
        match seen {
            Seen::Connected(_) => self.connects += 1,
            Seen::Disconnected(connection) => *self.disconnects.entry(*connection).or_default() += 1,
            _ => {}
        }
    }

    pub fn expect_connected(&mut self) -> u32 {
        match self.seen() {
            Seen::Connected(connection) => connection,
            other => panic!("{other:?}"),
        }
    }

    pub fn expect_deferred(&mut self) -> (Call, Reply) {
        match self.seen() {
            Seen::Deferred { call, reply, .. } => (call, reply),
            other => panic!("{other:?}"),
        }
    }

    pub fn expect_disconnected(&mut self) -> u32 {
        match self.seen() {
            Seen::Disconnected(connection) => connection,
            other => panic!("{other:?}"),
        }
    }

    /// Stops the server, and checks that every connection was told exactly once that it is over.
    pub fn stop(mut self) {
        self.begin_stop();
        self.finish();
    }

    pub fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub fn finish(&mut self) {
        let serving = self.serving.take().unwrap();
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, serving).await })
            .unwrap()
            .unwrap()
            .unwrap();
        while let Ok(seen) = self.seen.try_recv() {
            self.count(&seen);
        }
        assert_eq!(self.disconnects.len() as u32, self.connects);
        assert!(self.disconnects.values().all(|times| *times == 1), "{:?}", self.disconnects);
    }
}

/// A client that sends and receives when the test says so.
pub struct Wire {
    pub association: ClientAssociation,
    pub stream: UnixStream,
}

impl Wire {
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { association: ClientAssociation::new(Limits::default()), stream }
    }

    pub fn bound(path: &Path) -> Self {
        let mut wire = Self::connect(path);
        wire.association.bind(INTERFACE);
        wire.send();
        assert_eq!(wire.event(), Some(Event::Bound));
        wire
    }

    pub fn call(&mut self, opnum: u16, stub: &[u8]) -> u32 {
        self.association.call(opnum, stub).unwrap()
    }

    pub fn send(&mut self) {
        self.stream.write_all(self.association.output()).unwrap();
        self.association.consume_output(usize::MAX);
    }

    /// The next event; `None` at the end of the stream.
    pub fn event(&mut self) -> Option<Event> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(event) = self.association.poll() {
                return Some(event);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.association.handle_input(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub fn response(&mut self) -> (u32, Vec<u8>) {
        match self.event() {
            Some(Event::Response { call_id, stub }) => (call_id, stub),
            other => panic!("{other:?}"),
        }
    }
}

pub fn options() -> ConnectOptions {
    ConnectOptions { connect_within: PATIENCE, answer_within: Some(PATIENCE), ..ConnectOptions::default() }
}
