//! The service's process.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::HANG;
use mainstay_process::{Process, Signal};

/// A running `mainstayd`. Killed when dropped.
pub struct Service {
    child: Child,
}

impl Service {
    /// Starts it by a command, with a configuration file, and waits until it says that it is ready, as an init system
    /// does.
    pub fn start_by(mut command: Command, config: &Path, notify_socket: &Path) -> Self {
        let _ = std::fs::remove_file(notify_socket);
        let ready = UnixDatagram::bind(notify_socket).unwrap();
        ready.set_read_timeout(Some(HANG)).unwrap();
        let child = command
            .arg("--config")
            .arg(config)
            .env("NOTIFY_SOCKET", notify_socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut service = Service { child };
        let message = receive(&ready).unwrap_or_else(|error| {
            panic!("the service is not ready: {error}; it {:?}", service.child.try_wait());
        });
        assert!(message.starts_with("READY=1"), "{message:?}");
        service
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process::open(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.number()));
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(mut self) -> ExitStatus {
        self.process().signal(Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

/// The next message on a socket that an init system would have. A wait that a stopped process, ours or the machine,
/// interrupted is begun again.
pub fn receive(socket: &UnixDatagram) -> io::Result<String> {
    let mut message = [0; 256];
    loop {
        match socket.recv(&mut message) {
            Ok(length) => return Ok(String::from_utf8_lossy(&message[..length]).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
