//! QEMU's monitor: one question and one answer at a time, in JSON lines over a Unix socket.
//!
//! QEMU is not trusted: whoever has broken out of a guest speaks here. So a line has a length, an answer a time, and
//! nothing of it is believed that is not looked at.

use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags,
    SocketType, sendmsg, socket_with,
};
use serde_json::{Value, json};

/// The longest line, in bytes. The longest real ones have some ten thousand.
const LINE_LENGTH_MAX: usize = 1024 * 1024;

/// How long an answer may take, where nobody has less time. Commands only begin what takes long, but QEMU stands still while
/// a disk does, and the guest need not suffer from that.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How often it is tried to get in line.
const CONNECT_INTERVAL: Duration = Duration::from_millis(10);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum QmpError {
    /// The socket.
    #[error("QEMU's monitor cannot be asked: {0}")]
    Socket(#[from] io::Error),
    /// QEMU has ended, or lets nobody in.
    #[error("QEMU has closed its monitor")]
    Closed,
    /// It is not our turn: the monitor serves one after the other.
    #[error(
        "QEMU's monitor '{socket}' lets nobody in within {} s: somebody else is connected to it, or QEMU hangs; end \
         that connection",
        limit.as_secs_f32()
    )]
    Taken {
        /// Where it is.
        socket: String,
        /// For how long it was waited for.
        limit: Duration,
    },
    /// Nothing came.
    #[error("QEMU does not answer '{command}' within {} s", limit.as_secs_f32())]
    Silent {
        /// What was asked.
        command: String,
        /// For how long it was waited for.
        limit: Duration,
    },
    /// Something came that is no answer.
    #[error("QEMU's monitor says what cannot be understood: {0}")]
    Garbled(String),
    /// It does not want to.
    #[error("QEMU refuses '{command}': {reason}")]
    Refused {
        /// What was asked.
        command: String,
        /// What it says.
        reason: String,
    },
}

/// A connection. Nobody else gets in as long as it is there.
pub(super) struct Qmp {
    stream: UnixStream,
    read: Vec<u8>,
    /// How long an answer may take.
    limit: Duration,
}

