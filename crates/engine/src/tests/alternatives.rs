//! What a choice between providers means in every path: which one comes up, who goes down with whom, and what is left
//! after failures, vetoes and crashes.
//!
//! The cluster of these tests: `web` needs `c`, and `a` or `b`; `top` needs `web`.

use mainstay_types::order::Step;
use mainstay_types::{GroupId, ResourceId, Status};

use crate::command::{Command, Remark};
use crate::testing::{Behaviour, Reaction, World, offline};

const NAMES: [&str; 5] = ["a", "b", "c", "web", "top"];
const FORCE: u32 = 2;

struct Cluster {
    world: World,
    group: GroupId,
    ids: [ResourceId; 5],
}

impl Cluster {
    fn new() -> Self {
        let mut world = World::default();
        let group = world.group("g");
        let ids = NAMES.map(|name| world.resource(group, name));
        world.depend_on(ids[3], "([a] or [b]) and ([c])");
        world.depend(ids[4], ids[3]);
        Cluster { world, group, ids }
    }

    fn id(&self, name: &str) -> ResourceId {
        self.ids[NAMES.iter().position(|known| *known == name).expect("a name")]
    }

    fn name(&self, id: ResourceId) -> &'static str {
        NAMES[self.ids.iter().position(|known| *known == id).expect("an id")]
    }

    /// One step of a story: a call (`online web`, `force web`, `group offline`), what a type does (`a fails starting`,
    /// `a hangs stopping`, `a behaves`), what happens (`fail a`, `end a`, `break a`, `lock web`, `crash`, `reboot`).
    fn take(&mut self, step: &str) -> Option<Status> {
        let (buffer, remark, group) = (Vec::new(), Remark::default(), self.group);
        let words: Vec<&str> = step.split(' ').collect();
        let command = match words.as_slice() {
            ["online", name] => Command::OnlineResource { resource: self.id(name), flags: 0, buffer, remark },
            ["offline", name] => offline(self.id(name), 0, buffer),
            ["force", name] => offline(self.id(name), FORCE, buffer),
            ["restart", name] => Command::RestartResource { resource: self.id(name), flags: 0, remark },
            ["call-failed", name] => Command::FailResource { resource: self.id(name), remark },
            ["group", "online"] => Command::OnlineGroup { group, flags: 0, buffer, remark },
            ["group", "offline"] => Command::OfflineGroup { group, flags: 0, buffer, remark },
            ["remove", name] => {
                Command::RemoveDependency { resource: self.id("web"), provider: self.id(name) }
            }
            ["need", rest @ ..] => {
                Command::SetDependencyExpression { resource: self.id("web"), expression: rest.join(" ") }
            }
            other => {
                self.happen(other);
                return None;
            }
        };
        Some(self.world.status(command))
    }

    fn happen(&mut self, words: &[&str]) {
        match *words {
            ["fail", name] => self.world.fail(self.id(name)),
            ["end", name] => self.world.end_order(self.id(name), Reaction::Done),
            ["break", name] => self.world.end_order(self.id(name), Reaction::Fail),
            ["lock", name] => self.world.lock(self.id(name), true),
            ["crash"] => self.world.restart_service(),
            ["reboot"] => self.world.reboot(),
            [name, "behaves"] => *self.world.behave(self.id(name)) = Behaviour::default(),
            [name, how, what] => {
                let reaction = match how {
                    "fails" => Reaction::Fail,
                    "vetoes" => Reaction::Veto,
                    "hangs" => Reaction::Hang,
                    other => panic!("{other}"),
                };
                let id = self.id(name);
                let behaviour = self.world.behave(id);
                match what {
                    "starting" => behaviour.online = reaction,
                    "stopping" => behaviour.offline = reaction,
                    other => panic!("{other}"),
                }
            }
            _ => panic!("{words:?}"),
        }
    }

    /// `a+ b- c! web> top<`: online, offline, failed, on the way up, on the way down.
    fn states(&self) -> String {
        use mainstay_types::ResourceState::{Failed, Offline, OfflinePending, Online, OnlinePending};
        let shown = NAMES.map(|name| {
            let sign = match self.world.state(self.id(name)) {
                Online => "+",
                Offline => "-",
                Failed => "!",
                OnlinePending => ">",
                OfflinePending => "<",
                other => panic!("{other}"),
            };
            format!("{name}{sign}")
        });
        shown.join(" ")
    }
}

/// Each step with the states after it, where they are said, and the call's answer where it is a refusal.
fn check(story: &[(&str, &str)]) {
    let mut cluster = Cluster::new();
    for (index, (step, expected)) in story.iter().enumerate() {
        let status = cluster.take(step);
        let refused = status.filter(|status| !matches!(*status, Status::SUCCESS | Status::IO_PENDING));
        let shown = refused.map_or_else(|| cluster.states(), |status| status.0.to_string());
        let told: Vec<&str> = story[..=index].iter().map(|(step, _)| *step).collect();
        if !expected.is_empty() {
            assert_eq!(shown, *expected, "{}", told.join(", "));
        }
    }
}

