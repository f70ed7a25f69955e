//! A group starts where there is a place for it beside what is there: enforced anti-affinity, declared memory and
//! processors.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::explanation::Rule;
use mainstay_types::flags::{GroupOnlineFlags, OnlineFlags};
use mainstay_types::operation::{End, Verb};
use mainstay_types::status_information::GroupStatusInformation;
use mainstay_types::{
    Access, GroupId, GroupState, HostId, NodeId, ObjectId, ResourceId, ResourceState, Status,
};

use super::rehearsal::rehearse;
use crate::command::{Command, Remark};
use crate::group_set::OrderChange;
use crate::limits::START_WAIT_MS;
use crate::testing::{CommitMode, Reaction, World};

use ResourceState::{Failed, Offline, Online, OnlinePending};

/// Groups of one resource each; `a` has `r-a`.
struct Cast {
    world: World,
    groups: Vec<GroupId>,
    resources: Vec<ResourceId>,
}

impl Cast {
    fn new(names: &[&str]) -> Self {
        let mut world = World::default();
        let groups: Vec<GroupId> = names.iter().map(|name| world.group(name)).collect();
        let resources = names.iter().zip(&groups);
        let resources = resources.map(|(name, group)| world.resource(*group, &format!("r-{name}"))).collect();
        Cast { world, groups, resources }
    }

    /// All groups are of this class, and may not be on one node.
    fn kept_apart(names: &[&str]) -> Self {
        let mut cast = Cast::new(names);
        cast.keep_apart();
        cast
    }

    fn keep_apart(&mut self) {
        self.world.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 1);
        for group in self.groups.clone() {
            let classes = Value::MultiSz(vec!["heavy".into()]);
            let list = PropertyList::new().with("AntiAffinityClassNames", classes);
            self.world.set_list(ObjectId::Group(group), &list);
        }
    }

    fn online_command(&self, group: usize, flags: u32) -> Command {
        Command::OnlineGroup {
            group: self.groups[group],
            flags,
            buffer: Vec::new(),
            remark: Remark::default(),
        }
    }

    fn online(&mut self, group: usize) -> Status {
        self.world.status(self.online_command(group, 0))
    }

    fn offline(&mut self, group: usize) -> Status {
        let (group, buffer, remark) = (self.groups[group], Vec::new(), Remark::default());
        self.world.status(Command::OfflineGroup { group, flags: 0, buffer, remark })
    }

    fn set(&mut self, group: usize, property: &str, value: u32) {
        self.world.set_of(ObjectId::Group(self.groups[group]), property, value);
    }

    fn states(&self) -> Vec<ResourceState> {
        self.resources.iter().map(|id| self.world.state(*id)).collect()
    }

    fn is_displaced(&self, group: usize) -> bool {
        let status = self.world.engine.group_status(self.groups[group]);
        status.contains(GroupStatusInformation::OFFLINE_DUE_TO_ANTIAFFINITY_CONFLICT)
    }

    /// The rule and the words why a resource is as it is, and the first way out.
    fn explained(&self, resource: usize) -> (Rule, String, String) {
        let found = self.world.engine.view().explain_resource(self.resources[resource], &[]).unwrap();
        let way = found.ways_out.first().map(|way| way.command.join(" ")).unwrap_or_default();
        (found.reason.rule, found.reason.text, way)
    }

    fn ways(&self, resource: usize) -> Vec<String> {
        let found = self.world.engine.view().explain_resource(self.resources[resource], &[]).unwrap();
        found.ways_out.iter().map(|way| way.command.join(" ")).collect()
    }

    fn ways_of_group(&self, group: usize) -> Vec<String> {
        let found = self.world.engine.view().explain_group(self.groups[group], &[], None).unwrap();
        found.ways_out.iter().map(|way| way.command.join(" ")).collect()
    }

    /// Does what a way out says.
    fn follow(&mut self, way: &str) {
        let words: Vec<&str> = way.split(' ').collect();
        let view = self.world.engine.view();
        let (object, properties) = match words.as_slice() {
            ["group", "offline", name] => {
                let (group, remark) = (view.find_group(name).unwrap(), Remark::default());
                let command = Command::OfflineGroup { group, flags: 0, buffer: Vec::new(), remark };
                assert_eq!(self.world.status(command), Status::IO_PENDING);
                return;
            }
            ["group", "undepend", name, provider] => {
                let group = view.find_group(name).unwrap();
                let provider = view.find_group(provider).unwrap();
                self.world.order(OrderChange::RemoveGroup { group, provider });
                return;
            }
            ["group", "set", name, "AntiAffinityClassNames=multi:"] => {
                let object = ObjectId::Group(view.find_group(name).unwrap());
                let none = PropertyList::new().with("AntiAffinityClassNames", Value::MultiSz(Vec::new()));
                self.world.set_list(object, &none);
                return;
            }
            ["cluster", "set", properties @ ..] => (ObjectId::Cluster, properties),
            ["operation", "cancel", _] => {
                let operation = self.world.engine.shown_operations().last().unwrap().id;
                let command = Command::CancelOperation { operation, about: None, remark: Remark::default() };
                assert_eq!(self.world.status(command), Status::IO_PENDING);
                return;
            }
            ["group", "set", name, properties @ ..] => {
                (ObjectId::Group(view.find_group(name).unwrap()), properties)
            }
            ["node", "set", "alpha", properties @ ..] => (ObjectId::Node(NodeId(1)), properties),
            other => panic!("{other:?} is not known here"),
        };
        for property in properties {
            let (name, value) = property.split_once('=').unwrap();
            self.world.set_of(object.clone(), name, value.parse().unwrap());
        }
    }
}

