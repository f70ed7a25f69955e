//! The order in which groups start: who waits for what, and how that ends.

use mainstay_types::event::EventKind;
use mainstay_types::explanation::Rule;
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::status_information::GroupStatusInformation;
use mainstay_types::{GroupId, GroupSetId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::{Command, Remark};
use crate::group_set::OrderChange::*;
use crate::group_set::order::{self, Need, Provider};
use crate::group_set::started::{Lack, Seen};
use crate::model::group_sets::Trigger;
use crate::testing::{Reaction, World};

use ResourceState::{Failed, Offline, Online, OnlinePending};

/// Groups of one resource each; `g0` has `r0`.
struct Cast {
    world: World,
    groups: Vec<GroupId>,
    resources: Vec<ResourceId>,
    sets: Vec<GroupSetId>,
}

impl Cast {
    fn new(groups: usize) -> Self {
        let mut world = World::default();
        let groups: Vec<GroupId> = (0..groups).map(|number| world.group(&format!("g{number}"))).collect();
        let resources = groups.iter().enumerate();
        let resources = resources.map(|(number, group)| world.resource(*group, &format!("r{number}")));
        let resources = resources.collect();
        Cast { world, groups, resources, sets: Vec::new() }
    }

    /// Another set of these groups.
    fn set(mut self, members: &[usize], setting: u32, count: u32, delay_s: u32) -> Self {
        let set = self.world.group_set(&format!("s{}", self.sets.len()));
        for (property, value) in
            [("StartupSetting", setting), ("StartupCount", count), ("StartupDelay", delay_s)]
        {
            self.world.set_of(ObjectId::GroupSet(set), property, value);
        }
        for member in members {
            self.world.order(Join { group: self.groups[*member], set, moves: false });
        }
        self.sets.push(set);
        self
    }

    fn after_group(mut self, group: usize, provider: usize) -> Self {
        self.world.order(AddGroup { group: self.groups[group], provider: self.groups[provider] });
        self
    }

    fn after_set(mut self, group: usize, provider: usize) -> Self {
        self.world.order(AddSetToGroup { group: self.groups[group], provider: self.sets[provider] });
        self
    }

    fn set_after(mut self, set: usize, provider: usize) -> Self {
        self.world.order(AddSet { set: self.sets[set], provider: self.sets[provider] });
        self
    }

    fn online(&mut self, group: usize) -> Status {
        let (group, buffer, remark) = (self.groups[group], Vec::new(), Remark::default());
        self.world.status(Command::OnlineGroup { group, flags: 0, buffer, remark })
    }

    fn offline(&mut self, group: usize) -> Status {
        let (group, buffer, remark) = (self.groups[group], Vec::new(), Remark::default());
        self.world.status(Command::OfflineGroup { group, flags: 0, buffer, remark })
    }

    fn states(&self) -> Vec<ResourceState> {
        self.resources.iter().map(|id| self.world.state(*id)).collect()
    }

    fn waits(&self, group: usize) -> bool {
        let status = self.world.engine.group_status(self.groups[group]);
        status.contains(GroupStatusInformation::WAITING_FOR_DEPENDENCIES)
    }

    fn record(&self, group: usize) -> &OperationRecord {
        let object = ObjectId::Group(self.groups[group]);
        self.world.journal.values().rfind(|record| record.object == object).unwrap()
    }
}

#[test]
fn a_start_waits_for_the_group_that_comes_first() {
    let mut cast = Cast::new(2).after_group(1, 0);
    assert_eq!(cast.online(1), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, OnlinePending], "a start of the dependent starts no provider");
    assert!(cast.waits(1) && !cast.waits(0));
    let running = cast.world.engine.view().operations();
    let pending = &running[0].pending[0];
    assert_eq!(pending.waits_for, "group 'g0', which is Offline");
    assert_eq!(pending.next_limit, "GroupDependencyTimeout");
    assert_eq!(pending.next_limit_at_ms, Some(cast.world.now.unix_ms + 600_000));
    assert_eq!(cast.online(0), Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Online]);
    assert!(!cast.waits(1));
    assert_eq!(cast.record(1).end, Some(End::Done));
    // It says when a group starts, and nothing else.
    assert_eq!(cast.offline(0), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, Online]);
    // What has started is not held any more, and not when it fails either.
    let other = cast.world.resource(cast.groups[1], "other");
    cast.world.online(other);
    assert_eq!(cast.world.state(other), Online);
    cast.world.fail(cast.resources[1]);
    assert_eq!(cast.states(), [Offline, Failed]);
    cast.world.pass_ms(500);
    assert_eq!(cast.states(), [Offline, Online], "a restart is no start");
}