#[test]
fn of_alternatives_one_suffices_and_the_next_is_tried() {
    for story in [
        // The first as written; the one that serves; the one that has not failed.
        &[("online top", "a+ b- c+ web+ top+")][..],
        &[("online b", ""), ("online top", "a- b+ c+ web+ top+")],
        &[("online a", ""), ("fail a", ""), ("online top", "a! b+ c+ web+ top+")],
        &[("group online", "a+ b+ c+ web+ top+")],
        // The next before the dependent fails.
        &[("a fails starting", ""), ("online top", "a! b+ c+ web+ top+")],
        &[("a fails starting", ""), ("b fails starting", ""), ("online top", "a! b! c+ web! top!")],
        &[("a fails starting", ""), ("group online", "a! b+ c+ web+ top+")],
        &[("c fails starting", ""), ("online top", "a+ b- c! web! top!")],
        // Both have failed before: both are tried.
        &[
            ("a fails starting", ""),
            ("b fails starting", ""),
            ("online web", "a! b! c+ web! top-"),
            ("b behaves", ""),
            ("online web", "a! b+ c+ web+ top-"),
        ],
        // What is on its way is waited for.
        &[("a hangs starting", ""), ("online web", "a> b- c+ web> top-"), ("break a", "a! b+ c+ web+ top-")],
        &[
            ("a hangs starting", ""),
            ("b hangs starting", ""),
            ("online web", "a> b- c+ web> top-"),
            ("break a", "a! b> c+ web> top-"),
            ("end b", "a! b+ c+ web+ top-"),
        ],
        // One suffices although the other one is still on its way, or fails there.
        &[
            ("a hangs starting", ""),
            ("group online", "a> b+ c+ web+ top+"),
            ("break a", "a! b+ c+ web+ top+"),
        ],
        // It begins with one and goes on with the other.
        &[
            ("group online", ""),
            ("offline web", "a+ b+ c+ web- top-"),
            ("web hangs starting", ""),
            ("online web", "a+ b+ c+ web> top-"),
            ("fail a", "a! b+ c+ web> top-"),
            ("end web", "a! b+ c+ web+ top-"),
        ],
    ] {
        check(story);
    }
}

#[test]
fn a_dependent_goes_down_with_the_last_alternative() {
    for story in [
        &[("group online", ""), ("offline a", "a- b+ c+ web+ top+"), ("offline b", "a- b- c+ web- top-")][..],
        &[("group online", ""), ("offline c", "a+ b+ c- web- top-")],
        &[("group online", ""), ("force a", "a- b+ c+ web+ top+"), ("force b", "a- b- c+ web- top-")],
        &[("group online", ""), ("fail a", "a! b+ c+ web+ top+"), ("fail b", "a! b! c+ web- top-")],
        &[
            ("group online", ""),
            ("call-failed a", "a! b+ c+ web+ top+"),
            ("call-failed b", "a! b! c+ web- top-"),
        ],
        &[("group online", ""), ("group offline", "a- b- c- web- top-")],
        // What is going does not count.
        &[
            ("group online", ""),
            ("a hangs stopping", ""),
            ("offline a", "a< b+ c+ web+ top+"),
            ("fail b", "a< b! c+ web- top-"),
            ("end a", "a- b! c+ web- top-"),
        ],
        &[
            ("group online", ""),
            ("a hangs stopping", ""),
            ("offline a", ""),
            ("web hangs stopping", ""),
            ("offline b", "a< b< c+ web< top-"),
            ("end a", "a- b< c+ web< top-"),
            ("end web", "a- b- c+ web- top-"),
        ],
        // A locked dependent keeps only what it leans on.
        &[("group online", ""), ("lock web", ""), ("offline a", "a- b+ c+ web+ top+"), ("offline b", "5960")],
        // Restart takes along what has nothing else.
        &[
            ("group online", ""),
            ("a hangs starting", ""),
            ("restart a", "a> b+ c+ web+ top+"),
            ("end a", "a+ b+ c+ web+ top+"),
        ],
        &[
            ("online top", ""),
            ("a hangs starting", ""),
            ("restart a", "a> b- c+ web> top>"),
            ("end a", "a+ b- c+ web+ top+"),
        ],
        &[
            ("online top", ""),
            ("a hangs starting", ""),
            ("restart a", "a> b- c+ web> top>"),
            ("break a", "a! b+ c+ web+ top+"),
        ],
        // A veto leaves everything as it was.
        &[("group online", ""), ("a vetoes stopping", ""), ("offline a", "a+ b+ c+ web+ top+")],
        &[("online top", ""), ("a vetoes stopping", ""), ("offline a", "a+ b- c+ web+ top+")],
        &[
            ("group online", ""),
            ("a hangs stopping", ""),
            ("offline a", ""),
            ("web vetoes stopping", ""),
            ("offline b", "a< b+ c+ web+ top+"),
            ("end a", "a- b+ c+ web+ top+"),
        ],
    ] {
        check(story);
    }
}

