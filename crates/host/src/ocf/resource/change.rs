//! Changes of a resource's parameters while it may run, and parameters that hold for one stop: what the agent says to them,
//! and how it takes them up.

use std::time::Duration;

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::Status;
use mainstay_types::order::Cause;
use parking_lot::MutexGuard;

use super::{AgentResource, Settings, busy};
use crate::private::Values;

/// How long a change of properties waits for an action that is being run.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Parameters that hold for one stop.
#[derive(Default)]
pub(super) struct Instructions(pub(super) Vec<(String, String)>);

impl Instructions {
    pub(super) fn are_given(&self) -> bool {
        !self.0.is_empty()
    }
}

impl AgentResource {
    /// The values that are stored, with these changes.
    fn changed(&self, input: &[u8]) -> Result<Values, Cause> {
        let list = PropertyList::parse(input)
            .map_err(|error| Cause::new(Status::INVALID_PARAMETER, error.to_string()))?;
        let opening = self.opening.lock();
        // What is stored may be wrong, and what is set now mend it.
        let stored = Values::read(&opening.registry, &self.agent.description).unwrap_or_default();
        stored.with(&list, &opening.type_name, &self.agent.description)
    }

    /// The agent's judgement of what would be set, and whether what runs takes it up; with it, what the agent has to say about
    /// it all the same.
    pub(super) fn judge(&self, input: &[u8]) -> Result<(Status, String), Cause> {
        let values = self.changed(input)?;
        let settings = Settings::of(&values, &self.agent.metadata);
        self.agent.objection(&settings)?;
        settings.check(&self.agent.metadata)?;
        let mut remark = String::new();
        if values.require(&self.agent.description).is_ok() {
            let _turn = self.turn_within(TURN_TIMEOUT)?;
            let call = self.call("validate-all", &settings);
            if self.agent.metadata.has("validate-all") {
                let outcome = call.run(self.aside(), |_| true);
                outcome.judged()?;
                remark = outcome.remark().unwrap_or_default().to_owned();
            }
        }
        let started_with = self.started_with.lock().clone();
        let Some(started_with) = started_with else { return Ok((Status::SUCCESS, remark)) };
        let mut changed = started_with.differences(&settings, &self.agent.metadata).peekable();
        let takes_up = changed.peek().is_none()
            || self.agent.reload_action().is_some() && changed.all(|one| one.is_reloadable);
        Ok((if takes_up { Status::SUCCESS } else { Status::RESOURCE_PROPERTIES_STORED }, remark))
    }

    fn turn_within(&self, limit: Duration) -> Result<MutexGuard<'_, ()>, Cause> {
        self.turn.try_lock_for(limit).ok_or_else(busy)
    }

    /// What is set, if the agent can take it up and has not.
    pub(super) fn to_reload(&self) -> Option<(&'static str, Settings)> {
        let (action, settings) = (self.agent.reload_action()?, self.settings().ok()?);
        let started_with = self.started_with.lock().clone()?;
        let mut changed = started_with.differences(&settings, &self.agent.metadata).peekable();
        let takes_up = changed.peek().is_some() && changed.all(|one| one.is_reloadable);
        takes_up.then_some((action, settings))
    }

    /// Has the agent take up what has changed, if that is all reloadable. What it does not take up is given to it again at
    /// the next thorough look, and by a later host.
    pub(super) fn reload(&self) {
        let _turn = self.turn.lock();
        let Some((action, settings)) = self.to_reload() else { return };
        match self.call(action, &settings).run(self.aside(), |_| true).done() {
            Ok(()) => self.keep_record(&settings),
            Err(cause) => {
                let text = format!("what has changed is not taken up, which is tried again: {}", cause.text);
                self.context.reporter.log(1, text);
            }
        }
    }

    pub(super) fn instructions(&self, buffer: &[u8]) -> Result<Instructions, Cause> {
        let invalid = |text: String| Cause::new(Status::INVALID_PARAMETER, text);
        if buffer.is_empty() {
            return Ok(Instructions::default());
        }
        let list =
            PropertyList::parse(buffer).map_err(|error| invalid(format!("the instructions: {error}")))?;
        let name = &self.agent.name;
        let given = match list.get(name) {
            None => return Ok(Instructions::default()),
            Some(Value::MultiSz(given)) => given.clone(),
            Some(Value::Sz(given)) => vec![given.clone()],
            Some(_) => return Err(invalid(format!("'{name}' must be texts, PARAMETER=VALUE each"))),
        };
        let parameters = &self.agent.metadata.parameters;
        let known = |text: &String| {
            let (parameter, value) = text.split_once('=')?;
            let known = parameters.iter().find(|known| known.name == parameter)?;
            Some((known.name.clone(), value.to_owned()))
        };
        let read = |text: &String| {
            known(text).ok_or_else(|| {
                invalid(format!("'{name}' has '{text}', which is no PARAMETER=VALUE of the agent"))
            })
        };
        given.iter().map(read).collect::<Result<_, _>>().map(Instructions)
    }
}