#[test]
fn a_call_for_one_resource_waits_as_well_and_a_restart_of_what_runs_does_not() {
    let mut cast = Cast::new(2).after_group(1, 0);
    let resource = cast.resources[1];
    assert_eq!(cast.world.online(resource), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, OnlinePending]);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online]);
    cast.offline(0);
    let restart = || Command::RestartResource { resource, flags: 0, remark: Remark::default() };
    assert_eq!(cast.world.status(restart()), Status::SUCCESS);
    assert_eq!(cast.states(), [Offline, Online]);
    // Of what does not run it is a start.
    cast.world.offline(resource, 4);
    assert_eq!(cast.world.status(restart()), Status::SUCCESS);
    assert_eq!(cast.states(), [Offline, OnlinePending]);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn a_wait_ends_after_group_dependency_timeout() {
    for timeout_s in [600, 5, 0] {
        let mut cast = Cast::new(2).after_group(1, 0);
        cast.world.set_of(ObjectId::Cluster, "GroupDependencyTimeout", timeout_s);
        assert_eq!(cast.online(1), Status::IO_PENDING);
        if let Some(almost_ms) = (u64::from(timeout_s) * 1_000).checked_sub(1) {
            cast.world.pass_ms(almost_ms);
            assert_eq!(cast.states(), [Offline, OnlinePending]);
            cast.world.pass_ms(1);
        }
        cast.world.pass_ms(0);
        assert_eq!(cast.states(), [Offline, Offline], "{timeout_s}");
        let record = cast.record(1);
        let Some(End::Failed(cause)) = &record.end else { panic!("{record:?}") };
        assert_eq!(cause.status, Status::TIMEOUT);
        let text = format!("waited {timeout_s} s (GroupDependencyTimeout) for group 'g0', which is Offline");
        assert!(cause.text.starts_with(&text), "{}", cause.text);
        assert!(!cast.waits(1));
        // It was asked for all the same: the next start of the service tries again.
        assert_eq!(cast.world.engine.view().model().group(cast.groups[1]).unwrap().persistent, Some(true));
        assert_eq!(cast.world.steps(cast.resources[1]).len(), 1, "only its Open");
        cast.online(0);
        assert_eq!(cast.states(), [Online, Offline]);
        assert_eq!(cast.online(1), Status::IO_PENDING);
        assert_eq!(cast.states(), [Online, Online]);
    }
}

#[test]
fn what_fails_before_its_group_was_started_waits_with_it() {
    let mut cast = Cast::new(2).after_group(1, 0);
    let other = cast.world.resource(cast.groups[1], "other");
    cast.online(1);
    let fail = Command::FailResource { resource: cast.resources[1], remark: Remark::default() };
    assert_eq!(cast.world.status(fail), Status::SUCCESS);
    cast.world.pass_ms(10_000);
    assert_eq!((cast.states()[1], cast.world.state(other)), (OnlinePending, OnlinePending));
    cast.online(0);
    assert_eq!((cast.states()[1], cast.world.state(other)), (Online, Online));
    // Once the group was offline as a whole, its next start is one.
    cast.offline(0);
    cast.offline(1);
    cast.online(1);
    assert_eq!(cast.states(), [Offline, OnlinePending]);
}

