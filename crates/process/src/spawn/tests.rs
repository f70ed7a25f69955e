//! Programs that start, and programs that do not and say why.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::process::Exit;
use crate::scratch::Scratch;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn finish(command: &Command) -> Exit {
    command.spawn().unwrap().wait(soon()).unwrap().unwrap()
}

/// What a shell script writes, with what `prepare` sets.
fn output_of(script: &str, prepare: impl FnOnce(&mut Command)) -> String {
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let mut command = Command::new(["/bin/sh", "-c", script]);
    command.output = Output::Descriptor(tell);
    prepare(&mut command);
    let process = command.spawn().unwrap();
    drop(command);
    let mut text = String::new();
    File::from(told).read_to_string(&mut text).unwrap();
    assert_eq!(process.wait(soon()).unwrap(), Some(Exit::Exited(0)), "{text}");
    text
}

#[test]
fn ends_are_learned() {
    for (script, exit) in
        [("exit 0", Exit::Exited(0)), ("exit 3", Exit::Exited(3)), ("kill -KILL $$", Exit::Killed(9))]
    {
        assert_eq!(finish(&Command::new(["/bin/sh", "-c", script])), exit, "{script}");
    }
}

#[test]
fn a_program_gets_what_it_was_given_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        output_of("echo $PWD $A $$ $(ps -o sid= -p $$) $(umask) $(ls /proc/$$/fd | wc -l)", |command| {
            command.directory = Some(directory.path().to_owned());
            command.environment = vec![("A".into(), "a b".into()), ("PATH".into(), "/usr/bin:/bin".into())];
            command.umask = 0o027;
        });
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words[..3], [directory.path().to_str().unwrap(), "a", "b"]);
    assert_eq!(words[3], words[4], "a session of its own");
    assert_eq!(words[5], "0027");
    assert!(words[6].parse::<u32>().unwrap() <= 4, "no descriptor is inherited: {text}");
    assert_eq!(
        output_of("env", |_| ())
            .lines()
            .filter(|line| !line.starts_with("PWD=")
                && !line.starts_with("_=")
                && !line.starts_with("SHLVL="))
            .count(),
        0
    );
}

#[test]
fn ignored_signals_are_not_inherited() {
    crate::privilege::ignore_hangups();
    let ignored = output_of("grep SigIgn /proc/$$/status", |command| {
        command.environment = vec![("PATH".into(), "/usr/bin:/bin".into())];
    });
    assert_eq!(ignored.split_whitespace().last(), Some("0000000000000000"));
}

#[test]
fn a_program_becomes_the_account() {
    if rustix::process::geteuid().as_raw() != 0 {
        eprintln!("skipped: only root can become somebody else");
        return;
    }
    let text = output_of("id -u; id -g; id -G", |command| {
        command.account = Some(Account {
            name: "somebody".into(),
            uid: 1234,
            gid: 2345,
            groups: vec![2345, 3456],
            home: "/".into(),
            shell: "/bin/sh".into(),
        });
        command.environment = vec![("PATH".into(), "/usr/bin:/bin".into())];
    });
    assert_eq!(text, "1234\n2345\n2345 3456\n");
}

#[test]
fn output_is_appended_to_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    for word in ["one", "two"] {
        let mut command = Command::new(["/bin/sh", "-c", &format!("echo {word}; echo {word} >&2")]);
        command.output = Output::Append(path.clone());
        command.error_output = Output::Append(path.clone());
        assert!(finish(&command).is_success());
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\none\ntwo\ntwo\n");
}

