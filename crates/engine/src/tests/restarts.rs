//! Restarts as tables: what happens at which time, and what is true then.
//!
//! Each case has the chain `web` on `db` on `disk`, and `mail` on `disk`, all online. A line of a case takes place at
//! its time, counted from the beginning.

use mainstay_types::control::{RESOURCE_SET_MAINTENANCE_MODE, function};
use mainstay_types::event::EventKind;
use mainstay_types::glance::Recovery;
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::order::Action;
use mainstay_types::status_information::{GroupStatusInformation, ResourceStatusInformation};
use mainstay_types::{ControlCode, ObjectId, OfflineReason, ResourceId, ResourceState, Status};

use crate::command::{Command, Remark};
use crate::testing::{Reaction, World};

/// What happens, or has to be true.
#[derive(Clone, Copy, Debug)]
enum Line {
    /// A common property is set.
    Set(&'static str, &'static str, u32),
    /// It fails by itself.
    Fail(&'static str),
    /// Something in it fails, and it runs on.
    FailInside(&'static str),
    /// Its Offline refuses from now on.
    Refuses(&'static str),
    /// Maintenance begins or ends.
    Maintain(&'static str, u32),
    /// Its Online fails from now on, or does well.
    Breaks(&'static str, bool),
    /// Its Offline hangs from now on.
    Hangs(&'static str),
    /// Its processes cannot be killed from now on, or can.
    Unkillable(&'static str, bool),
    /// A call, and what it is answered.
    Online(&'static str, u32),
    Offline(&'static str, u32, u32),
    OfflineGroup,
    FailCall(&'static str, u32),
    Restart(&'static str, u32),
    Rename(&'static str, &'static str),
    Delete(&'static str, u32),
    NotOwner(&'static str),
    Locks(&'static str, bool),
    KillService,
    /// Its state.
    Is(&'static str, ResourceState),
    /// How often a restart of it has begun.
    Restarted(&'static str, usize),
    /// A restart is planned in so many milliseconds, the so-many-th.
    Planned(&'static str, u64, u32),
    /// There are no more restarts for so many milliseconds.
    GivenUp(&'static str, Option<u64>),
    /// Nothing is planned.
    Nothing(&'static str),
    /// Why it has failed has these words.
    Why(&'static str, &'static str),
    /// Whether its status says that it has failed inside; and whether its group's does.
    Ails(&'static str, bool),
    /// How many records tell that it has failed inside and runs on.
    Told(&'static str, usize),
    /// Attempts and milliseconds that GET_FAILURE_INFO answers.
    Left(&'static str, u32, u32),
}

use Line::*;
use ResourceState::{Failed, Offline as Off, OfflinePending, Online as On, OnlinePending};

const OK: u32 = 0;
const PENDING: u32 = 997;

struct Case {
    world: World,
    ids: Vec<(&'static str, ResourceId)>,
}

impl Case {
    fn new() -> Self {
        let mut world = World::default();
        let group = world.group("g");
        let names = ["disk", "db", "web", "mail"];
        let ids = names.map(|name| (name, world.resource(group, name))).to_vec();
        for (dependent, provider) in [(1, 0), (2, 1), (3, 0)] {
            world.depend(ids[dependent].1, ids[provider].1);
        }
        let (buffer, remark) = (Vec::new(), Remark::default());
        let online = Command::OnlineGroup { group, flags: 0, buffer, remark };
        assert_eq!(world.status(online), Status::IO_PENDING);
        Case { world, ids }
    }

    fn id(&self, name: &str) -> ResourceId {
        self.ids.iter().find(|(known, _)| *known == name).expect("a name of the case").1
    }

    fn group(&self) -> mainstay_types::GroupId {
        self.world.engine.view().find_group("g").expect("the group")
    }

    fn check_status(&mut self, command: Command, expected: u32) {
        let call = self.world.call(command.clone());
        let answer = self.world.answer(call);
        assert_eq!(answer.status, Status(expected), "{command:?}: {}", answer.text);
    }

    fn take(&mut self, line: Line) {
        let remark = Remark::default;
        match line {
            Set(name, property, value) => self.world.set(self.id(name), property, value),
            Fail(name) => self.world.fail(self.id(name)),
            FailInside(name) => self.world.fail_inside(self.id(name)),
            Refuses(name) => {
                let id = self.id(name);
                self.world.behave(id).offline = Reaction::Veto;
            }
            Maintain(name, on) => {
                let object = ObjectId::Resource(self.id(name));
                let (code, input) = (RESOURCE_SET_MAINTENANCE_MODE, on.to_le_bytes().to_vec());
                let command = Command::Control { object, code, input, output_length_max: 0 };
                self.check_status(command, OK);
            }
            Breaks(name, breaks) => {
                let id = self.id(name);
                self.world.behave(id).online = if breaks { Reaction::Fail } else { Reaction::Done };
            }
            Hangs(name) => {
                let id = self.id(name);
                self.world.behave(id).offline = Reaction::Hang;
            }
            Unkillable(name, unkillable) => {
                let id = self.id(name);
                let terminate = if unkillable { Reaction::Hang } else { Reaction::Done };
                let behaviour = self.world.behave(id);
                (behaviour.unkillable, behaviour.terminate) = (unkillable, terminate);
            }
            Online(name, expected) => {
                let (resource, buffer) = (self.id(name), Vec::new());
                let command = Command::OnlineResource { resource, flags: 0, buffer, remark: remark() };
                self.check_status(command, expected);
            }
            Offline(name, flags, expected) => {
                let command = crate::testing::offline(self.id(name), flags, Vec::new());
                self.check_status(command, expected);
            }
            OfflineGroup => {
                let (group, buffer) = (self.group(), Vec::new());
                let command = Command::OfflineGroup { group, flags: 0, buffer, remark: remark() };
                self.check_status(command, PENDING);
            }
            FailCall(name, expected) => {
                let command = Command::FailResource { resource: self.id(name), remark: remark() };
                self.check_status(command, expected);
            }
            Restart(name, expected) => {
                let resource = self.id(name);
                self.check_status(
                    Command::RestartResource { resource, flags: 0, remark: remark() },
                    expected,
                );
            }
            Rename(name, new) => {
                let command = Command::RenameResource { resource: self.id(name), name: new.into() };
                self.check_status(command, OK);
            }
            Delete(name, expected) => {
                self.check_status(Command::DeleteResource { resource: self.id(name) }, expected);
            }
            NotOwner(name) => {
                let (resource, node) = (self.id(name), mainstay_types::NodeId(1));
                let _ = self.world.status(Command::AddPossibleOwner { resource, node });
                self.check_status(Command::RemovePossibleOwner { resource, node }, OK);
            }
            Locks(name, locked) => self.world.lock(self.id(name), locked),
            KillService => self.world.restart_service(),
            _ => self.check(line),
        }
    }

    fn check(&mut self, line: Line) {
        match line {
            Is(name, expected) => assert_eq!(self.world.state(self.id(name)), expected, "{line:?}"),
            Restarted(name, expected) => {
                let object = ObjectId::Resource(self.id(name));
                let restarts = self.world.journal.values().filter(|record| {
                    record.verb == Verb::Recover
                        && record.object == object
                        && record.reason_text.starts_with("restart ")
                });
                assert_eq!(restarts.count(), expected, "{line:?}");
            }
            Planned(name, in_ms, number) => {
                let planned = self.world.glance(self.id(name)).recovery;
                let Some(Recovery::Restart { at_ms: Some(at_ms), number: shown, .. }) = planned else {
                    panic!("{line:?}: {planned:?}");
                };
                assert_eq!((at_ms - self.world.now.unix_ms, shown), (in_ms, number), "{line:?}");
            }
            GivenUp(name, in_ms) => {
                let until_ms = in_ms.map(|in_ms| self.world.now.unix_ms + in_ms);
                let planned = self.world.glance(self.id(name)).recovery;
                assert_eq!(planned, Some(Recovery::GivenUp { until_ms }), "{line:?}");
            }
            Nothing(name) => assert_eq!(self.world.glance(self.id(name)).recovery, None, "{line:?}"),
            Ails(name, expected) => {
                let status = self.world.engine.resource_status(self.id(name));
                let of_group = self.world.engine.group_status(self.group());
                let ails = (
                    status.contains(ResourceStatusInformation::EMBEDDED_FAILURE),
                    of_group.contains(GroupStatusInformation::EMBEDDED_FAILURE),
                );
                assert_eq!(ails, (expected, expected), "{line:?}");
            }
            Told(name, expected) => {
                let object = ObjectId::Resource(self.id(name));
                let is_it = |record: &&OperationRecord| {
                    record.object == object
                        && record.reason_text.starts_with("it has failed inside, and runs on")
                };
                assert_eq!(self.world.journal.values().filter(is_it).count(), expected, "{line:?}");
            }
            Why(name, words) => {
                let cause = self.world.glance(self.id(name)).cause.expect("a cause").text;
                assert!(cause.contains(words), "{line:?}: {cause}");
            }
            Left(name, attempts, remaining_ms) => {
                let object = if name == "g" {
                    ObjectId::Group(self.group())
                } else {
                    ObjectId::Resource(self.id(name))
                };
                let code = ControlCode(function::GET_FAILURE_INFO);
                let command = Command::Control { object, code, input: Vec::new(), output_length_max: 8 };
                let call = self.world.call(command);
                let output = self.world.answer(call).output.clone();
                let expected = [attempts.to_le_bytes(), remaining_ms.to_le_bytes()].concat();
                assert_eq!(output, expected, "{line:?}");
            }
            _ => unreachable!("{line:?} happens"),
        }
    }
}

fn check(title: &str, lines: &[(u64, Line)]) {
    println!("{title}");
    let mut case = Case::new();
    let began_ms = case.world.now.steady_ms;
    for (at_ms, line) in lines {
        println!("  {at_ms} {line:?}");
        let passed_ms = case.world.now.steady_ms - began_ms;
        case.world.pass_ms(at_ms - passed_ms);
        case.take(*line);
    }
}

#[test]
fn restarts_go_by_the_numbers() {
    check(
        "the default: after half a second, with its dependents",
        &[
            (0, Fail("db")),
            (0, Is("db", Failed)),
            (0, Is("web", Off)),
            (0, Is("disk", On)),
            (0, Planned("db", 500, 1)),
            (0, Left("db", 3, 0)),
            (499, Is("db", Failed)),
            (500, Is("db", On)),
            (500, Is("web", On)),
            (500, Nothing("db")),
            (500, Restarted("db", 1)),
            (500, Left("db", 2, 900_000)),
            (500, Left("web", 3, 0)),
        ],
    );
    check(
        "three within the period, and no more; then a new cycle",
        &[
            (0, Breaks("db", true)),
            (0, Fail("db")),
            (500, Restarted("db", 1)),
            (500, Is("db", Failed)),
            (500, Planned("db", 500, 2)),
            (1_000, Planned("db", 500, 3)),
            (1_500, Restarted("db", 3)),
            (1_500, GivenUp("db", Some(3_600_000))),
            (1_500, Why("db", "3 restarts within 15 min did not help")),
            (1_500, Why("db", "there is no other node")),
            (1_500, Left("db", 0, 899_000)),
            (1_500, Left("g", 0, 0)),
            (3_601_499, Restarted("db", 3)),
            (3_601_500, Planned("db", 500, 1)),
            (3_601_600, Breaks("db", false)),
            (3_602_000, Is("db", On)),
            (3_602_000, Is("web", On)),
            (3_602_000, Restarted("db", 4)),
        ],
    );
    check(
        "what is older than the period does not count",
        &[
            (0, Set("db", "RestartPeriod", 10_000)),
            (0, Set("db", "RestartThreshold", 1)),
            (0, Fail("db")),
            (500, Is("db", On)),
            (10_000, Left("db", 0, 500)),
            (10_501, Fail("db")),
            (11_001, Is("db", On)),
            (12_000, Fail("db")),
            (12_000, GivenUp("db", Some(3_600_000))),
            (12_000, Why("db", "one restart within 10 s did not help")),
        ],
    );
    check(
        "RestartAction 0 does nothing",
        &[
            (0, Set("db", "RestartAction", 0)),
            (0, Fail("db")),
            (0, Nothing("db")),
            (9_000_000, Is("db", Failed)),
            (9_000_000, Is("web", Off)),
            (9_000_000, Restarted("db", 0)),
        ],
    );
    check(
        "RestartAction 1 tells no group; a retry period of 0xFFFFFFFF is never",
        &[
            (0, Set("db", "RestartAction", 1)),
            (0, Set("db", "RestartThreshold", 1)),
            (0, Set("db", "RetryPeriodOnFailure", u32::MAX)),
            (0, Breaks("db", true)),
            (0, Fail("db")),
            (500, GivenUp("db", None)),
            (500, Why("db", "one restart within 15 min did not help (RestartThreshold)")),
            (90_000_000, Restarted("db", 1)),
        ],
    );
    check(
        "a threshold of 0 is failover at the first failure",
        &[
            (0, Set("db", "RestartThreshold", 0)),
            (0, Fail("db")),
            (0, GivenUp("db", Some(3_600_000))),
            (0, Why("db", "there is no other node")),
            (0, Restarted("db", 0)),
        ],
    );
    check(
        "a start that fails is a failure too, and its dependents come with the restart",
        &[
            (0, OfflineGroup),
            (0, Breaks("disk", true)),
            (10, Online("web", PENDING)),
            (10, Is("disk", Failed)),
            (10, Is("db", Failed)),
            (10, Is("web", Failed)),
            (10, Nothing("db")),
            (20, Breaks("disk", false)),
            (510, Is("disk", On)),
            (510, Is("db", On)),
            (510, Is("web", On)),
            (510, Is("mail", Off)),
            (510, Restarted("disk", 1)),
            (510, Restarted("db", 0)),
        ],
    );
    check(
        "a failed call counts as a failure",
        &[
            (0, FailCall("db", OK)),
            (0, Is("db", Failed)),
            (0, Planned("db", 500, 1)),
            (100, FailCall("db", 5084)),
            (100, Planned("db", 400, 1)),
            (500, Is("db", On)),
            (500, Is("web", On)),
        ],
    );
    check(
        "a provider that fails while its dependent waits takes it along",
        &[
            (0, Fail("db")),
            (100, Fail("disk")),
            (500, Is("disk", Failed)),
            (600, Is("disk", On)),
            (600, Is("db", On)),
            (600, Is("web", On)),
            (600, Is("mail", On)),
        ],
    );
    check(
        "what needs a resource that is given up comes back with it",
        &[
            (0, Set("disk", "RestartThreshold", 1)),
            (0, Breaks("disk", true)),
            (0, Fail("disk")),
            (500, GivenUp("disk", Some(3_600_000))),
            (600, Is("web", Failed)),
            (600, Nothing("web")),
            (700, Breaks("disk", false)),
            (3_601_000, Is("disk", On)),
            (3_601_000, Is("web", On)),
            (3_601_000, Is("mail", On)),
        ],
    );
}

#[test]
fn what_somebody_asks_for_comes_before_what_is_planned() {
    check(
        "offline cancels the restart, and the next online counts on",
        &[
            (0, Fail("db")),
            (100, Offline("db", 0, OK)),
            (100, Is("db", Off)),
            (100, Nothing("db")),
            (9_000, Is("db", Off)),
            (9_000, Is("web", Off)),
            (9_000, Restarted("db", 0)),
            (9_000, Online("db", PENDING)),
            (9_000, Is("db", On)),
        ],
    );
    check(
        "offline cancels the retry",
        &[
            (0, Set("db", "RestartThreshold", 0)),
            (0, Fail("db")),
            (100, Offline("db", 4, OK)),
            (7_300_000, Is("db", Off)),
            (7_300_000, Restarted("db", 0)),
        ],
    );
    check(
        "offline of a dependent keeps it from coming back",
        &[(0, Fail("db")), (100, Offline("web", 4, OK)), (500, Is("db", On)), (500, Is("web", Off))],
    );
    check(
        "offline of a provider cancels what needs it",
        &[
            (0, Fail("web")),
            (100, Offline("disk", 4, PENDING)),
            (9_000, Is("web", Failed)),
            (9_000, Nothing("web")),
            (9_000, Is("disk", Off)),
        ],
    );
    check(
        "offline of the group cancels everything in it",
        &[(0, Fail("db")), (100, OfflineGroup), (9_000, Is("db", Off)), (9_000, Restarted("db", 0))],
    );
    check(
        "online does it now",
        &[
            (0, Fail("db")),
            (100, Online("db", PENDING)),
            (100, Is("db", On)),
            (9_000, Restarted("db", 0)),
            (9_000, Is("web", Off)),
        ],
    );
    check(
        "restart does it now",
        &[(0, Fail("web")), (100, Restart("web", OK)), (100, Is("web", On)), (9_000, Restarted("web", 0))],
    );
    check(
        "no restart after an offline that failed",
        &[
            (0, Hangs("web")),
            (0, Offline("web", 0, PENDING)),
            (180_000, Is("web", Failed)),
            (180_000, Nothing("web")),
            (999_000, Is("web", Failed)),
        ],
    );
    check(
        "delete, rename, lock, owners and properties during the delay",
        &[
            (0, Fail("web")),
            (100, Rename("web", "shop")),
            (500, Is("web", On)),
            (1_000, Fail("web")),
            (1_100, Locks("web", true)),
            (1_500, Is("web", On)),
            (2_000, Fail("web")),
            (2_100, Set("web", "RestartAction", 0)),
            (9_000, Is("web", Failed)),
            (9_000, Nothing("web")),
            (9_000, Fail("mail")),
            (9_100, NotOwner("mail")),
            (9_500, Is("mail", Failed)),
            (9_500, GivenUp("mail", Some(3_600_000))),
            (9_500, Why("mail", "no possible owner of 'mail'")),
            (9_600, Delete("mail", OK)),
            (8_000_000, Is("disk", On)),
        ],
    );
}

#[test]
fn nothing_is_restarted_before_it_is_proven_to_have_stopped() {
    check(
        "the guard goes on, and then the delay begins",
        &[
            (0, Unkillable("db", true)),
            (0, Hangs("web")),
            (0, Fail("db")),
            (100, Is("db", Failed)),
            (100, Is("web", OfflinePending)),
            (180_000, Is("web", Failed)),
            (400_000, Is("db", Failed)),
            (400_000, Nothing("db")),
            (400_000, Restarted("db", 0)),
            (400_001, Unkillable("db", false)),
            (600_000, Is("db", On)),
            (600_000, Is("web", On)),
            (600_000, Restarted("db", 1)),
        ],
    );
    check(
        "a dependent that is slow to stop keeps it waiting",
        &[
            (0, Set("web", "PendingTimeout", 20_000)),
            (0, Hangs("web")),
            (0, Fail("disk")),
            (5_000, Is("disk", Failed)),
            (5_000, Is("web", OfflinePending)),
            (20_000, Is("web", Failed)),
            (21_000, Is("disk", On)),
            (21_000, Is("web", On)),
            (21_000, Restarted("disk", 1)),
            (21_000, Restarted("web", 0)),
        ],
    );
}

#[test]
fn a_new_service_counts_from_zero_and_starts_what_is_to_be_online() {
    check(
        "given up before",
        &[
            (0, Set("db", "RestartThreshold", 1)),
            (0, Breaks("db", true)),
            (0, Fail("db")),
            (500, GivenUp("db", Some(3_600_000))),
            (600, Breaks("db", false)),
            (600, KillService),
            (600, Is("db", On)),
            (600, Is("web", On)),
            (600, Left("db", 1, 0)),
        ],
    );
    check(
        "a restart that hangs when the service ends",
        &[(0, Fail("web")), (100, KillService), (100, Is("web", On)), (9_000, Restarted("web", 0))],
    );
}

#[test]
fn everybody_hears_that_there_are_no_more_restarts() {
    let mut case = Case::new();
    for (property, value) in [("RestartThreshold", 1), ("RestartDelay", 0)] {
        case.take(Set("db", property, value));
    }
    case.take(Breaks("db", true));
    case.world.events.clear();
    case.take(Fail("db"));
    let told: Vec<&[u8]> = case
        .world
        .events
        .iter()
        .filter(|event| event.kind == EventKind::ResourceTerminalState)
        .map(|event| event.buffer.as_slice())
        .collect();
    let expected = [1u32.to_le_bytes(), 900_000u32.to_le_bytes()].concat();
    assert_eq!(told, [expected.as_slice()], "once, and as long as the period still runs");
    let record = case.world.last_record();
    assert_eq!((record.verb, &record.object), (Verb::Recover, &ObjectId::Resource(case.id("db"))));
    let Some(End::Failed(cause)) = &record.end else { panic!("{record:?}") };
    assert!(cause.text.starts_with("exited with status 3; one restart within 15 min"), "{cause}");
    let restart = case.world.journal.values().find(|record| record.reason_text.starts_with("restart "));
    let text = &restart.expect("a restart").reason_text;
    assert_eq!(
        text,
        "restart 1 of 1 within 15 min, 0 ms after it failed: killed by signal 9 (5038 ERROR_RESOURCE_FAILED)"
    );
    // Online pending is no state in which anybody could be left.
    assert_ne!(case.world.state(case.id("db")), OnlinePending);
}

#[test]
fn what_has_failed_inside_is_answered_as_its_action_says() {
    const ACTION: &str = "EmbeddedFailureAction";
    check(
        "the default: a graceful stop and a start after the delay, with its dependents",
        &[
            (0, FailInside("db")),
            (0, Is("db", On)),
            (0, Is("web", On)),
            (0, Ails("db", true)),
            (0, Why("db", "the application is gone")),
            (0, Planned("db", 500, 1)),
            (499, Restarted("db", 0)),
            (500, Restarted("db", 1)),
            (500, Is("db", On)),
            (500, Is("web", On)),
            (500, Ails("db", false)),
            (500, Nothing("db")),
            (500, Left("db", 2, 900_000)),
        ],
    );
    check(
        "0 shows it, 1 tells of it once, and neither acts",
        &[
            (0, Set("db", ACTION, 0)),
            (0, Set("web", ACTION, 1)),
            (0, FailInside("db")),
            (0, Ails("db", true)),
            (0, FailInside("web")),
            (0, FailInside("web")),
            (0, Told("db", 0)),
            (0, Told("web", 1)),
            (90_000_000, Restarted("db", 0)),
            (90_000_000, Restarted("web", 0)),
            (90_000_000, Is("web", On)),
            (90_000_000, Nothing("db")),
            // A restart by hand is the end of it.
            (90_000_000, Restart("db", OK)),
            (90_000_000, Ails("db", false)),
        ],
    );
    check(
        "it counts as a restart does; when these are used up it runs on, and a new cycle comes",
        &[
            (0, Set("db", "RestartThreshold", 1)),
            (0, FailInside("db")),
            (500, Restarted("db", 1)),
            (600, FailInside("db")),
            (600, Is("db", On)),
            (600, Ails("db", true)),
            (600, GivenUp("db", Some(3_600_000))),
            (600, Why("db", "one restart within 15 min did not help")),
            (600, Why("db", "there is no other node")),
            (3_600_599, Restarted("db", 1)),
            (3_600_600, Planned("db", 500, 1)),
            (3_601_100, Restarted("db", 2)),
            (3_601_100, Ails("db", false)),
        ],
    );
    check(
        "restarts of both kinds count together",
        &[
            (0, Set("db", "RestartThreshold", 2)),
            (0, Fail("db")),
            (500, Restarted("db", 1)),
            (600, FailInside("db")),
            (600, Planned("db", 500, 2)),
            (1_100, Restarted("db", 2)),
            (1_200, Fail("db")),
            (1_200, Is("db", Failed)),
            (1_200, GivenUp("db", Some(3_600_000))),
        ],
    );
    check(
        "with RestartAction 0 nothing is restarted, and the journal tells of it",
        &[
            (0, Set("db", "RestartAction", 0)),
            (0, FailInside("db")),
            (0, Told("db", 1)),
            (90_000_000, Restarted("db", 0)),
            (90_000_000, Is("db", On)),
        ],
    );
    check(
        "a failure of the whole comes before",
        &[
            (0, FailInside("db")),
            (100, Fail("db")),
            (100, Ails("db", false)),
            (100, Planned("db", 500, 1)),
            (600, Restarted("db", 1)),
            (600, Is("db", On)),
        ],
    );
    check(
        "whoever takes it offline ends what is planned",
        &[
            (0, FailInside("db")),
            (100, Offline("db", 0, PENDING)),
            (100, Is("db", Off)),
            (100, Ails("db", false)),
            (100, Nothing("db")),
            (90_000_000, Restarted("db", 0)),
            (90_000_000, Is("db", Off)),
        ],
    );
    check(
        "a lock is waited for, of a dependent too",
        &[
            (0, Locks("web", true)),
            (0, FailInside("db")),
            (60_000, Restarted("db", 0)),
            (60_000, Ails("db", true)),
            (60_000, Locks("web", false)),
            (60_000, Restarted("db", 1)),
            (60_000, Ails("db", false)),
        ],
    );
    check(
        "who refuses to stop runs on, and is asked again in the next cycle",
        &[
            (0, Refuses("db")),
            (0, FailInside("db")),
            (500, Restarted("db", 1)),
            (500, Is("db", On)),
            (500, Is("web", On)),
            (500, Ails("db", true)),
            (500, Why("db", "it refused to stop")),
            (500, GivenUp("db", Some(3_600_000))),
            (3_601_000, Restarted("db", 2)),
        ],
    );
    check(
        "a stop that hangs is terminated, and then it is a failure",
        &[
            (0, Hangs("db")),
            (0, FailInside("db")),
            (500, Is("db", OfflinePending)),
            (180_500, Is("db", Failed)),
            (180_500, Ails("db", false)),
            (181_000, Is("db", On)),
            (181_000, Is("web", On)),
            (181_000, Restarted("db", 2)),
        ],
    );
    check(
        "in maintenance it is shown, and answered when that is over",
        &[
            (0, Maintain("db", 1)),
            (0, FailInside("db")),
            (60_000, Restarted("db", 0)),
            (60_000, Ails("db", true)),
            (60_000, Maintain("db", 0)),
            (60_000, Planned("db", 500, 1)),
            (60_500, Restarted("db", 1)),
            (60_500, Ails("db", false)),
        ],
    );
    check(
        "a new service knows of it, and begins to count anew",
        &[
            (0, FailInside("db")),
            (100, KillService),
            (100, Ails("db", true)),
            (100, Planned("db", 500, 1)),
            (600, Restarted("db", 1)),
            (600, Ails("db", false)),
        ],
    );
}

/// Its Offline is told why it is stopped, and that of nobody else.
#[test]
fn the_type_is_told_that_it_has_failed_inside() {
    let mut case = Case::new();
    let (db, web) = (case.id("db"), case.id("web"));
    case.take(FailInside("db"));
    case.world.pass_ms(500);
    let stops = case.world.orders.iter().filter_map(|order| match &order.action {
        Action::Offline { reason, due_to_embedded_failure, .. } => {
            Some((order.resource, *reason, *due_to_embedded_failure))
        }
        _ => None,
    });
    let restarted = OfflineReason::BeingRestarted;
    assert_eq!(stops.collect::<Vec<_>>(), [(web, restarted, false), (db, restarted, true)]);
}
