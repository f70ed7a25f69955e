//! What is said of a resource host that is needed and does not come.

use mainstay_types::explanation::Rule;
use mainstay_types::{HostId, ObjectId, ResourceState};

use crate::testing::World;
use crate::view::HostInfo;

fn only(world: &World) -> HostInfo {
    let mut hosts = world.engine.view().hosts();
    assert_eq!(hosts.len(), 1, "{hosts:?}");
    hosts.remove(0)
}

#[test]
fn a_host_that_is_needed_and_not_there_is_told() {
    for own in [false, true] {
        let mut world = World::default();
        let group = world.group("g");
        let [db, other] = ["db", "other"].map(|name| world.resource(group, name));
        if own {
            world.set(db, "SeparateMonitor", 1);
        }
        world.set(db, "RestartAction", 0);
        world.online(db);
        if own {
            // The pool has nothing to do with it.
            let _ = world.status(crate::command::Command::DeleteResource { resource: other });
        }
        let host = if own { HostId::Own(db) } else { HostId::Pool };
        let needed_by = if own { vec!["db"] } else { vec!["db", "other"] };
        let there = only(&world);
        assert_eq!(
            (there.id, there.needed_by.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
            (host, needed_by.as_slice())
        );
        assert!(there.pid.is_some() && there.standing == "it is connected", "{there:?}");
        let notes = |world: &World| {
            let found = world.engine.view().explain_resource(db, &[]).expect("an explanation");
            let notes = found.notes.into_iter().filter(|note| note.rule == Rule::HostAbsent);
            notes.map(|note| note.text).collect::<Vec<_>>()
        };
        assert_eq!(notes(&world), [""; 0]);
        world.hosts_start = false;
        world.kill_host(host);
        assert_eq!(world.state(db), ResourceState::Online);
        let lost = only(&world);
        assert_eq!((lost.id, lost.pid, lost.is_given_up), (host, None, false));
        let again =
            "it is started again after a pause; 2 in a row have ended, the last: exited with status 1";
        assert_eq!(lost.standing, again);
        let text = format!("nobody looks at it now, since its resource host is not there: {}", lost.standing);
        assert_eq!(notes(&world), [text]);
        for object in [ObjectId::Resource(db), ObjectId::Group(group)] {
            assert!(world.engine.view().waits_for_guard(&object), "it opens the leaf");
        }
        world.pass_ms(600_000);
        assert_eq!(world.state(db), ResourceState::Failed);
        let given_up = only(&world);
        assert_eq!((given_up.id, given_up.pid, given_up.is_given_up), (host, None, true), "{given_up:?}");
        assert!(given_up.needed_by.contains(&"db".to_owned()), "{given_up:?}");
        world.hosts_start = true;
        world.online(db);
        assert_eq!(world.state(db), ResourceState::Online);
        assert!(only(&world).pid.is_some());
        assert!(!world.engine.view().waits_for_guard(&ObjectId::Group(group)));
    }
}