#[test]
fn a_call_for_a_group_of_an_enforced_class_is_refused_while_another_is_there() {
    let mut cast = Cast::kept_apart(&["a", "b"]);
    assert_eq!(cast.online(0), Status::IO_PENDING);
    let before = cast.world.database();
    let call = cast.world.call(cast.online_command(1, 0));
    let answer = cast.world.answer(call).clone();
    assert_eq!(answer.status, Status::CLUSTER_AFFINITY_CONFLICT);
    assert_eq!(
        answer.text,
        "group 'b' cannot start: node 'alpha' has 'a' of the anti-affinity class 'heavy' \
         (ClusterEnforcedAntiAffinity is 1); make room with: mainstay group offline a"
    );
    assert_eq!(cast.world.online(cast.resources[1]), Status::CLUSTER_AFFINITY_CONFLICT);
    assert_eq!((cast.world.database(), cast.states()), (before, vec![Online, Offline]));
    // Without a group in the way, and with the flag that ignores it.
    cast.offline(0);
    assert_eq!(cast.online(1), Status::IO_PENDING);
    let ignores = GroupOnlineFlags::IGNORE_AFFINITY_RULE.bits();
    assert_eq!(cast.world.status(cast.online_command(0, ignores)), Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Online]);
    cast.offline(0);
    let (resource, flags) = (cast.resources[0], OnlineFlags::IGNORE_AFFINITY_RULE.bits());
    let command = Command::OnlineResource { resource, flags, buffer: Vec::new(), remark: Remark::default() };
    assert_eq!(cast.world.status(command), Status::IO_PENDING);
    // What is not enforced chooses between nodes, and with one there is nothing to choose.
    cast.offline(0);
    cast.world.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 0);
    assert_eq!(cast.online(0), Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn what_a_cancellation_brings_back_keeps_its_place() {
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.online(0);
    cast.world.behave(cast.resources[0]).offline = Reaction::Hang;
    assert_eq!(cast.offline(0), Status::IO_PENDING);
    let operation = cast.world.answer(cast.world.last_call()).operation.unwrap();
    cast.world.commit_mode = CommitMode::Hold;
    let cancel =
        cast.world.call(Command::CancelOperation { operation, about: None, remark: Remark::default() });
    cast.world.end_order(cast.resources[0], Reaction::Done);
    assert_eq!(cast.states(), [Offline, Offline]);
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT, "it is about to come back");
    cast.world.commit_mode = CommitMode::Done;
    cast.world.resolve_commits();
    assert_eq!(cast.world.answer(cancel).status, Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Offline]);
}

