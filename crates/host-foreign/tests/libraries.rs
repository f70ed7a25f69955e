//! Real libraries, built from C when the test runs, driven through the host's traits as the host drives them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mainstay_host::resource_type::{
    Check, Completion, Context, ControlAnswer, ControlCall, Failure, Found, OfflineCall, OnlineCall, Opened,
    Operation, OperationNumber, Reporter, Resource, Said, Types,
};
use mainstay_host_foreign::{Libraries, exports};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::order::{Cause, Opening, RegistryCopy, RegistryValue};
use mainstay_types::{
    ClusterId, ControlCode, Epoch, GroupId, Name, OfflineFlags, OfflineReason, OnlineFlags, ResourceId,
    Status,
};
use support::{compile_library, has, root};
use tempfile::TempDir;
use uuid::Uuid;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const DEMO_LAST_INSTRUCTION: ControlCode = ControlCode(0x0120_0005);

/// Both widths in which the demonstration type is built.
const WIDTHS: [&[&str]; 2] = [&[], &["-fshort-wchar"]];

/// A library in a directory of its own, with room for the files of its resources.
struct Library {
    dir: TempDir,
    path: PathBuf,
    libraries: Libraries,
}

impl Library {
    fn demo(width: &[&str]) -> Self {
        Self::build(&root().join("examples/demo-type/demo_type.c"), width)
    }