#[test]
fn a_wait_can_be_cancelled_or_taken_over() {
    let mut cast = Cast::new(2).after_group(1, 0);
    cast.online(1);
    let operation = cast.world.engine.view().operations()[0].id;
    let cancel = Command::CancelOperation { operation, about: None, remark: Remark::default() };
    assert_eq!(cast.world.status(cancel), Status::SUCCESS);
    assert_eq!(cast.states(), [Offline, Offline]);
    assert!(matches!(cast.world.journal[&operation].end, Some(End::Cancelled(_))));
    cast.online(1);
    assert_eq!(cast.world.offline(cast.resources[1], 2), Status::IO_PENDING, "by force");
    assert_eq!(cast.states(), [Offline, Offline]);
    cast.online(0);
    cast.world.pass_ms(700_000);
    assert_eq!(cast.states(), [Online, Offline], "nobody waits any more");
}

#[test]
fn whoever_stops_waiting_may_start() {
    let mut cast = Cast::new(3).after_group(1, 0).set(&[2], 1, 1, 0).after_set(1, 0);
    cast.online(1);
    cast.world.order(RemoveGroup { group: cast.groups[1], provider: cast.groups[0] });
    assert_eq!(cast.states(), [Offline, OnlinePending, Offline], "there is a set yet");
    cast.world.order(Leave { group: cast.groups[2] });
    assert_eq!(cast.states(), [Offline, Online, Offline], "an empty set keeps nobody");
}

#[test]
fn the_services_start_heeds_the_order() {
    let mut cast = Cast::new(3).after_group(0, 1).after_group(1, 2);
    for group in [2, 1, 0] {
        cast.online(group);
    }
    // Those that come first have the lower priority: the order counts for more, and nobody waits for a priority's turn.
    for (group, priority) in [(0, 3_000), (1, 2_000), (2, 1_000)] {
        cast.world.set_of(ObjectId::Group(cast.groups[group]), "Priority", priority);
    }
    cast.world.behave(cast.resources[2]).online = Reaction::Hang;
    cast.world.orders.clear();
    cast.world.reboot();
    assert_eq!(cast.states(), [Offline, Offline, OnlinePending]);
    assert!(cast.waits(0) && cast.waits(1) && !cast.waits(2));
    let found = cast.world.engine.view().explain_resource(cast.resources[0], &[]).unwrap();
    assert_eq!(found.reason.rule, Rule::GroupsWait);
    assert!(found.reason.text.contains("group 'g1', which is Offline"), "{}", found.reason.text);
    assert_eq!(found.reason.until_ms, Some(cast.world.now.unix_ms + 600_000));
    cast.world.pass_ms(60_000);
    assert_eq!(cast.states(), [Offline, Offline, OnlinePending]);
    cast.world.end_order(cast.resources[2], Reaction::Done);
    assert_eq!(cast.states(), [Online, Online, Online]);
}

#[test]
fn the_services_start_does_not_wait_for_ever() {
    let mut cast = Cast::new(2).after_group(1, 0);
    cast.online(0);
    cast.online(1);
    cast.offline(0);
    cast.world.reboot();
    assert_eq!(cast.states(), [Offline, Offline]);
    cast.world.pass_ms(599_999);
    assert!(cast.waits(1));
    cast.world.pass_ms(1);
    assert!(!cast.waits(1));
    let record = cast.record(1);
    assert_eq!(record.verb, Verb::StartUp);
    assert!(matches!(&record.end, Some(End::Failed(cause)) if cause.status == Status::TIMEOUT));
    let found = cast.world.engine.view().explain_resource(cast.resources[1], &[]).unwrap();
    assert_eq!(found.reason.rule, Rule::GroupsWait);
    assert!(found.reason.text.contains("in vain for group 'g0'"), "{}", found.reason.text);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Offline]);
    cast.online(1);
    assert_eq!(cast.states(), [Online, Online]);
    // And what was found running when the service started is not held.
    cast.offline(0);
    cast.world.restart_service();
    assert_eq!(cast.states(), [Offline, Online]);
}

