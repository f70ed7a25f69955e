//! Backups: one at a time, with full access; and what the engine makes of a database that was restored.

use mainstay_store::{Backup, Model as StoreModel, Revision};
use mainstay_types::operation::{Asker, End, Verb};
use mainstay_types::order::{Cause, Step};
use mainstay_types::{Access, NodeId, OfflineFlags, ResourceState, Status};

use crate::DatabaseError;
use crate::backup::{
    Manifest, RESTORED_BOOT, Restore, manifest, ownership_generation, restored, seal, seal_what_is_left,
};
use crate::command::{Call, Caller, Command};
use crate::effect::Effect;
use crate::input::{CallId, Input};
use crate::model::layout::OwnerRecord;
use crate::testing::{Reaction, World};

fn back_up(path: &str) -> Command {
    Command::BackUp { path: path.into() }
}

/// A backup of the world as it is now.
fn taken(world: &mut World) -> Backup {
    let mut backup = world.copy_of_database();
    let manifest = Manifest {
        manifest_version: 1,
        cluster_id: "c".into(),
        cluster_name: "cluster".into(),
        node: "n1".into(),
        operation: "1-3".parse().unwrap(),
        revision: Revision::ZERO,
        taken_unix_ms: 5,
        program_version: "1".into(),
    };
    seal(&mut backup, &manifest);
    backup
}

fn restore() -> Restore {
    Restore {
        ownership_generation: 4,
        store_generation: 0,
        node: NodeId(1),
        last_operation_number: 1_000,
        asker: Asker { account: "root".into(), sid: "S".into(), origin: "here".into() },
        unix_ms: 6,
        account: "from /b".into(),
    }
}

#[test]
fn a_backup_needs_full_access_and_has_a_line_in_the_journal() {
    let mut world = World::default();
    let call = world.call_as(Access::Read, back_up("/b"));
    world.settle();
    assert_eq!(world.answer(call).status, Status::ACCESS_DENIED);
    assert_eq!(world.status(back_up("")), Status::INVALID_PARAMETER);
    let call = world.call(back_up("/b"));
    world.settle();
    assert_eq!((world.answer(call).status, world.answer(call).text.as_str()), (Status::SUCCESS, "/b"));
    let record = world.last_record();
    assert_eq!((record.verb, record.end.clone()), (Verb::Backup, Some(End::Done)));
    assert_eq!(record.reason_text, "to /b");
}

#[test]
fn one_backup_is_made_at_a_time_and_a_failure_is_told() {
    let mut world = World::default();
    let now = world.now;
    let asker = restore().asker;
    let caller = Caller { asker, access: Access::Full, reason: String::new() };
    let call = Call { id: CallId(9_999), caller, command: back_up("/a") };
    let first = world.engine.handle(Input::Call(Box::new(call)), now);
    let [Effect::BackUp { operation, .. }] = first.as_slice() else { panic!("{first:?}") };
    let operation = *operation;
    assert_eq!(world.status(back_up("/b")), Status::CLUSTER_BACKUP_IN_PROGRESS);
    let cause = Cause::new(Status::DISK_FULL, "full".to_owned());
    let told = world.engine.handle(Input::BackedUp { operation, outcome: Err(cause) }, now);
    let answers = told.iter().filter_map(|effect| match effect {
        Effect::Answer { answer, .. } => Some((answer.status, answer.text.as_str())),
        _ => None,
    });
    assert_eq!(answers.collect::<Vec<_>>(), [(Status::DISK_FULL, "full")]);
    // Told twice it is nobody's.
    let again = world.engine.handle(Input::BackedUp { operation, outcome: Ok("/a".into()) }, now);
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(world.status(back_up("/b")), Status::SUCCESS);
}

#[test]
fn what_is_restored_outranks_everything_that_was_given_out() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    let mut backup = taken(&mut world);
    assert_eq!(manifest(&backup).unwrap().revision, backup.revision);
    assert_eq!(crate::check_database(&backup.entries), Err(DatabaseError::IsBackup));
    let before = backup.revision;
    restored(&mut backup, &restore()).unwrap();
    crate::check_database(&backup.entries).unwrap();
    assert!(backup.revision.generation > before.generation);
    assert_eq!(ownership_generation(&backup), 5);
    let owner = backup.entries.iter().find(|entry| entry.key.ends_with(b"/owner")).unwrap();
    let owner: OwnerRecord = serde_json::from_slice(&owner.value).unwrap();
    assert_eq!((owner.generation, owner.boot.as_str()), (5, RESTORED_BOOT));
    assert!(crate::stored_operations(&backup.entries).contains(&"1-1001".parse().unwrap()));
    assert_eq!(restored(&mut backup, &restore()), Err(DatabaseError::NoBackup));
}

