//! The properties that say what a failure and a start lead to, as the engine reads them.
//!
//! Defaults are those of the tables in `types::property`, which is checked by a test below. Nothing is decided here.

use mainstay_store::registry::Key;

use crate::model::objects::dword;

/// No bound, never, as many as there are nodes less one: depends on the property.
pub const UNSET: u32 = u32::MAX;

/// What a resource's failure leads to (reference: common properties of resources). Times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestartPolicy {
    /// RestartAction.
    pub action: RestartAction,
    /// RestartThreshold: restarts that are tolerated within [`RestartPolicy::period_ms`].
    pub threshold: u32,
    /// RestartPeriod.
    pub period_ms: u32,
    /// RestartDelay: from the failure to the restart.
    pub delay_ms: u32,
    /// RetryPeriodOnFailure: from giving up to a new cycle; [`UNSET`] is never.
    pub retry_ms: u32,
    /// EmbeddedFailureAction.
    pub embedded: EmbeddedFailureAction,
}

/// EmbeddedFailureAction: what follows when a resource has failed inside, and itself runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EmbeddedFailureAction {
    /// 0: nothing.
    Nothing,
    /// 1: the journal tells of it.
    Tell,
    /// 2: it is stopped and started anew, as its restart policy says of failures.
    #[default]
    Recover,
}

/// RestartAction (ClusterResourceRestartAction of clusapi.h).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RestartAction {
    /// 0, ClusterResourceDontRestart: it stays Failed.
    Stay,
    /// 1, ClusterResourceRestartNoNotify: it is restarted; the group stays when that does not help.
    Restart,
    /// 2, ClusterResourceRestartNotify: it is restarted; the group is failed over when that does not help.
    #[default]
    RestartThenFailOver,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        RestartPolicy {
            action: RestartAction::default(),
            threshold: 3,
            period_ms: 900_000,
            delay_ms: 500,
            retry_ms: 3_600_000,
            embedded: EmbeddedFailureAction::default(),
        }
    }
}

impl RestartPolicy {
    pub(crate) fn read(key: &Key) -> Self {
        let default = RestartPolicy::default();
        RestartPolicy {
            action: match dword(key, "RestartAction") {
                Some(0) => RestartAction::Stay,
                Some(1) => RestartAction::Restart,
                _ => RestartAction::RestartThenFailOver,
            },
            threshold: dword(key, "RestartThreshold").unwrap_or(default.threshold),
            period_ms: dword(key, "RestartPeriod").unwrap_or(default.period_ms),
            delay_ms: dword(key, "RestartDelay").unwrap_or(default.delay_ms),
            retry_ms: dword(key, "RetryPeriodOnFailure").unwrap_or(default.retry_ms),
            embedded: match dword(key, "EmbeddedFailureAction") {
                Some(0) => EmbeddedFailureAction::Nothing,
                Some(1) => EmbeddedFailureAction::Tell,
                _ => EmbeddedFailureAction::Recover,
            },
        }
    }
}

/// When a group is started by itself, and how often it is failed over (reference: common properties of groups).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupPolicy {
    /// FailoverThreshold; [`UNSET`] is one less than there are nodes.
    pub failover_threshold: u32,
    /// FailoverPeriod, in hours.
    pub failover_period_h: u32,
    /// Priority: the higher, the earlier it is started; 0 is never by itself.
    pub priority: u32,
    /// ColdStartSetting.
    pub cold_start: ColdStart,
    /// GroupStartDelay: from the start of the service to its start, in seconds.
    pub start_delay_s: u32,
}

/// ColdStartSetting: whether a group is started when the machine was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ColdStart {
    /// 0: what is to be online of it is.
    #[default]
    Always,
    /// 1: not.
    Never,
    /// 2: if the group itself was last brought online, not only some resource of it.
    IfGroupWasOnline,
}

impl Default for GroupPolicy {
    fn default() -> Self {
        GroupPolicy {
            failover_threshold: UNSET,
            failover_period_h: 6,
            priority: 2_000,
            cold_start: ColdStart::default(),
            start_delay_s: 0,
        }
    }
}

impl GroupPolicy {
    pub(crate) fn read(key: &Key) -> Self {
        let default = GroupPolicy::default();
        GroupPolicy {
            failover_threshold: dword(key, "FailoverThreshold").unwrap_or(default.failover_threshold),
            failover_period_h: dword(key, "FailoverPeriod").unwrap_or(default.failover_period_h),
            priority: dword(key, "Priority").unwrap_or(default.priority),
            cold_start: match dword(key, "ColdStartSetting") {
                Some(1) => ColdStart::Never,
                Some(2) => ColdStart::IfGroupWasOnline,
                _ => ColdStart::Always,
            },
            start_delay_s: dword(key, "GroupStartDelay").unwrap_or(default.start_delay_s),
        }
    }

    /// FailoverPeriod in milliseconds.
    pub fn failover_period_ms(&self) -> u64 {
        u64::from(self.failover_period_h) * 3_600_000
    }

    /// How many failovers are tolerated within the period, in a cluster of so many nodes.
    pub fn failovers_max(&self, nodes: usize) -> u32 {
        match self.failover_threshold {
            UNSET => u32::try_from(nodes.saturating_sub(1)).unwrap_or(u32::MAX),
            own => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{DefaultValue, GROUP, RESOURCE, Table};

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_tables() {
        let own = RestartPolicy::default();
        let group = GroupPolicy::default();
        let check = |table: &Table, name: &str, value: u32| {
            let default = table.find(name).unwrap().default;
            assert_eq!(default, DefaultValue::Dword(value), "{name}");
        };
        check(&RESOURCE, "RestartAction", own.action as u32);
        check(&RESOURCE, "RestartThreshold", own.threshold);
        check(&RESOURCE, "RestartPeriod", own.period_ms);
        check(&RESOURCE, "RestartDelay", own.delay_ms);
        check(&RESOURCE, "RetryPeriodOnFailure", own.retry_ms);
        check(&RESOURCE, "EmbeddedFailureAction", own.embedded as u32);
        check(&GROUP, "FailoverThreshold", group.failover_threshold);
        check(&GROUP, "FailoverPeriod", group.failover_period_h);
        check(&GROUP, "Priority", group.priority);
        check(&GROUP, "ColdStartSetting", group.cold_start as u32);
        check(&GROUP, "GroupStartDelay", group.start_delay_s);
    }
}