#[test]
fn what_waits_for_a_group_that_it_may_not_be_beside_does_not_keep_it_down() {
    let mut cast = Cast::kept_apart(&["hi", "lo"]);
    cast.world.order(OrderChange::AddGroup { group: cast.groups[1], provider: cast.groups[0] });
    assert_eq!(cast.online(1), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, OnlinePending]);
    // The one that it waits for takes the place, and so it ends, with nothing of it started.
    assert_eq!(cast.online(0), Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Offline]);
    let ends = cast.world.journal.values().filter(|record| record.name == "lo");
    let Some(Some(End::Failed(cause))) = ends.map(|record| record.end.clone()).next_back() else {
        panic!("the operation on 'lo' has not failed")
    };
    assert_eq!(
        (cause.status, cause.text.as_str()),
        (
            Status::CLUSTER_AFFINITY_CONFLICT,
            "node 'alpha' has 'hi' of the anti-affinity class 'heavy' (ClusterEnforcedAntiAffinity is 1); \
             nothing of it was started"
        )
    );
    // With the flag that ignores affinity it begins.
    cast.offline(0);
    let ignores = GroupOnlineFlags::IGNORE_AFFINITY_RULE.bits();
    assert_eq!(cast.world.status(cast.online_command(1, ignores)), Status::IO_PENDING);
    assert_eq!(cast.online(0), Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Online]);
}

#[test]
fn whoever_was_accepted_first_has_the_place() {
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.world.commit_mode = CommitMode::Hold;
    let first = cast.world.call(cast.online_command(0, 0));
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT, "the first is being accepted");
    cast.world.commit_mode = CommitMode::Done;
    cast.world.resolve_commits();
    assert_eq!(cast.world.answer(first).status, Status::IO_PENDING);
    assert_eq!(cast.states(), [Online, Offline]);
    // One that waits for others has it too.
    cast.offline(0);
    let before = cast.world.group("before");
    let provider = cast.world.resource(before, "r-before");
    cast.world.order(OrderChange::AddGroup { group: cast.groups[0], provider: before });
    assert_eq!(cast.online(0), Status::IO_PENDING);
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT);
    cast.world.online(provider);
    assert_eq!(cast.states(), [Online, Offline]);
    // And one that is down for a moment, since it is being restarted.
    let (resource, remark) = (cast.resources[0], Remark::default());
    cast.world.behave(resource).online = Reaction::Hang;
    assert_eq!(cast.world.status(Command::RestartResource { resource, flags: 0, remark }), Status::SUCCESS);
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT);
    cast.world.end_order(resource, Reaction::Done);
    assert_eq!(cast.states(), [Online, Offline]);
    // And one that has failed, until it is taken offline.
    cast.world.behave(resource).online = Reaction::Done;
    cast.world.set(resource, "RestartAction", 0);
    cast.world.fail(resource);
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT);
    cast.offline(0);
    assert_eq!(cast.online(1), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, Online]);
}