#[test]
fn a_start_that_waits_outlives_the_service() {
    let mut cast = Cast::new(2).after_group(1, 0);
    cast.online(1);
    cast.world.pass_ms(400_000);
    cast.world.restart_service();
    assert_eq!(cast.states(), [Offline, OnlinePending]);
    assert!(cast.waits(1));
    cast.world.pass_ms(599_999);
    assert_eq!(cast.states(), [Offline, OnlinePending], "the wait begins anew");
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn a_set_counts_as_started_by_its_setting() {
    // Setting, count, delay; groups of the set that are online, and the seconds until the dependent starts.
    for (setting, count, delay_s, online, starts_s) in [
        (1, u32::MAX, 20, 0, None),
        (1, u32::MAX, 20, 2, None),
        (1, u32::MAX, 20, 3, Some(0)),
        (1, 0, 20, 1, None),
        (1, 0, 20, 2, Some(0)),
        (1, 1, 20, 1, Some(0)),
        (1, 9, 20, 2, None),
        (1, 9, 20, 3, Some(0)),
        (0, u32::MAX, 20, 2, None),
        (0, u32::MAX, 20, 3, Some(20)),
        (0, u32::MAX, 0, 3, Some(0)),
        (0, 0, 7, 2, Some(7)),
        (0, 1, 20, 1, Some(20)),
    ] {
        let case = format!("{setting} {count} {delay_s} {online}");
        let mut cast = Cast::new(4).set(&[0, 1, 2], setting, count, delay_s).after_set(3, 0);
        cast.online(3);
        for group in 0..online {
            cast.online(group);
        }
        match starts_s {
            None => {
                cast.world.pass_ms(599_000);
                assert_eq!(cast.states()[3], OnlinePending, "{case}");
            }
            Some(seconds) => {
                if seconds > 0 {
                    assert_eq!(cast.states()[3], OnlinePending, "{case}");
                    cast.world.pass_ms(seconds * 1_000 - 1);
                    assert_eq!(cast.states()[3], OnlinePending, "{case}");
                    cast.world.pass_ms(1);
                }
                assert_eq!(cast.states()[3], Online, "{case}");
            }
        }
    }
}

#[test]
fn a_delay_runs_from_the_beginning_and_online_from_the_end() {
    for (setting, after_begin, after_end) in [(0, Online, Online), (1, OnlinePending, Online)] {
        let mut cast = Cast::new(2).set(&[0], setting, u32::MAX, 10).after_set(1, 0);
        cast.world.behave(cast.resources[0]).online = Reaction::Hang;
        cast.online(1);
        cast.world.pass_ms(30_000);
        cast.online(0);
        cast.world.pass_ms(10_000);
        assert_eq!(cast.states(), [OnlinePending, after_begin], "{setting}");
        cast.world.end_order(cast.resources[0], Reaction::Done);
        assert_eq!(cast.states(), [Online, after_end], "{setting}");
    }
}

#[test]
fn a_delay_begins_anew_when_the_set_has_failed_to_start() {
    let mut cast = Cast::new(2).set(&[0], 0, u32::MAX, 10).after_set(1, 0);
    cast.world.set(cast.resources[0], "RestartAction", 0);
    cast.online(1);
    cast.online(0);
    cast.world.pass_ms(9_000);
    cast.world.fail(cast.resources[0]);
    cast.world.pass_ms(60_000);
    assert_eq!(cast.states(), [Failed, OnlinePending]);
    cast.online(0);
    cast.world.pass_ms(9_999);
    assert_eq!(cast.states(), [Online, OnlinePending]);
    cast.world.pass_ms(1);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn a_delay_counts_over_a_restart_of_the_service() {
    // A start of the dependent by a call, which was accepted before the restart or comes after it, and by the service's
    // own start; hosts that do not say since when something is up have the delay begin anew.
    for (is_after, is_own, is_older) in [
        (false, false, false),
        (true, false, false),
        (false, true, false),
        (false, false, true),
        (true, false, true),
        (false, true, true),
    ] {
        let case = format!("after {is_after}, own start {is_own}, older hosts {is_older}");
        let mut cast = Cast::new(2).set(&[0], 0, u32::MAX, 10).after_set(1, 0);
        if is_own {
            // It is to be online, and is not, since what comes first did not come in time.
            cast.world.set_of(ObjectId::Cluster, "GroupDependencyTimeout", 1);
            cast.online(1);
            cast.world.pass_ms(1_000);
            cast.world.set_of(ObjectId::Cluster, "GroupDependencyTimeout", 600);
        }
        cast.online(0);
        cast.world.pass_ms(4_000);
        if !is_after && !is_own {
            cast.online(1);
        }
        if is_older {
            cast.world.make_hosts_older();
        }
        cast.world.restart_service();
        if is_after {
            cast.online(1);
        }
        let left_ms = if is_older { 10_000 } else { 6_000 };
        assert_ne!(cast.states()[1], Online, "{case}");
        cast.world.pass_ms(left_ms - 1);
        assert_ne!(cast.states()[1], Online, "{case}");
        cast.world.pass_ms(1);
        assert_eq!(cast.states(), [Online, Online], "{case}");
    }
}

#[test]
fn a_set_that_has_been_up_for_long_delays_nobody_again() {
    let mut cast = Cast::new(2).set(&[0], 0, u32::MAX, 10).after_set(1, 0);
    cast.online(0);
    cast.world.pass_ms(10_000);
    cast.world.restart_service();
    cast.online(1);
    assert_eq!(cast.states(), [Online, Online]);
    // What was up and has failed is restarted with its own group, and without a look at others.
    cast.world.set(cast.resources[0], "RestartAction", 0);
    cast.offline(0);
    cast.world.restart_service();
    cast.world.fail(cast.resources[1]);
    cast.world.pass_ms(500);
    assert_eq!(cast.states(), [Offline, Online]);
}

#[test]
fn a_group_is_started_when_everything_of_it_that_is_to_be_online_is() {
    let mut cast = Cast::new(2).after_group(1, 0);
    let second = cast.world.resource(cast.groups[0], "second");
    let spare = cast.world.resource(cast.groups[0], "spare");
    cast.world.offline(spare, 0);
    cast.world.behave(second).online = Reaction::Hang;
    cast.online(1);
    cast.online(0);
    assert_eq!(cast.states(), [Online, OnlinePending]);
    cast.world.end_order(second, Reaction::Done);
    assert_eq!(cast.world.state(spare), Offline);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn a_set_starts_after_a_set_and_an_alternative_suffices() {
    let mut cast = Cast::new(4).set(&[0], 1, 1, 0).set(&[1], 1, 1, 0).set(&[2, 3], 1, 1, 0);
    let expression = "[s0] or [s1]".to_owned();
    cast.world.order(SetSets { set: cast.sets[2], expression });
    cast.online(2);
    cast.online(3);
    let waits_for = cast.world.engine.view().operations()[0].pending[0].waits_for.clone();
    assert_eq!(
        waits_for,
        "one of group set 's0', which has 0 of its groups online and needs 1 or group set 's1', which has 0 of its \
         groups online and needs 1, since it is in group set 's2', which starts after that"
    );
    cast.online(1);
    assert_eq!(cast.states(), [Offline, Online, Online, Online]);
    // In a chain each waits for the one before.
    let mut cast = Cast::new(3).set(&[0], 1, 1, 0).set(&[1], 1, 1, 0).set(&[2], 1, 1, 0);
    cast = cast.set_after(2, 1).set_after(1, 0);
    for group in [2, 1] {
        cast.online(group);
    }
    assert_eq!(cast.states(), [Offline, OnlinePending, OnlinePending]);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online, Online]);
}

#[test]
fn everybody_starts_after_a_global_set_that_does_not_need_him() {
    // g0 is in the global set and starts after g1; g2 has nothing to do with it; g3 is in a second global set.
    let mut cast = Cast::new(4).set(&[0], 1, 1, 0).set(&[3], 1, 1, 0).after_group(0, 1);
    for set in cast.sets.clone() {
        cast.world.set_of(ObjectId::GroupSet(set), "IsGlobal", 1);
    }
    let needs = |cast: &Cast, group: usize| -> Vec<Need> {
        order::needs(cast.world.engine.view().model(), cast.groups[group])
    };
    assert_eq!([0, 1, 2, 3].map(|group| needs(&cast, group).len()), [1, 0, 2, 0]);
    cast.online(2);
    cast.online(1);
    assert_eq!(cast.states(), [Offline, Online, OnlinePending, Offline]);
    cast.online(3);
    assert_eq!(cast.states()[2], OnlinePending);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online, Online, Online]);
}

