//! Signals by name and number.

use std::fmt;
use std::str::FromStr;

/// A signal that can be sent, by its number on Linux.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal(rustix::process::Signal);

/// A text that names no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no signal; use a name such as TERM or SIGTERM, or a number from 1 to 31")]
pub struct InvalidSignal(String);

const NAMES: &[(i32, &str)] = &[
    (libc::SIGHUP, "HUP"),
    (libc::SIGINT, "INT"),
    (libc::SIGQUIT, "QUIT"),
    (libc::SIGILL, "ILL"),
    (libc::SIGTRAP, "TRAP"),
    (libc::SIGABRT, "ABRT"),
    (libc::SIGBUS, "BUS"),
    (libc::SIGFPE, "FPE"),
    (libc::SIGKILL, "KILL"),
    (libc::SIGUSR1, "USR1"),
    (libc::SIGSEGV, "SEGV"),
    (libc::SIGUSR2, "USR2"),
    (libc::SIGPIPE, "PIPE"),
    (libc::SIGALRM, "ALRM"),
    (libc::SIGTERM, "TERM"),
    (libc::SIGSTKFLT, "STKFLT"),
    (libc::SIGCHLD, "CHLD"),
    (libc::SIGCONT, "CONT"),
    (libc::SIGSTOP, "STOP"),
    (libc::SIGTSTP, "TSTP"),
    (libc::SIGTTIN, "TTIN"),
    (libc::SIGTTOU, "TTOU"),
    (libc::SIGURG, "URG"),
    (libc::SIGXCPU, "XCPU"),
    (libc::SIGXFSZ, "XFSZ"),
    (libc::SIGVTALRM, "VTALRM"),
    (libc::SIGPROF, "PROF"),
    (libc::SIGWINCH, "WINCH"),
    (libc::SIGIO, "IO"),
    (libc::SIGPWR, "PWR"),
    (libc::SIGSYS, "SYS"),
];

/// The name of a signal without its SIG: `TERM`.
pub fn name(number: i32) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

impl Signal {
    /// Stop now.
    pub const KILL: Signal = Signal(rustix::process::Signal::KILL);
    /// Please stop.
    pub const TERM: Signal = Signal(rustix::process::Signal::TERM);
    /// Go on after a stop.
    pub const CONT: Signal = Signal(rustix::process::Signal::CONT);
    /// Stand still.
    pub const STOP: Signal = Signal(rustix::process::Signal::STOP);

    /// The signal with this number, from 1 to 31.
    pub fn from_number(number: i32) -> Option<Self> {
        rustix::process::Signal::from_named_raw(number).map(Signal)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0.as_raw()
    }

    pub(crate) fn raw(self) -> rustix::process::Signal {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(self.number()) {
            Some(name) => f.pad(name),
            None => self.number().fmt(f),
        }
    }
}

impl FromStr for Signal {
    type Err = InvalidSignal;

    fn from_str(text: &str) -> Result<Self, InvalidSignal> {
        let upper = text.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        let number = match NAMES.iter().find(|(_, name)| *name == bare) {
            Some((number, _)) => Some(*number),
            None => text.parse().ok(),
        };
        number.and_then(Signal::from_number).ok_or_else(|| InvalidSignal(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_known_by_name_and_number() {
        for (text, number) in [("TERM", 15), ("sigterm", 15), ("15", 15), ("SIGUSR1", 10), ("kill", 9)] {
            assert_eq!(text.parse::<Signal>().unwrap().number(), number, "{text}");
        }
        for text in ["", "0", "-1", "64", "SIGSIGTERM", "TERMINATE", "15 "] {
            assert!(text.parse::<Signal>().is_err(), "{text}");
        }
        for (number, _) in NAMES {
            assert_eq!(Signal::from_number(*number).unwrap().number(), *number);
        }
    }
}