#[test]
fn what_is_up_stays_up_whatever_is_set() {
    let mut cast = Cast::new(&["a", "b"]);
    cast.online(0);
    cast.online(1);
    cast.keep_apart();
    let node = ObjectId::Node(NodeId(1));
    cast.world.set_of(node, "MemoryCapacityMib", 1);
    cast.set(1, "DeclaredMemoryMib", 8_192);
    cast.world.pass_ms(60_000);
    assert_eq!(cast.states(), [Online, Online]);
    // It is restarted, more of it comes up, and a new service finds it.
    let (resource, remark) = (cast.resources[1], Remark::default());
    assert_eq!(cast.world.status(Command::RestartResource { resource, flags: 0, remark }), Status::SUCCESS);
    assert_eq!(cast.states(), [Online, Online]);
    cast.world.fail(cast.resources[1]);
    assert_eq!(cast.states(), [Online, Failed]);
    cast.world.pass_ms(500);
    assert_eq!(cast.states(), [Online, Online]);
    let more = cast.world.resource(cast.groups[1], "more");
    assert_eq!(cast.world.online(more), Status::IO_PENDING);
    cast.world.restart_service();
    assert_eq!((cast.states(), cast.world.state(more)), (vec![Online, Online], Online));
    // Once it is down as a whole, it starts no more.
    cast.offline(1);
    assert_eq!(cast.online(1), Status::CLUSTER_AFFINITY_CONFLICT);
}

#[test]
fn at_the_services_start_the_place_goes_by_priority_and_name() {
    // Priorities of "a", "b", "c", which are all to be online; who comes up.
    for (priorities, winner) in
        [([2_000, 2_000, 2_000], 0), ([2_000, 3_000, 2_000], 1), ([1_000, 2_000, 2_000], 1), ([0, 1, 2], 2)]
    {
        for reversed in [false, true] {
            // Ids are given in the order in which groups are made, and mean nothing.
            let names = if reversed { ["c", "b", "a"] } else { ["a", "b", "c"] };
            let place = |group: usize| if reversed { 2 - group } else { group };
            let mut cast = Cast::new(&names);
            for (group, priority) in priorities.into_iter().enumerate() {
                cast.set(place(group), "Priority", priority);
                cast.online(place(group));
            }
            cast.keep_apart();
            cast.world.reboot();
            cast.world.pass_ms(10 * START_WAIT_MS);
            let expected: Vec<ResourceState> =
                (0..3).map(|group| if place(group) == place(winner) { Online } else { Offline }).collect();
            let found: Vec<ResourceState> = (0..3).map(|group| cast.states()[place(group)]).collect();
            assert_eq!(found, expected, "{priorities:?}, reversed {reversed}");
        }
    }
}