#[test]
fn watchers_of_a_set_are_told_what_becomes_of_its_groups() {
    let mut cast = Cast::new(2).set(&[0, 1], 1, u32::MAX, 0);
    cast.world.behave(cast.resources[1]).online = Reaction::Hang;
    cast.world.events.clear();
    cast.online(0);
    cast.online(1);
    cast.world.end_order(cast.resources[1], Reaction::Done);
    cast.offline(0);
    let told: Vec<Vec<u8>> = cast
        .world
        .events
        .iter()
        .filter(|event| event.kind == EventKind::GroupSetState)
        .map(|event| event.buffer.clone())
        .collect();
    let pending = [1, 0, 0, 0].to_vec();
    assert_eq!(told.first(), Some(&pending));
    assert!(told.contains(&[2, 0, 0, 0].to_vec()), "{told:?}");
    assert_eq!(told.last(), Some(&[0, 0, 0, 0].to_vec()));
}

#[test]
fn what_a_provider_lacks() {
    // Groups that are online, when those that have begun did so, the time; then trigger, count, delay and what lacks.
    let count = |trigger, have, needed| Some(Lack::Count { trigger, have, needed });
    let delay = |until_ms| Some(Lack::Delay { until_ms });
    for (online, begun, now_ms, setting, needed, delay_s, expected) in [
        (vec![0, 1], vec![None; 3], 0, 1, u32::MAX, 9, count(Trigger::Online, 2, 3)),
        (vec![0, 1], vec![None; 3], 0, 1, 2, 9, None),
        (vec![0, 1, 2], vec![None; 3], 0, 0, 1, 9, count(Trigger::Delay, 0, 1)),
        (vec![], vec![Some(5_000), Some(1_000), None], 2_000, 0, 1, 9, delay(10_000)),
        (vec![], vec![Some(5_000), Some(1_000), None], 10_000, 0, 1, 9, None),
        (vec![], vec![Some(5_000), Some(1_000), None], 10_000, 0, 2, 9, delay(14_000)),
        (vec![], vec![Some(5_000), Some(1_000), None], 14_000, 0, 0, 9, None),
        (vec![], vec![Some(5_000), Some(1_000), None], 99_000, 0, 3, 9, count(Trigger::Delay, 2, 3)),
        (vec![], vec![Some(u64::MAX), Some(0), Some(0)], 99_000, 0, 3, 9, delay(u64::MAX)),
    ] {
        let cast = Cast::new(3).set(&[0, 1, 2], setting, needed, delay_s);
        let place = |id: GroupId| cast.groups.iter().position(|group| *group == id).unwrap();
        let is_online = |id: GroupId| online.contains(&place(id));
        let begun_ms = |id: GroupId| begun[place(id)];
        let model = cast.world.engine.view().model();
        let seen = Seen { model, is_online: &is_online, begun_ms: &begun_ms, now_ms };
        let lack = seen.lack(Provider::Set(cast.sets[0]));
        assert_eq!(lack, expected, "{online:?} {begun:?} {now_ms} {setting} {needed}");
    }
}
