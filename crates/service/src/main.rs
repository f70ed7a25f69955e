//! `mainstayd`: the cluster service.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mainstay_service::cluster_dir::ClusterDir;
use mainstay_service::config::{Config, DEFAULT_DATA_DIR, DEFAULT_OCF_ROOT, DEFAULT_SOCKET, LogFormat};
use mainstay_service::restore::Wish;
use mainstay_service::startup::{self, Settings};
use tracing_subscriber::EnvFilter;

/// The cluster service. Runs in the foreground until SIGTERM or SIGINT.
///
/// Resources go on running when the service ends, and are found again when it starts; a throwaway cluster (--dev)
/// ends with everything that it runs.
#[derive(Parser)]
#[command(name = "mainstayd", version, args_conflicts_with_subcommands = true)]
#[allow(rustdoc::invalid_html_tags, reason = "the help shows it as it stands here")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The configuration file, in TOML. What is given here beside it wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The directory of the cluster database and the journal. [default: /var/lib/mainstay]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The Unix socket on which clients are served. [default: /run/mainstay/mainstay.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// The directory of sockets and state of hosts and guard. [default: /run/mainstay/<cluster id>]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,

    /// The cgroup v2 directory below which everything of this cluster runs.
    /// [default: mainstay/<cluster id> in the cgroup v2 hierarchy]
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,

    /// Somebody else starts the guard, such as the init system: wait for it, and never start one.
    #[arg(long)]
    external_guard: bool,

    /// How log lines look. [default: human]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// Start a throwaway cluster of one node and print the line that points the tools at it.
    #[arg(long, conflicts_with_all = ["data_dir", "external_guard"])]
    dev: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Put a backup in the place of a cluster's database, while no service runs. (`mainstay cluster restore` calls this.)
    Restore {
        /// The backup.
        file: PathBuf,
        /// The directory of the cluster database and the journal.
        #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
        data_dir: PathBuf,
        /// Restore another cluster's backup too.
        #[arg(long)]
        force: bool,
        /// Restore what is left of a database whose -wal file is lost.
        #[arg(long)]
        without_log: bool,
    },
    /// Make a cluster of one node. (`mainstay cluster create` calls this.)
    Create {
        /// The cluster's name.
        name: String,
        /// The directory of the cluster database and the journal.
        #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
        data_dir: PathBuf,
        /// This node's name. [default: the machine's host name]
        #[arg(long, value_name = "NAME")]
        node: Option<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Some(Command::Create { name, data_dir, node }) => create(name, data_dir, node.as_deref()),
        Some(Command::Restore { file, data_dir, force, without_log }) => {
            restore(file, data_dir, Wish { force: *force, without_log: *without_log })
        }
        None => serve(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("mainstayd: {message}");
            ExitCode::FAILURE
        }
    }
}

fn create(name: &str, data_dir: &std::path::Path, node: Option<&str>) -> Result<(), String> {
    let node = node.map_or_else(host_name, str::to_owned);
    let id = ClusterDir::new(data_dir).create(name, &node).map_err(|error| error.to_string())?;
    println!("{id}");
    Ok(())
}

/// Prints what was done as one line of JSON.
fn restore(file: &std::path::Path, data_dir: &std::path::Path, wish: Wish) -> Result<(), String> {
    let dir = ClusterDir::new(data_dir);
    let done = mainstay_service::restore::restore(&dir, file, wish).map_err(|error| error.to_string())?;
    let line = serde_json::to_string(&done).map_err(|error| error.to_string())?;
    println!("{line}");
    Ok(())
}

fn serve(arguments: &Arguments) -> Result<(), String> {
    let config = match &arguments.config {
        Some(path) => Config::read(path).map_err(|error| error.to_string())?,
        None => Config::default(),
    };
    let log_format = arguments.log_format.unwrap_or(config.log.format);
    start_logging(log_format, config.log.filter.as_deref())?;
    // One thread for all connections: it never waits for a disk or a program, and a second one would be woken for each
    // call only to find that the first has done it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    let settings = Settings {
        data_dir: choose(&arguments.data_dir, &config.data_dir, DEFAULT_DATA_DIR),
        socket: choose(&arguments.socket, &config.socket, DEFAULT_SOCKET),
        run_dir: arguments.run_dir.clone().or(config.run_dir),
        cgroup_root: arguments.cgroup_root.clone().or(config.cgroup_root),
        program_dir: config.program_dir,
        ocf_root: config.ocf_root.unwrap_or_else(|| DEFAULT_OCF_ROOT.into()),
        external_guard: arguments.external_guard || config.external_guard,
        strict_cmrp: config.strict_cmrp,
        log_format,
        throwaway: false,
    };
    if arguments.dev {
        return serve_throwaway(&runtime, settings, arguments.socket.is_some());
    }
    let outcome = runtime.block_on(startup::run(settings, || {})).map_err(|error| error.to_string());
    // Who has to end at once waits for nothing that is still under way.
    runtime.shutdown_background();
    outcome
}

/// Serves a cluster that exists only as long as this process.
fn serve_throwaway(
    runtime: &tokio::runtime::Runtime,
    settings: Settings,
    socket_is_set: bool,
) -> Result<(), String> {
    let directory = tempfile::Builder::new()
        .prefix("mainstay-dev-")
        .tempdir()
        .map_err(|error| format!("no directory for the throwaway cluster: {error}"))?;
    let data_dir = directory.path().join("data");
    let id = ClusterDir::new(&data_dir).create("dev", &host_name()).map_err(|error| error.to_string())?;
    let socket = if socket_is_set { settings.socket } else { directory.path().join("mainstay.sock") };
    let settings = Settings {
        data_dir,
        run_dir: settings.run_dir.or_else(|| Some(directory.path().join("run"))),
        socket: socket.clone(),
        throwaway: true,
        // Nobody else knows of this cluster.
        external_guard: false,
        ..settings
    };
    tracing::info!(cluster = %id, directory = %directory.path().display(), "a throwaway cluster");
    let announce = || println!("export MAINSTAY_SOCKET={}", socket.display());
    runtime.block_on(startup::run(settings, announce)).map_err(|error| error.to_string())
}

fn choose(argument: &Option<PathBuf>, config: &Option<PathBuf>, default: &str) -> PathBuf {
    argument.clone().or_else(|| config.clone()).unwrap_or_else(|| PathBuf::from(default))
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn start_logging(format: LogFormat, filter: Option<&str>) -> Result<(), String> {
    let filter = filter.unwrap_or("info");
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        format!("log.filter '{filter}': {error}; write a level, or TARGET=LEVEL with commas between, such as: mainstay_service=debug,info")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Human => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
