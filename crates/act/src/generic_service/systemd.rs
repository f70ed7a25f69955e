//! The talk with systemd on its D-Bus (org.freedesktop.systemd1).
//!
//! A connection lasts as long as an action. Whoever waits longer than the action may take is killed with it.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use zbus::connection::Builder;

use zbus::{
    Connection, DynamicType, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, block_on,
};

use crate::call::{Code, Refusal};

const SERVICE: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// A job takes the place of one for the same unit that goes on.
const REPLACE: &str = "replace";

/// The properties of an object, by name.
type Values = HashMap<String, OwnedVariant>;

/// Where a unit stands (ActiveState).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Reloading is the same: it serves meanwhile.
    Active,
    Inactive,
    Failed,
    Activating,
    Deactivating,
    /// What systemd has learnt since this was written.
    Other(String),
}

impl State {
    fn of(word: &str) -> Self {
        match word {
            "active" | "reloading" | "refreshing" => State::Active,
            "inactive" => State::Inactive,
            "failed" => State::Failed,
            "activating" => State::Activating,
            "deactivating" => State::Deactivating,
            other => State::Other(other.to_owned()),
        }
    }

    /// Nothing of it runs that systemd knows of.
    pub(super) fn is_down(&self) -> bool {
        matches!(self, State::Inactive | State::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Active => "active",
            State::Inactive => "inactive",
            State::Failed => "failed",
            State::Activating => "activating",
            State::Deactivating => "deactivating",
            State::Other(word) => word,
        })
    }
}

/// A unit as systemd knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unit {
    /// What systemd calls it: a name may be another one's alias.
    pub(super) name: String,
    pub(super) state: State,
    /// LoadState: `loaded`, `not-found`, `masked` and others.
    pub(super) load_state: String,
    /// UnitFileState: `enabled`, `static` and others; empty where it has no file.
    pub(super) file_state: String,
    /// SubState, which says more of its state.
    sub_state: String,
    /// How a service has ended (Result), and its exit code.
    result: String,
    exit_code: Option<i32>,
}

impl Unit {
    /// Whether systemd starts it by itself when the machine starts.
    pub(super) fn is_enabled(&self) -> bool {
        matches!(self.file_state.as_str(), "enabled" | "enabled-runtime")
    }

    /// What there is to say of its state: ` (exit-code, 3)`, or nothing.
    pub(super) fn why(&self) -> String {
        let result = Some(self.result.as_str()).filter(|result| !result.is_empty() && *result != "success");
        let code = self.exit_code.filter(|code| *code != 0).map(|code| code.to_string());
        let sub_state = Some(self.sub_state.as_str()).filter(|known| matches!(*known, "auto-restart"));
        let words: Vec<&str> = [result, code.as_deref(), sub_state].into_iter().flatten().collect();
        if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
    }
}

/// What systemd is asked to do with a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Job {
    Start,
    Stop,
}

/// How a job has ended (the result of JobRemoved).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct JobResult(String);

impl JobResult {
    pub(super) fn is_done(&self) -> bool {
        self.0 == "done"
    }
}

impl fmt::Display for JobResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0.as_str() {
            "done" => "the job is done",
            "canceled" => "another job has taken the place of this one",
            "timeout" => "the unit's own timeout is over",
            "failed" => "the job has failed",
            "dependency" => "a unit that it needs has failed",
            "skipped" => "it did not apply to the unit's state",
            "assert" => "an assertion of the unit does not hold",
            "unsupported" => "this node does not support units of this kind",
            other => other,
        };
        f.write_str(text)
    }
}

/// A connection to systemd.
pub(super) struct Systemd(Connection);

impl Systemd {
    pub(super) fn connect(bus: &str) -> Result<Self, Refusal> {
        let connection = block_on(async { Builder::address(bus).build().await });
        connection.map(Systemd).map_err(|error| {
            let text = format!("no systemd answers at {bus}: {error}; see the property Bus");
            Refusal::new(Code::Installed, text)
        })
    }

    /// What a name stands for, also where nothing of it is loaded.
    pub(super) fn unit(&self, name: &str) -> Result<Unit, Refusal> {
        block_on(self.load(name)).map_err(|error| refused(&format!("tell of {name}"), &error))
    }

    async fn load(&self, name: &str) -> zbus::Result<Unit> {
        let path: OwnedObjectPath =
            self.ask(MANAGER_PATH, MANAGER, "LoadUnit", &name).await?.body().deserialize()?;
        let unit: Values =
            self.ask(path.as_str(), PROPERTIES, "GetAll", &UNIT).await?.body().deserialize()?;
        let text = |values: &Values, name: &str| {
            let value = values.get(name).and_then(|value| <&str>::try_from(value).ok());
            value.unwrap_or_default().to_owned()
        };
        let name = text(&unit, "Id");
        // Other kinds say nothing of how they ended.
        let of_service: Values = match name.ends_with(".service") {
            true => {
                let interface = "org.freedesktop.systemd1.Service";
                self.ask(path.as_str(), PROPERTIES, "GetAll", &interface).await?.body().deserialize()?
            }
            false => Values::new(),
        };
        Ok(Unit {
            name,
            state: State::of(&text(&unit, "ActiveState")),
            load_state: text(&unit, "LoadState"),
            file_state: text(&unit, "UnitFileState"),
            sub_state: text(&unit, "SubState"),
            result: text(&of_service, "Result"),
            exit_code: of_service.get("ExecMainStatus").and_then(|value| i32::try_from(value).ok()),
        })
    }

    /// Has systemd do something, and waits until the job is over.
    pub(super) fn carry_out(&self, job: Job, unit: &str) -> Result<JobResult, Refusal> {
        let (method, what) = match job {
            Job::Start => ("StartUnit", "start"),
            Job::Stop => ("StopUnit", "stop"),
        };
        block_on(self.run_job(method, unit)).map_err(|error| refused(&format!("{what} {unit}"), &error))
    }

    async fn run_job(&self, method: &str, unit: &str) -> zbus::Result<JobResult> {
        // A job may be over before the answer to its request is here.
        let ends = MatchRule::builder().sender(SERVICE).interface(MANAGER).member("JobRemoved").build()?;
        let mut ends = MessageStream::for_match_rule(ends, &self.0, None).await?;
        self.ask(MANAGER_PATH, MANAGER, "Subscribe", &()).await?;
        let job: OwnedObjectPath =
            self.ask(MANAGER_PATH, MANAGER, method, &(unit, REPLACE)).await?.body().deserialize()?;
        while let Some(message) = poll_fn(|context| Pin::new(&mut ends).poll_next(context)).await {
            let (_, ended, _, result): (u32, OwnedObjectPath, String, String) =
                message?.body().deserialize()?;
            if ended == job {
                return Ok(JobResult(result));
            }
        }
        Err(zbus::Error::Failure("the bus has gone".into()))
    }

    async fn ask<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        self.0.call_method(Some(SERVICE), path, Some(interface), method, body).await
    }
}

fn refused(what: &str, error: &zbus::Error) -> Refusal {
    let (code, words) = match error {
        zbus::Error::MethodError(name, words, _) => {
            let code = match name.as_str() {
                "org.freedesktop.DBus.Error.AccessDenied"
                | "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired" => Code::Permission,
                _ => Code::Failed,
            };
            (code, words.clone().unwrap_or_else(|| name.to_string()))
        }
        other => (Code::Failed, other.to_string()),
    };
    Refusal::new(code, format!("systemd does not {what}: {words}"))
}