#[test]
fn crashes_and_starts_find_the_same_choice() {
    for story in [
        &[
            ("a hangs starting", ""),
            ("online web", ""),
            ("crash", "a> b- c+ web> top-"),
            ("break a", "a! b+ c+ web+ top-"),
        ][..],
        &[
            ("a fails starting", ""),
            ("b hangs starting", ""),
            ("online web", "a! b> c+ web> top-"),
            ("crash", "a! b> c+ web> top-"),
            ("end b", "a! b+ c+ web+ top-"),
        ],
        &[("group online", ""), ("crash", "a+ b+ c+ web+ top+"), ("fail a", "a! b+ c+ web+ top+")],
        &[("online top", ""), ("reboot", "a+ b- c+ web+ top+")],
        // What is to stay offline stays, and the other one comes.
        &[("group online", ""), ("offline a", ""), ("reboot", "a- b+ c+ web+ top+")],
        &[
            ("online top", ""),
            ("offline a", ""),
            ("online top", "a- b+ c+ web+ top+"),
            ("reboot", "a- b+ c+ web+ top+"),
        ],
        &[("online top", ""), ("offline a", ""), ("offline b", ""), ("reboot", "a- b- c- web- top-")],
        // The next one is tried at a start too.
        &[("online top", ""), ("a fails starting", ""), ("reboot", "a! b+ c+ web+ top+")],
    ] {
        check(story);
    }
}

#[test]
fn words_are_overridden_only_where_nothing_else_would_do() {
    let words = |story: &[&str]| {
        let mut cluster = Cluster::new();
        for step in story {
            cluster.take(step);
        }
        let word = |name| match cluster.world.persistent(cluster.id(name)) {
            Some(true) => "on",
            Some(false) => "off",
            None => "-",
        };
        (cluster.states(), word("a"), word("b"))
    };
    let up = |states: &str| states.to_owned();
    for (story, expected) in [
        (&["offline a", "online web"][..], (up("a- b+ c+ web+ top-"), "off", "-")),
        (&["offline a", "offline b", "online web"], (up("a+ b- c+ web+ top-"), "-", "off")),
        (&["offline b", "online web"], (up("a+ b- c+ web+ top-"), "-", "off")),
        // Nobody is brought up behind the back of who has taken it offline.
        (&["offline b", "a fails starting", "online web"], (up("a! b- c+ web! top-"), "-", "off")),
    ] {
        assert_eq!(words(story), expected, "{story:?}");
    }
}

#[test]
fn what_is_online_keeps_what_it_needs() {
    let online = Status::RESOURCE_ONLINE.0.to_string();
    for story in [
        &[("online web", ""), ("remove a", online.as_str()), ("remove b", "a+ b- c+ web+ top-")][..],
        &[
            ("online web", ""),
            ("need [b]", &online),
            ("need ([b]) and ([c])", &online),
            ("need [c] or [b]", "a+ b- c+ web+ top-"),
        ],
        &[("online web", ""), ("remove c", "a+ b- c+ web+ top-"), ("offline c", "a+ b- c- web+ top-")],
        &[("a hangs starting", ""), ("online web", ""), ("need [c]", &online)],
    ] {
        check(story);
    }
}

#[test]
fn a_choice_is_told_in_words() {
    let mut cluster = Cluster::new();
    for step in ["a fails starting", "b fails starting", "online web"] {
        cluster.take(step);
    }
    let failure = cluster.world.glance(cluster.id("web")).cause.expect("a cause");
    assert_eq!(failure.text, "none of its providers 'a', 'b' is online");
    let tried: Vec<&str> = cluster
        .world
        .orders
        .iter()
        .filter(|order| order.id.step == Step::Start)
        .map(|order| cluster.name(order.resource))
        .collect();
    assert_eq!(tried, ["a", "c", "b"]);
}

/// After a restart of the service everything has its place before anything moves: `b` stands on what has failed, so it
/// is no reason to terminate `a` under `web`, which is still being stopped.
#[test]
fn an_alternative_that_has_to_go_itself_serves_nobody() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b, disk, web, top] = ["a", "b", "disk", "web", "top"].map(|name| world.resource(group, name));
    world.depend(b, disk);
    world.depend(top, b);
    world.depend_on(web, "[a] or [b]");
    let (buffer, remark) = (Vec::new(), Remark::default());
    world.call(Command::OnlineGroup { group, flags: 0, buffer, remark });
    for slow in [web, top] {
        world.behave(slow).offline = Reaction::Hang;
    }
    world.call(offline(web, 0, Vec::new()));
    world.fail(disk);
    world.fail(a);
    world.restart_service();
    assert!(world.runs(web) && world.runs(top));
    assert!(!world.steps(a).contains(&Step::Terminate), "while 'web' is being stopped");
    for slow in [top, web] {
        world.end_order(slow, Reaction::Done);
    }
    assert!([disk, b, a, web, top].iter().all(|id| !world.runs(*id)));
}