    fn build(source: &Path, arguments: &[&str]) -> Self {
        exports::keep();
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("library.so");
        compile_library(arguments, source, &path);
        Library { dir, path, libraries: Libraries::default() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn find(&self, type_name: &str) -> Result<Arc<dyn mainstay_host::resource_type::ResourceType>, Cause> {
        self.libraries.find(&name(type_name), Some(self.path.to_str().unwrap()))
    }

    fn opening(&self, type_name: &str, properties: &[(&'static str, Property)]) -> Opening {
        Opening {
            name: name("Demö"),
            type_name: name(type_name),
            group: GroupId(Uuid::from_u128(1)),
            library: Some(self.path.to_str().unwrap().into()),
            registry: RegistryCopy {
                values: Vec::new(),
                keys: vec![(
                    "Parameters".into(),
                    RegistryCopy {
                        values: properties.iter().map(Property::value).collect(),
                        keys: Vec::new(),
                    },
                )],
            },
            pending_timeout_ms: 180_000,
            deadlock_timeout_ms: 300_000,
            looks_alive_interval_ms: 5_000,
            is_alive_interval_ms: 60_000,
            recover: false,
            online_for_ms: None,
            borne: None,
            note: None,
        }
    }

    fn try_open(&self, opening: Opening) -> Result<(Opened, Receiver<Said>, Reporter), Cause> {
        let (said, heard) = channel();
        let reporter = Reporter::new(Arc::new(move |one| {
            // A library may speak after its test has ended.
            let _ = said.send(one);
        }));
        let context = Context {
            cluster: ClusterId(Uuid::from_u128(2)),
            resource: ResourceId(Uuid::from_u128(3)),
            epoch: Epoch::default(),
            state_file: self.file("state"),
            leaf: self.dir.path().to_owned(),
            reporter: reporter.clone(),
            opening: opening.clone(),
        };
        let opened = self.find(opening.type_name.as_str())?.open(context)?;
        Ok((opened, heard, reporter))
    }

    /// Opens a resource of the demonstration type with an ActiveFile.
    fn open(&self, properties: &[(&'static str, Property)]) -> Open<'_> {
        let active = self.file("actïve 𝄞");
        let text = Property::Text(active.to_str().unwrap().into());
        let properties = [&[("ActiveFile", text)], properties].concat();
        let (opened, heard, _) = self.try_open(self.opening("Dummy", &properties)).unwrap();
        Open { library: self, resource: opened.resource, heard, active, properties, operations: 0 }
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[derive(Clone)]
enum Property {
    Number(u32),
    Text(String),
}

impl Property {
    fn value((name, property): &(&'static str, Property)) -> RegistryValue {
        let (kind, data) = match property {
            Property::Number(number) => (4, number.to_le_bytes().to_vec()),
            Property::Text(text) => (1, text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()),
        };
        RegistryValue { name: (*name).into(), kind, data }
    }
}

fn number(number: u32) -> Property {
    Property::Number(number)
}

fn text(text: &str) -> Property {
    Property::Text(text.into())
}

fn instruction(name: &str, value: Value) -> Vec<u8> {
    PropertyList::new().with(name, value).to_bytes().unwrap()
}

/// An open resource and what it says.
struct Open<'a> {
    library: &'a Library,
    resource: Arc<dyn Resource>,
    heard: Receiver<Said>,
    active: PathBuf,
    properties: Vec<(&'static str, Property)>,
    operations: u64,
}

impl Open<'_> {
    fn operation(&mut self) -> (Operation, Receiver<Said>) {
        self.operations += 1;
        let (said, heard) = channel();
        let ear = Arc::new(move |one| {
            let _ = said.send(one);
        });
        (Operation::new(OperationNumber(self.operations), ear), heard)
    }

    fn online(&mut self) -> (Result<Completion, Failure>, Operation, Receiver<Said>) {
        let (operation, heard) = self.operation();
        let call =
            OnlineCall { flags: OnlineFlags::empty(), buffer: &[], note: None, operation: operation.clone() };
        (self.resource.online(call), operation, heard)
    }

    fn offline(&mut self, buffer: &[u8]) -> (Result<Completion, Failure>, Operation, Receiver<Said>) {
        let (operation, heard) = self.operation();
        let flags = OfflineFlags::IGNORE_RESOURCE_STATUS | OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE;
        let destination = name("nöde");
        let call = OfflineCall {
            flags,
            reason: OfflineReason::UserRequested,
            destination: Some(&destination),
            due_to_embedded_failure: true,
            buffer,
            operation: operation.clone(),
        };
        (self.resource.offline(call), operation, heard)
    }

    fn control(&self, code: ControlCode, output_length_max: u32) -> ControlAnswer {
        let type_name = name("dummy");
        self.resource.control(ControlCall { code, input: &[], output_length_max, type_name: &type_name })
    }

    fn log(&self) -> Vec<String> {
        self.heard
            .try_iter()
            .filter_map(|said| if let Said::Logged { text, .. } = said { Some(text) } else { None })
            .collect()
    }

    fn close(self) {
        self.resource.terminate().unwrap();
        self.resource.close();
    }
}

/// Waits for the end of an operation; says how often it showed progress.
fn wait_for_end(heard: &Receiver<Said>) -> (u32, Result<(), Failure>) {
    let mut last = 0;
    loop {
        match heard.recv_timeout(PATIENCE).expect("the library said nothing more") {
            Said::Progress { checkpoint, .. } => {
                assert!(checkpoint > last, "check points go up");
                last = checkpoint;
            }
            Said::Finished { result, .. } => return (last, result),
            said => panic!("{said:?}"),
        }
    }
}

#[test]
fn online_and_offline_at_once_in_both_widths() {
    if !has("cc") {
        return;
    }
    for width in WIDTHS {
        let library = Library::demo(width);
        let mut open = library.open(&[]);
        assert!(!open.resource.looks_alive());
        assert_eq!(open.online().0, Ok(Completion::Done));
        assert!(open.active.exists(), "{width:?}");
        assert!(open.resource.looks_alive() && open.resource.is_alive().is_ok());
        assert_eq!(open.offline(&[]).0, Ok(Completion::Done));
        assert!(!open.active.exists() && !open.resource.looks_alive());
        // Flags, reason and the name of the destination arrive in the library's own numbers and width.
        assert_eq!(open.log(), ["going offline to nöde, flags 0x51, reason 4, instruction 0"], "{width:?}");
        fs::write(library.file("state"), "left").unwrap();
        open.close();
        assert!(!library.file("state").exists(), "the state file goes with the resource");
    }
}

#[test]
fn slow_work_reports_and_ends() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let mut open = library.open(&[("OnlineDelayMs", number(120)), ("OfflineDelayMs", number(120))]);
    let (answer, _, heard) = open.online();
    assert_eq!(answer, Ok(Completion::Pending));
    let (progress, result) = wait_for_end(&heard);
    assert!(progress >= 2 && result.is_ok() && open.active.exists(), "{progress} {result:?}");
    let (answer, _, heard) = open.offline(&[]);
    assert_eq!(answer, Ok(Completion::Pending));
    assert_eq!(wait_for_end(&heard).1, Ok(()));
    assert!(!open.active.exists());
    open.close();
}

#[test]
fn instructions_are_checked_and_carried_out() {
    if !has("cc") {
        return;
    }
    for width in WIDTHS {
        let library = Library::demo(width);
        let saved = library.file("saved");
        let mut open = library.open(&[("SavedFile", text(saved.to_str().unwrap()))]);
        assert_eq!(open.online().0, Ok(Completion::Done));

        let flags = OfflineFlags::empty();
        let invalid = [
            instruction("DUMMY", Value::Dword(2)),
            instruction("dummy", Value::Sz("save".into())),
            vec![1, 2, 3],
        ];
        for buffer in invalid {
            let Check::No(cause) = open.resource.check_offline(flags, &buffer) else {
                panic!("accepted {buffer:?}")
            };
            assert_eq!(cause.status, Status::INVALID_PARAMETER);
            let (answer, ..) = open.offline(&buffer);
            assert!(
                matches!(answer, Err(Failure::Failed(cause)) if cause.status == Status::INVALID_PARAMETER)
            );
            assert!(open.active.exists());
        }
        let save = instruction("Dummy", Value::Dword(1));
        for buffer in [&[][..], &instruction("other type", Value::Dword(7)), &save] {
            assert_eq!(open.resource.check_offline(flags, buffer), Check::Yes);
        }
        assert!(!saved.exists());
        assert_eq!(open.offline(&save).0, Ok(Completion::Done));
        assert!(saved.exists() && !open.active.exists());

        let answer = open.control(DEMO_LAST_INSTRUCTION, 4);
        assert_eq!((answer.status, answer.output.as_slice()), (Status::SUCCESS, &1_u32.to_le_bytes()[..]));
        let short = open.control(DEMO_LAST_INSTRUCTION, 3);
        assert_eq!((short.status, short.output_length_needed), (Status::MORE_DATA, 4));
        assert_eq!(open.control(ControlCode(0x0100_0029), 100).status, Status::INVALID_FUNCTION);
        open.close();
    }
}

#[test]
fn a_veto_leaves_it_online() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    for delay in [0, 20] {
        let mut open = library.open(&[("VetoOffline", number(1)), ("OfflineDelayMs", number(delay))]);
        assert_eq!(open.online().0, Ok(Completion::Done));
        let (answer, _, heard) = open.offline(&[]);
        let failure = match answer {
            Ok(Completion::Pending) => wait_for_end(&heard).1.unwrap_err(),
            answer => answer.unwrap_err(),
        };
        let Failure::Vetoed(cause) = failure else { panic!("{failure}") };
        assert_eq!(cause.status, Status::CLUSTER_RESOURCE_VETOED_CALL);
        assert!(open.active.exists() && open.resource.looks_alive());
        open.close();
    }
}

#[test]
fn it_locks_itself_while_online() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let mut open = library.open(&[("LockWhenOnline", number(1))]);
    assert_eq!(open.online().0, Ok(Completion::Done));
    assert_eq!(open.heard.recv_timeout(PATIENCE), Ok(Said::Locked { locked: true, reason: 1 }));
    assert_eq!(open.offline(&[]).0, Ok(Completion::Done));
    let said: Vec<_> = open.heard.try_iter().collect();
    assert!(said.contains(&Said::Locked { locked: false, reason: 1 }), "{said:?}");
    open.close();
}

#[test]
fn failures_carry_code_and_last_words() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let code = ("FailCode", number(Status::DISK_FULL.0));

    let opening = library.opening("dummy", &[("FailIn", text("Open")), code.clone()]);
    let cause = library.try_open(opening).err().unwrap();
    assert_eq!(cause.status, Status::DISK_FULL);
    assert!(cause.text.ends_with("failing in Open, as told"), "{cause}");

    let mut open = library.open(&[("FailIn", text("Online")), code.clone()]);
    let Err(Failure::Failed(cause)) = open.online().0 else { panic!("it came online") };
    assert_eq!(cause.status, Status::DISK_FULL);
    assert!(cause.text.contains("failing in Online"), "{cause}");
    open.close();

    let mut open = library.open(&[("FailIn", text("OnlineWork")), code, ("OnlineDelayMs", number(1))]);
    let (_, _, heard) = open.online();
    let Err(Failure::Failed(cause)) = wait_for_end(&heard).1 else { panic!("it came online") };
    assert!(cause.text.contains("application error 112"), "{cause}");
    open.close();

    let mut open = library.open(&[]);
    assert_eq!(open.online().0, Ok(Completion::Done));
    fs::remove_file(&open.active).unwrap();
    assert!(open.resource.looks_alive(), "the quick look does not see it");
    let cause = open.resource.is_alive().unwrap_err();
    assert!(cause.text.contains("is gone"), "{cause}");
    open.close();
}

#[test]
fn terminate_overtakes_what_would_never_end() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    for (property, online_first) in [("HangIn", false), ("ReportForever", false), ("ReportForever", true)] {
        let place = match (property, online_first) {
            ("HangIn", _) => "OnlineWork",
            (_, false) => "Online",
            (_, true) => "Offline",
        };
        let mut open = library.open(&[(property, text(place))]);
        if online_first {
            assert_eq!(open.online().0, Ok(Completion::Done));
        }
        let (answer, operation, heard) = if online_first { open.offline(&[]) } else { open.online() };
        assert_eq!(answer, Ok(Completion::Pending), "{property} {place}");
        if property == "ReportForever" {
            for _ in 0..3 {
                let said = heard.recv_timeout(PATIENCE).unwrap();
                assert!(matches!(said, Said::Progress { .. }), "{said:?}");
            }
        }
        operation.cancel();
        open.resource.terminate().unwrap();
        assert!(!open.active.exists() && !open.resource.looks_alive());
        while let Ok(said) = heard.try_recv() {
            assert!(matches!(said, Said::Progress { .. }), "{said:?}");
        }
        open.close();
    }
}

/// Terminate may come before Online has done anything: what Online does after it is undone.
#[test]
fn an_online_that_was_overtaken_leaves_nothing() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let mut open = library.open(&[]);
    let (operation, _heard) = open.operation();
    operation.cancel();
    open.resource.terminate().unwrap();
    let call = OnlineCall { flags: OnlineFlags::empty(), buffer: &[], note: None, operation };
    assert_eq!(open.resource.online(call), Ok(Completion::Done));
    assert!(!open.active.exists());
    open.close();
}

/// Terminate at any moment of an Online, fast or slow: when both have returned, nothing of it is left.
#[test]
fn terminate_beside_online_leaves_nothing() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    for delay in [0, 1] {
        let mut open = library.open(&[("OnlineDelayMs", number(delay))]);
        for round in 0..100 {
            let (operation, _heard) = open.operation();
            let call = OnlineCall {
                flags: OnlineFlags::empty(),
                buffer: &[],
                note: None,
                operation: operation.clone(),
            };
            let resource = open.resource.clone();
            std::thread::scope(|scope| {
                scope.spawn(move || resource.online(call).unwrap());
                // A different moment in each round.
                (0..round * 20).for_each(|_| std::hint::spin_loop());
                operation.cancel();
                open.resource.terminate().unwrap();
            });
            assert!(!open.active.exists() && !open.resource.looks_alive(), "delay {delay}, round {round}");
        }
        open.close();
    }
}

#[test]
fn new_properties_count_at_the_next_call() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let mut open = library.open(&[]);
    assert_eq!(open.online().0, Ok(Completion::Done));
    let changed = [open.properties.as_slice(), &[("VetoOffline", number(1))]].concat();
    open.resource.configure(&open.library.opening("dummy", &changed));
    assert!(matches!(open.offline(&[]).0, Err(Failure::Vetoed(_))));
    let original = open.library.opening("dummy", &open.properties);
    open.resource.configure(&original);
    assert_eq!(open.offline(&[]).0, Ok(Completion::Done));
    open.close();
}

#[test]
fn a_recovering_open_takes_over_what_is_active() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let active = library.file("active");
    for (exists, recover, expected) in
        [(true, true, Found::Online), (false, true, Found::Offline), (true, false, Found::Offline)]
    {
        if exists {
            fs::write(&active, "").unwrap();
        }
        let mut opening = library.opening("dummy", &[("ActiveFile", text(active.to_str().unwrap()))]);
        opening.recover = recover;
        let (opened, ..) = library.try_open(opening).unwrap();
        assert_eq!(opened.found, expected, "exists {exists}, recover {recover}");
        assert_eq!(active.exists(), expected == Found::Online);
        opened.resource.terminate().unwrap();
        opened.resource.close();
    }
}