#[test]
fn what_is_left_offline_says_why_and_what_would_help() {
    let mut cast = Cast::new(&["a", "b"]);
    cast.online(0);
    cast.online(1);
    cast.keep_apart();
    let note = |cast: &Cast, resource: usize| {
        let found = cast.world.engine.view().explain_resource(cast.resources[resource], &[]).unwrap();
        found.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(note(&cast, 0), "");
    assert_eq!(
        note(&cast, 1),
        "it is to be online, and yet the next start of the machine leaves it offline: there is no place for its \
         group then: node 'alpha' has 'a' of the anti-affinity class 'heavy' (ClusterEnforcedAntiAffinity is 1)"
    );
    cast.world.reboot();
    assert_eq!(cast.states(), [Online, Offline]);
    assert!(!cast.is_displaced(0) && cast.is_displaced(1));
    let (rule, text, way) = cast.explained(1);
    assert_eq!(
        (rule, text.as_str(), way.as_str()),
        (
            Rule::NoPlace,
            "its group 'b' was left offline by the service's start, since there was no place for it: node 'alpha' \
             has 'a' of the anti-affinity class 'heavy' (ClusterEnforcedAntiAffinity is 1)",
            "group offline a"
        )
    );
    let object = ObjectId::Group(cast.groups[1]);
    let record = cast.world.journal.values().rfind(|record| record.object == object).unwrap();
    assert_eq!(record.verb, Verb::StartUp);
    let is_told =
        matches!(&record.end, Some(End::Failed(cause)) if cause.status == Status::CLUSTER_AFFINITY_CONFLICT);
    assert!(is_told, "{record:?}");
    // Nobody looks again by himself; who asks gets it.
    cast.offline(0);
    cast.world.pass_ms(START_WAIT_MS);
    assert_eq!(cast.states(), [Offline, Offline]);
    assert_eq!(cast.online(1), Status::IO_PENDING);
    assert_eq!(cast.states(), [Offline, Online]);
    assert!(!cast.is_displaced(1));
    // A word that it stay offline is the reason from then on.
    cast.world.online(cast.resources[0]);
    cast.world.reboot();
    assert_eq!(cast.states(), [Offline, Online], "what was asked for last counts, and 'a' was refused");
    let mut cast = Cast::new(&["a", "b"]);
    cast.online(0);
    cast.online(1);
    cast.keep_apart();
    cast.world.reboot();
    cast.offline(1);
    assert!(!cast.is_displaced(1));
    assert_ne!(cast.explained(1).0, Rule::NoPlace);
}

#[test]
fn a_place_is_kept_for_what_comes_first() {
    let mut cast = Cast::new(&["a", "b"]);
    cast.online(0);
    cast.online(1);
    cast.keep_apart();
    cast.set(0, "GroupStartDelay", 300);
    cast.world.reboot();
    cast.world.pass_ms(299_000);
    assert_eq!(cast.states(), [Offline, Offline]);
    let (rule, text, _) = cast.explained(1);
    assert_eq!(rule, Rule::NoPlace);
    assert!(text.starts_with("its group 'b' waits until those that come first have their places"), "{text}");
    cast.world.pass_ms(1_000);
    cast.world.pass_ms(START_WAIT_MS);
    assert_eq!(cast.states(), [Online, Offline]);
    // It is free again when who comes first is to stay offline.
    cast.offline(0);
    cast.online(1);
    cast.world.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 0);
    cast.online(0);
    cast.world.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 1);
    cast.world.reboot();
    assert_eq!(cast.states(), [Offline, Offline]);
    cast.offline(0);
    cast.world.pass_ms(START_WAIT_MS);
    assert_eq!(cast.states(), [Offline, Online]);
}

#[test]
fn a_place_is_not_kept_for_what_starts_after_it() {
    let mut cast = Cast::new(&["a", "b"]);
    cast.world.order(OrderChange::AddGroup { group: cast.groups[0], provider: cast.groups[1] });
    cast.online(1);
    cast.online(0);
    assert_eq!(cast.states(), [Online, Online]);
    cast.keep_apart();
    cast.set(0, "Priority", 3_000);
    cast.world.reboot();
    cast.world.pass_ms(START_WAIT_MS);
    assert_eq!(cast.states(), [Offline, Online]);
}

#[test]
fn what_is_declared_has_to_fit() {
    for (property, capacity, words) in [
        ("DeclaredMemoryMib", "MemoryCapacityMib", "has 1024 MiB of memory free, and it needs 2048"),
        ("DeclaredCpuPercent", "CpuCapacityPercent", "has 1024 % of a processor free, and it needs 2048 %"),
    ] {
        let mut cast = Cast::new(&["a", "b"]);
        cast.world.set_of(ObjectId::Node(NodeId(1)), capacity, 4_096);
        cast.set(0, property, 3_072);
        cast.set(1, property, 2_048);
        cast.online(0);
        let call = cast.world.call(cast.online_command(1, GroupOnlineFlags::IGNORE_AFFINITY_RULE.bits()));
        let answer = cast.world.answer(call).clone();
        assert_eq!(answer.status, Status::RESMON_SYSTEM_RESOURCES_LACKING);
        assert_eq!(
            answer.text,
            format!(
                "group 'b' cannot start: node 'alpha' {words}; take another group offline, or declare what is true, \
                 with: mainstay group set b {property}=... or: mainstay node set alpha {capacity}=..."
            )
        );
        // It is enough as soon as it is declared so, and not any more at the next start.
        cast.world.set_of(ObjectId::Node(NodeId(1)), capacity, 5_120);
        assert_eq!(cast.online(1), Status::IO_PENDING);
        cast.world.set_of(ObjectId::Node(NodeId(1)), capacity, 5_119);
        assert_eq!(cast.states(), [Online, Online]);
        cast.world.reboot();
        assert_eq!(cast.states(), [Online, Offline]);
        assert_eq!(cast.explained(1).0, Rule::NoPlace);
        assert!(!cast.is_displaced(1), "no other group is in its way by its class");
        // A limit of 0 is none.
        cast.world.set_of(ObjectId::Node(NodeId(1)), capacity, 0);
        assert_eq!(cast.online(1), Status::IO_PENDING);
    }
}