impl Qmp {
    /// Connects, and waits until QEMU is ready to be asked. Each answer may take so long.
    pub(super) fn connect(path: &Path, limit: Duration) -> Result<Self, QmpError> {
        let deadline = Instant::now() + limit;
        let taken = || QmpError::Taken { socket: path.display().to_string(), limit };
        let stream = connect(path, deadline)?.ok_or_else(taken)?;
        let mut qmp = Qmp { stream, read: Vec::new(), limit };
        let greeting = qmp.next(deadline, "").map_err(|error| match error {
            QmpError::Silent { .. } => taken(),
            error => error,
        })?;
        if greeting.get("QMP").is_none() {
            return Err(QmpError::Garbled(shown(&greeting)));
        }
        qmp.ask("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Asks, and answers what QEMU returns. What it tells unasked meanwhile is nobody's: what matters is asked for.
    pub(super) fn ask(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.ask_with(command, arguments, &[])
    }

    /// Gives QEMU an open file, under a name by which commands find it.
    pub(super) fn give(&mut self, name: &str, file: impl AsFd) -> Result<(), QmpError> {
        self.ask_with("getfd", json!({ "fdname": name }), &[file.as_fd()]).map(drop)
    }

    fn ask_with(
        &mut self,
        command: &str,
        arguments: Value,
        files: &[BorrowedFd<'_>],
    ) -> Result<Value, QmpError> {
        let deadline = Instant::now() + self.limit;
        let line = format!("{}\n", json!({ "execute": command, "arguments": arguments }));
        self.stream.set_write_timeout(Some(self.limit))?;
        self.send(line.as_bytes(), files)?;
        loop {
            let mut answer = self.next(deadline, command)?;
            if let Some(error) = answer.get("error") {
                let reason = error.get("desc").and_then(Value::as_str).unwrap_or("without a reason");
                return Err(QmpError::Refused { command: command.to_owned(), reason: cut(reason) });
            }
            if let Some(returned) = answer.get_mut("return") {
                return Ok(returned.take());
            }
        }
    }

    fn send(&self, line: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(files));
        }
        // A command is far shorter than what a socket takes at once.
        let sent = sendmsg(&self.stream, &[IoSlice::new(line)], &mut ancillary, SendFlags::NOSIGNAL)?;
        if sent < line.len() {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "the monitor takes no more"));
        }
        Ok(())
    }

    /// The next line.
    fn next(&mut self, deadline: Instant, command: &str) -> Result<Value, QmpError> {
        let limit = self.limit;
        let silent = || QmpError::Silent { command: command.to_owned(), limit };
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return serde_json::from_slice(&line).map_err(|error| QmpError::Garbled(error.to_string()));
            }
            if self.read.len() >= LINE_LENGTH_MAX {
                return Err(QmpError::Garbled(format!("a line of more than {LINE_LENGTH_MAX} bytes")));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(silent());
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(QmpError::Closed),
                Ok(count) => self.read.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(silent());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Gets in line. `None`: the line is as long as it may be, and was so until then. (Who simply connects waits for that without
/// end.)
fn connect(path: &Path, deadline: Instant) -> io::Result<Option<UnixStream>> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) => {
                let stream = UnixStream::from(socket);
                stream.set_nonblocking(false)?;
                return Ok(Some(stream));
            }
            Err(Errno::AGAIN) if Instant::now() < deadline => thread::sleep(CONNECT_INTERVAL),
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

/// As much as one can read.
fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A monitor that says these lines, one before the first question and one after each.
    fn monitor(lines: &[&str]) -> (tempfile::TempDir, Result<Qmp, QmpError>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("qmp");
        let listener = UnixListener::bind(&path).unwrap();
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = BufReader::new(stream.try_clone().unwrap());
            for line in lines {
                if stream.write_all(line.as_bytes()).is_err() || asked.read_line(&mut String::new()).is_err()
                {
                    return;
                }
            }
        });
        let qmp = Qmp::connect(&path, ANSWER_TIMEOUT);
        (directory, qmp)
    }

    #[test]
    fn answers_are_found_among_what_is_told_unasked() {
        let lines = [
            r#"{"QMP": {}}"#,
            r#"{"return": {}}"#,
            "{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"paused\"}}",
            r#"{"error": {"class": "GenericError", "desc": "there is no disk"}}"#,
        ];
        let (_directory, qmp) = monitor(&lines);
        let mut qmp = qmp.unwrap();
        assert_eq!(qmp.ask("query-status", json!({})).unwrap(), json!({ "status": "paused" }));
        let error = qmp.ask("x", json!({})).unwrap_err().to_string();
        assert_eq!(error, "QEMU refuses 'x': there is no disk");
        assert_eq!(qmp.ask("y", json!({})).unwrap_err().to_string(), "QEMU has closed its monitor");
    }

    #[test]
    fn nobody_waits_for_ever_where_the_line_is_long() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("qmp");
        let listener =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        for _ in 0..3 {
            let error = Qmp::connect(&path, Duration::from_millis(10)).err().unwrap().to_string();
            assert!(error.contains("lets nobody in within 0.01 s: somebody else is connected"), "{error}");
        }
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        for (line, says) in [("{}", "cannot be understood"), ("x", "cannot be understood")] {
            let (_directory, qmp) = monitor(&[line]);
            let error = qmp.err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
        let (_directory, qmp) =
            monitor(&[r#"{"QMP": {}}"#, r#"{"return": {}}"#, &"x".repeat(2 * LINE_LENGTH_MAX)]);
        let error = qmp.unwrap().ask("x", json!({})).unwrap_err().to_string();
        assert!(error.contains("a line of more than"), "{error}");
    }
}