#[test]
fn many_resources_of_one_library_side_by_side() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let library = &library;
            scope.spawn(move || {
                let file = library.file(&format!("active-{number}"));
                let properties =
                    [("ActiveFile", text(file.to_str().unwrap())), ("OnlineDelayMs", Property::Number(10))];
                let (opened, heard, _) = library.try_open(library.opening("dummy", &properties)).unwrap();
                let mut open = Open {
                    library,
                    resource: opened.resource,
                    heard,
                    active: file,
                    properties: Vec::new(),
                    operations: 0,
                };
                for _ in 0..5 {
                    let (answer, _, heard) = open.online();
                    assert_eq!(answer, Ok(Completion::Pending));
                    assert_eq!(wait_for_end(&heard).1, Ok(()));
                    assert!(open.active.exists());
                    assert_eq!(open.offline(&[]).0, Ok(Completion::Done));
                    assert!(!open.active.exists());
                }
                open.close();
            });
        }
    });
}

#[test]
fn version_one_is_driven_and_its_strange_calls_are_answered() {
    if !has("cc") {
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/version_one.c");
    for width in WIDTHS {
        let library = Library::build(&source, width);
        let (opened, heard, _) = library.try_open(library.opening("one", &[])).unwrap();
        let mut open = Open {
            library: &library,
            resource: opened.resource,
            heard,
            active: PathBuf::new(),
            properties: Vec::new(),
            operations: 0,
        };
        assert_eq!(open.log(), ["opened 'Demö' with 2"]);
        let (answer, _, heard) = open.online();
        assert_eq!(answer, Ok(Completion::Pending));
        assert_eq!(wait_for_end(&heard), (1, Ok(())));
        assert!(open.log().iter().any(|line| line.contains("event handle")));
        assert!(open.resource.looks_alive());
        assert_eq!(open.resource.check_offline(OfflineFlags::empty(), &[]), Check::CannotTell);
        assert_eq!(open.control(ControlCode(0x0100_0005), 4).status, Status::INVALID_FUNCTION);
        assert_eq!(open.offline(&[]).0, Ok(Completion::Done));
        open.close();

        let type_name = name("one");
        let code = ControlCode(0x0200_0005);
        let call = ControlCall { code, input: &[], output_length_max: 4, type_name: &type_name };
        assert_eq!(library.find("one").unwrap().control(call), ControlAnswer::unknown());

        let cause = library.try_open(library.opening("one-broken", &[])).err().unwrap();
        assert_eq!(cause.status, Status::RESMON_CREATE_FAILED);
        assert!(cause.text.ends_with("no licence"), "{cause}");
    }
}

#[test]
fn libraries_that_cannot_be_used_say_why() {
    if !has("cc") {
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/odd_table.c");
    let mismatch = Status::REVISION_MISMATCH;
    let cases: BTreeMap<u32, (Status, &str)> = [
        (0, (mismatch, "it is null")),
        (1, (mismatch, "version 0x0300")),
        (2, (mismatch, "TableSize 16 is too small")),
        (3, (mismatch, "Open is null")),
        (4, (mismatch, "StartupEx_w4 refused type 'x'")),
    ]
    .into();
    for (odd, (status, words)) in cases {
        let library = Library::build(&source, &[&format!("-DODD={odd}")]);
        let cause = library.find("x").err().unwrap();
        assert_eq!(cause.status, status, "{odd}");
        assert!(cause.text.contains(words), "{odd}: {cause}");
    }

    let demo = Library::demo(&[]);
    assert_eq!(demo.find("other").err().unwrap().status, Status::CLUSTER_RESNAME_NOT_FOUND);
    assert!(Arc::ptr_eq(&demo.find("dummy").unwrap(), &demo.find("DUMMY").unwrap()), "loaded once");
    let libraries = Libraries::default();
    let find = |library| libraries.find(&name("x"), library).err().unwrap().status;
    assert_eq!(find(None), Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND);
    assert_eq!(find(Some("/nowhere/library.so")), Status::MOD_NOT_FOUND);
    assert_eq!(find(Some("a\0b")), Status::INVALID_NAME);
    assert_eq!(find(Some("libm.so.6")), Status::PROC_NOT_FOUND);
}

#[test]
fn the_type_answers_control_codes_without_a_resource() {
    if !has("cc") {
        return;
    }
    let library = Library::demo(&[]);
    let found = library.find("dummy").unwrap();
    let type_name = name("dummy");
    let ask = |code| {
        found.control(ControlCall {
            code: ControlCode(code),
            input: &[],
            output_length_max: 4,
            type_name: &type_name,
        })
    };
    assert_eq!(ask(0x0200_0005).output, 0x800_u32.to_le_bytes());
    assert_eq!(ask(0x0200_0029).status, Status::INVALID_FUNCTION);
}