/// Capacities of memory and CPU; what "a", "b" and "c" declare of both; which of "a" and "b" are up; what is named for "c".
type RoomRow = ([u32; 2], [[u32; 2]; 3], &'static [usize], &'static [&'static str]);

#[test]
fn where_there_is_no_room_each_way_out_makes_some() {
    let cases: &[RoomRow] = &[
        (
            [4_096, 0],
            [[1_024, 0], [3_072, 0], [2_048, 0]],
            &[0, 1],
            &["group offline b", "node set alpha MemoryCapacityMib=6144"],
        ),
        (
            [0, 400],
            [[0, 100], [0, 200], [0, 200]],
            &[0, 1],
            &[
                "group offline a",
                "node set alpha CpuCapacityPercent=500",
                "group set c DeclaredCpuPercent=100",
            ],
        ),
        // The smallest that suffices for both.
        (
            [4_096, 400],
            [[2_048, 0], [2_048, 300], [1_024, 200]],
            &[0, 1],
            &["group offline b", "node set alpha MemoryCapacityMib=5120 CpuCapacityPercent=500"],
        ),
        // No other one alone makes enough room.
        (
            [4_096, 0],
            [[2_048, 0], [2_048, 0], [4_096, 0]],
            &[0, 1],
            &["node set alpha MemoryCapacityMib=8192"],
        ),
        // It is too big for the node.
        (
            [1_024, 0],
            [[0, 0], [512, 0], [2_048, 0]],
            &[],
            &["node set alpha MemoryCapacityMib=2048", "group set c DeclaredMemoryMib=1024"],
        ),
        // No number is large enough for what the node would have to have.
        ([u32::MAX, 0], [[u32::MAX, 0], [0, 0], [u32::MAX, 0]], &[0], &["group offline a"]),
    ];
    for (capacity, declared, up, expected) in cases {
        let made = || {
            let mut cast = Cast::new(&["a", "b", "c"]);
            let node = ObjectId::Node(NodeId(1));
            cast.world.set_of(node.clone(), "MemoryCapacityMib", capacity[0]);
            cast.world.set_of(node, "CpuCapacityPercent", capacity[1]);
            for (group, [memory, cpu]) in declared.iter().copied().enumerate() {
                cast.set(group, "DeclaredMemoryMib", memory);
                cast.set(group, "DeclaredCpuPercent", cpu);
            }
            for group in *up {
                cast.online(*group);
            }
            cast
        };
        let mut cast = made();
        let call = cast.world.call(cast.online_command(2, 0));
        let answer = cast.world.answer(call);
        assert_eq!(answer.status, Status::RESMON_SYSTEM_RESOURCES_LACKING, "{expected:?}");
        // The refusal names all that is lacking.
        for (lacks, property) in
            [(capacity[0] > 0, "MemoryCapacityMib"), (capacity[1] > 0, "CpuCapacityPercent")]
        {
            assert_eq!(answer.text.contains(property), lacks, "{}", answer.text);
        }
        assert_eq!(cast.ways(2), *expected);
        assert_eq!(cast.ways_of_group(2), *expected);
        for way in *expected {
            let mut cast = made();
            cast.follow(way);
            assert_eq!(cast.online(2), Status::IO_PENDING, "after {way}");
        }
    }
}

#[test]
fn who_waits_for_what_he_may_not_be_beside_is_told_what_ends_that() {
    let circle = || {
        let mut cast = Cast::kept_apart(&["hi", "lo"]);
        cast.world.order(OrderChange::AddGroup { group: cast.groups[1], provider: cast.groups[0] });
        cast
    };
    let ways = [
        "group undepend lo hi",
        "group set lo AntiAffinityClassNames=multi:",
        "cluster set ClusterEnforcedAntiAffinity=0",
    ];
    // Whether the other one is up or not: neither call on a group is a way.
    let mut cast = circle();
    assert_eq!((cast.ways(1), cast.ways_of_group(1)), (ways.map(String::from).into(), cast.ways(1)));
    let plan = rehearse(&cast.world, Access::Full, cast.online_command(1, 0), &[]);
    let Some(End::Failed(cause)) = &plan.end else { panic!("{plan:?}") };
    assert_eq!(
        (cause.status, cause.text.as_str()),
        (
            Status::TIMEOUT,
            "waited 600 s (GroupDependencyTimeout) for group 'hi', which is Offline, and beside which there would be no \
             place: node 'alpha' has 'hi' of the anti-affinity class 'heavy' (ClusterEnforcedAntiAffinity is 1); \
             nothing of it was started"
        )
    );
    cast.online(0);
    assert_eq!((cast.ways(1), cast.ways_of_group(1)), (ways.map(String::from).into(), cast.ways(1)));
    let call = cast.world.call(cast.online_command(1, 0));
    let answer = cast.world.answer(call);
    assert_eq!(answer.status, Status::CLUSTER_AFFINITY_CONFLICT);
    assert!(
        answer.text.ends_with(
            "it starts after what it may not be beside; end that with: mainstay group undepend lo hi or: mainstay \
             group set lo AntiAffinityClassNames=multi: or: mainstay cluster set ClusterEnforcedAntiAffinity=0"
        ),
        "{}",
        answer.text
    );
    // Each of them leads on.
    for way in ways {
        let mut cast = circle();
        cast.online(1);
        assert_eq!(cast.states(), [Offline, OnlinePending]);
        cast.follow(way);
        if cast.states() == [Offline, OnlinePending] {
            assert_eq!(cast.online(0), Status::IO_PENDING, "after {way}");
        }
        assert_eq!(cast.states()[1], Online, "after {way}");
    }
    // What has begun waits for nobody.
    let mut cast = Cast::new(&["hi", "lo"]);
    let more = cast.world.resource(cast.groups[1], "more");
    cast.world.online(cast.resources[1]);
    cast.keep_apart();
    cast.world.order(OrderChange::AddGroup { group: cast.groups[1], provider: cast.groups[0] });
    cast.resources.push(more);
    assert_eq!(cast.ways(2), ["resource online more"]);
    assert_eq!(cast.world.online(more), Status::IO_PENDING);
    // Of two that would do one is enough.
    let mut cast = circle();
    let other = cast.world.group("other");
    cast.world.resource(other, "r-other");
    let (group, expression) = (cast.groups[1], "[hi] or [other]".to_owned());
    cast.world.order(OrderChange::SetGroups { group, expression });
    assert_eq!(cast.ways(1).first().map(String::as_str), Some("group online other"));
    let set = cast.world.group_set("base");
    cast.world.order(OrderChange::SetGroups { group, expression: String::new() });
    cast.world.order(OrderChange::AddSetToGroup { group, provider: set });
    for member in [cast.groups[0], other] {
        cast.world.order(OrderChange::Join { group: member, set, moves: false });
    }
    assert_eq!(cast.ways(1).first().map(String::as_str), Some("group undepend lo base --set"));
    cast.world.set_of(ObjectId::GroupSet(set), "StartupCount", 1);
    assert_eq!(cast.ways(1).first().map(String::as_str), Some("group online other"));
}

#[test]
fn where_another_is_in_the_way_there_is_a_way_past_it() {
    // While it comes up it cannot be taken offline.
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.world.behave(cast.resources[0]).online = Reaction::Hang;
    cast.online(0);
    assert_eq!(cast.states(), [OnlinePending, Offline]);
    let ways = cast.ways(1);
    let cancel =
        ways.iter().find(|way| way.starts_with("operation cancel ")).unwrap_or_else(|| panic!("{ways:?}"));
    assert!(ways.contains(&"resource offline r-a --force".to_owned()), "{ways:?}");
    assert_eq!(cast.ways_of_group(1), ways);
    let cancel = cancel.clone();
    cast.follow(&cancel);
    cast.world.end_order(cast.resources[0], Reaction::Done);
    assert_eq!(cast.states(), [Offline, Offline]);
    assert_eq!(cast.online(1), Status::IO_PENDING);
    // Of two in its way each is named in its turn.
    let mut cast = Cast::new(&["a", "b", "c"]);
    cast.online(0);
    cast.online(1);
    cast.keep_apart();
    assert_eq!(cast.ways(2), ["group offline a"]);
    cast.follow("group offline a");
    assert_eq!(cast.ways(2), ["group offline b"]);
    // Of memory there is too little besides.
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.world.set_of(ObjectId::Node(NodeId(1)), "MemoryCapacityMib", 1_024);
    cast.set(1, "DeclaredMemoryMib", 2_048);
    cast.online(0);
    let call = cast.world.call(cast.online_command(1, 0));
    assert_eq!(
        cast.world.answer(call).text,
        "group 'b' cannot start: node 'alpha' has 'a' of the anti-affinity class 'heavy' and has 1024 MiB of memory \
         free, and it needs 2048 (ClusterEnforcedAntiAffinity is 1); make room with: mainstay group offline a; take \
         another group offline, or declare what is true, with: mainstay group set b DeclaredMemoryMib=... or: \
         mainstay node set alpha MemoryCapacityMib=..."
    );
    assert_eq!(
        cast.ways(1),
        ["group offline a", "node set alpha MemoryCapacityMib=2048", "group set b DeclaredMemoryMib=1024"]
    );
}

#[test]
fn one_that_does_not_come_up_keeps_its_place_and_a_plan_says_the_same() {
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.world.behave(cast.resources[0]).online = Reaction::Hang;
    cast.online(0);
    assert_eq!(cast.states(), [OnlinePending, Offline]);
    let command = cast.online_command(1, 0);
    let plan = rehearse(&cast.world, Access::Full, command.clone(), &[]);
    let call = cast.world.call(command);
    let answer = cast.world.answer(call);
    assert_eq!((plan.answer, plan.text), (answer.status, answer.text.clone()));
    assert_eq!(answer.status, Status::CLUSTER_AFFINITY_CONFLICT);
}

#[test]
fn what_is_being_made_known_to_a_host_has_no_place_and_gives_none() {
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.online(1);
    cast.world.hosts_start = false;
    cast.world.kill_host(HostId::Pool);
    cast.world.resource(cast.groups[0], "new");
    assert_eq!(cast.world.engine.group_state(cast.groups[0]), GroupState::Pending);
    let known = cast.resources[0];
    assert_eq!(cast.world.online(known), Status::CLUSTER_AFFINITY_CONFLICT, "nothing of it is up");
    let mut cast = Cast::kept_apart(&["a", "b"]);
    cast.world.hosts_start = false;
    cast.world.kill_host(HostId::Pool);
    cast.world.resource(cast.groups[0], "new");
    assert_eq!(cast.world.engine.group_state(cast.groups[0]), GroupState::Pending);
    assert_eq!(cast.online(1), Status::IO_PENDING);
}