#[test]
fn what_is_left_of_a_database_becomes_a_backup_that_gives_no_number_out_again() {
    let mut world = World::default();
    let group = world.group("g");
    world.resource(group, "app");
    let mut left = world.copy_of_database();
    let newest = "1-5000".parse().unwrap();
    seal_what_is_left(&mut left, "the id", newest, 12).unwrap();
    let sealed = manifest(&left).unwrap();
    assert_eq!((sealed.cluster_id.as_str(), sealed.cluster_name.as_str()), ("the id", "test"));
    assert_eq!((sealed.operation, sealed.taken_unix_ms, sealed.node.as_str()), (newest, 12, "alpha"));
    let again = seal_what_is_left(&mut left.clone(), "the id", newest, 12);
    assert_eq!(again, Err(DatabaseError::IsBackup));
    restored(&mut left, &restore()).unwrap();
    assert!(crate::stored_operations(&left.entries).contains(&"1-5001".parse().unwrap()));
}

#[test]
fn a_restored_database_starts_as_after_a_boot() {
    let mut world = World::default();
    let group = world.group("g");
    let (app, idle) = (world.resource(group, "app"), world.resource(group, "idle"));
    world.online(app);
    let epoch = world.engine.view().model().epoch(group);
    let mut backup = taken(&mut world);
    world.offline(app, 0);
    world.online(idle);
    restored(&mut backup, &restore()).unwrap();
    world.serve_instead(StoreModel::from_backup(&backup));
    assert_eq!(world.state(app), ResourceState::Online);
    assert_eq!(world.state(idle), ResourceState::Offline);
    let raised = world.engine.view().model().epoch(group);
    assert!(raised.generation > epoch.generation, "{raised} after {epoch}");
    let records: Vec<_> = world.journal.values().filter(|record| record.verb == Verb::Restore).collect();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.end.clone(), record.reason_text.as_str()), (Some(End::Done), "from /b"));
    assert!(world.records_left().is_empty());
}

#[test]
fn what_a_type_may_have_left_is_cleaned_before_it_is_called_offline() {
    let mut world = World::default();
    let group = world.group("g");
    world.library_type("mount");
    let disk = world.resource_of_type(group, "disk", "mount", 1);
    let mut backup = taken(&mut world);
    world.online(disk);
    assert!(world.is_held(disk) && world.has_leaf(disk));
    restored(&mut backup, &restore()).unwrap();
    world.serve_instead(StoreModel::from_backup(&backup));
    // By the backup it is offline; its host was killed with what it held.
    assert_eq!(world.state(disk), ResourceState::Offline);
    assert!(!world.runs(disk));
    assert_eq!(world.steps(disk), [Step::Open, Step::Start, Step::Open, Step::CleanUp]);
}

#[test]
fn with_an_older_copy_of_the_database_hosts_and_guard_take_orders_all_the_same() {
    let mut world = World::default();
    let group = world.group("g");
    world.library_type("mount");
    let (app, disk) = (world.resource(group, "app"), world.resource_of_type(group, "disk", "mount", 1));
    let older = world.copy_of_database();
    let before = world.engine.view().model().epoch(group);
    for id in [app, disk, app, disk] {
        world.online(id);
        world.behave(id).terminate = Reaction::Hang;
        // Stopped hard: its leaf is closed, and opened again under a higher epoch.
        world.offline(id, OfflineFlags::FORCE_WITH_TERMINATION.bits());
        world.pass_ms(600_000);
        assert!(matches!(world.state(id), ResourceState::Failed | ResourceState::Offline));
        world.behave(id).terminate = Reaction::Done;
    }
    world.online(app);
    let seen = world.engine.view().model().epoch(group);
    assert!(seen > before, "{seen} after {before}");

    world.serve_older(StoreModel::from_backup(&older));
    assert!(world.engine.view().model().epoch(group) > seen);
    assert_eq!(world.state(app), ResourceState::Online, "found");
    assert_eq!(world.online(disk), Status::IO_PENDING);
    for id in [app, disk] {
        assert_eq!(world.state(id), ResourceState::Online);
        world.offline(id, 0);
        assert_eq!(world.state(id), ResourceState::Offline);
    }
}