#[test]
fn what_does_not_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = file("plain", "echo hello\n", 0o644);
    let no_interpreter = file("no-interpreter", "#!/no/such/interpreter\n", 0o755);
    let garbage = file("garbage", "\u{1}\u{2}\u{3}", 0o755);
    let by_plain = file("by-plain", &format!("#! {plain} -x\n"), 0o755);
    let by_garbage = file("by-garbage", &format!("#!{garbage}"), 0o755);
    let by_a_directory = file("by-a-directory", "#!/etc\n", 0o755);
    let by_nothing = file("by-nothing", "#!\n", 0o755);
    let check = |prepare: &dyn Fn(&mut Command), program: &str, expected: &str| {
        let mut command = Command::new([program]);
        prepare(&mut command);
        let error = command.spawn().unwrap_err().to_string();
        assert!(error.contains(expected), "{program}: {error}");
    };
    let nothing = |_: &mut Command| ();
    check(&nothing, "", "no program");
    check(&nothing, "/no/such/program", "'/no/such/program' was not found");
    check(&nothing, "no-such-program", "not found in PATH");
    check(&nothing, "/bin/sh\0", "character that no program can receive");
    check(&nothing, &plain, "not executable");
    check(&nothing, "/etc", "cannot be executed");
    check(&nothing, &no_interpreter, "the interpreter '/no/such/interpreter' that it names was not found");
    check(&nothing, &by_plain, &format!("the interpreter '{plain}' that it names is not executable (a"));
    check(&nothing, &by_garbage, &format!("the interpreter '{garbage}' that it names is no binary"));
    check(&nothing, &by_a_directory, "the interpreter '/etc' that it names is not executable (a directory");
    check(&nothing, &by_nothing, "neither a binary");
    check(&nothing, &garbage, "neither a binary");
    check(
        &|command| command.directory = Some("/no/such/dir".into()),
        "/bin/true",
        "'/no/such/dir' cannot be entered",
    );
    check(
        &|command| command.output = Output::Append("/no/such/log".into()),
        "/bin/true",
        "output file '/no/such/log'",
    );
    check(
        &|command| command.leaf = Some(Leaf::new("/no/such/leaf")),
        "/bin/true",
        "'/no/such/leaf' does not exist",
    );
    check(&|command| command.environment = vec![("A=B".into(), "".into())], "/bin/true", "'A=B'");
}

#[test]
fn a_program_begins_inside_its_leaf() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    let text = output_of("while read -r line; do echo $line; done < /proc/self/cgroup", |command| {
        command.leaf = Some(leaf.clone());
    });
    let name = Path::new("/").join(scratch.path().file_name().unwrap()).join("leaf");
    assert!(text.lines().any(|line| line.ends_with(name.to_str().unwrap())), "{text}");
}

#[test]
fn a_leaf_that_was_killed_can_be_used_again() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    for _ in 0..3 {
        let mut command = Command::new(["/bin/sh", "-c", "exec sleep 1000"]);
        command.leaf = Some(leaf.clone());
        let process = command.spawn().unwrap();
        assert_eq!(leaf.pids().unwrap(), vec![process.pid()]);
        leaf.kill().unwrap();
        assert_eq!(process.wait(soon()).unwrap(), Some(Exit::Killed(9)));
        assert!(leaf.wait_empty(soon()).unwrap());
    }
}

#[test]
fn nothing_starts_in_a_frozen_leaf() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let slice = scratch.leaf("slice");
    let leaf = scratch.leaf("slice/leaf");
    for frozen in [&leaf, &slice] {
        assert!(frozen.set_frozen(true, soon()).unwrap());
        let mut command = Command::new(["/bin/true"]);
        command.leaf = Some(leaf.clone());
        assert!(matches!(command.spawn(), Err(SpawnError::Frozen(_))), "{frozen:?}");
        assert!(frozen.set_frozen(false, soon()).unwrap());
    }
}

#[test]
fn many_threads_start_programs_at_once() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for status in 0..10 {
                    let mut command = Command::new(["/bin/sh", "-c", &format!("exit {status}")]);
                    command.leaf = Some(leaf.clone());
                    assert_eq!(finish(&command), Exit::Exited(status));
                }
            });
        }
    });
    assert!(leaf.wait_empty(soon()).unwrap());
}

#[test]
fn what_cannot_begin_is_given_up_and_keeps_nobody_else_waiting() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let (frozen, open) = (scratch.leaf("frozen"), scratch.leaf("open"));
    assert!(frozen.set_frozen(true, soon()).unwrap());
    let command = |leaf: &Leaf, is_copy: bool| {
        let mut command = Command::new(["/bin/true"]);
        command.leaf = Some(leaf.clone());
        let somebody = Account {
            name: "somebody".into(),
            uid: 1234,
            gid: 2345,
            groups: vec![2345],
            home: "/".into(),
            shell: "/bin/sh".into(),
        };
        command.account = Some(somebody).filter(|_| is_copy);
        command
    };
    for is_copy in [false, rustix::process::geteuid().is_root()] {
        let plan = command(&frozen, is_copy).plan(Path::new("/bin/true")).unwrap();
        let birth = Birth::begin(Arc::new(plan), Entry::Born).unwrap();
        assert!(frozen.wait_until(soon(), |events| events.populated).unwrap());
        assert!(finish(&command(&open, is_copy)).is_success());
        let [pid] = frozen.pids().unwrap()[..] else { panic!("not one process") };
        let held = Process::open(pid).unwrap();
        assert!(birth.wait(Instant::now()).is_none());
        assert!(held.wait_ended(soon()).unwrap());
        assert!(frozen.wait_empty(soon()).unwrap());
        assert!(birth.wait(Instant::now()).is_none(), "it is not to be had any more");
    }
}
