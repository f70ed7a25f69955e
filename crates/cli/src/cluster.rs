//! `mainstay cluster`: make one, show it, set its properties.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mainstay_client::Target;

use crate::backup;
use crate::configuration::{self, ApplyArguments, PlanArguments};
use crate::context::{Context, glance};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::{ClusterDocument, DoneDocument};
use crate::program::{self, SERVICE};
use crate::properties::Owner;
use crate::render::{STRONG, Table, clean, styled};
use crate::validate::{self, ValidateArguments};

/// What can be done with a cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterVerb {
    /// Make a durable cluster of one node in a directory; mainstayd serves it afterwards
    ///
    /// Runs `mainstayd create`, which is looked for beside this program and in PATH.
    Create {
        /// The cluster's name
        name: String,
        /// The directory of the cluster database and the journal
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// This node's name [default: the machine's host name]
        #[arg(long, value_name = "NAME")]
        node: Option<String>,
    },
    /// Show the cluster with its properties
    Show,
    /// Look for what could go wrong: database, hosts, types, permissions, disk, clock, names
    ///
    /// Changes nothing, and may be used in production. The exit code is 4 when a check fails, and 0 with warnings.
    Validate(ValidateArguments),
    /// Set properties of the cluster
    Set {
        /// Properties; those that the cluster knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Rename the cluster
    Rename {
        /// Its new name
        new_name: String,
    },
    /// Copy the cluster database into a new file, while the service runs; secrets are in it
    ///
    /// The service writes it, on its machine. Its directory has to belong to root or to the service's user, as all above
    /// it, and only its owner may write there. Nothing is written over.
    Backup {
        /// A new file, or a directory that is there: then the service chooses a name in it
        #[arg(value_name = "FILE|DIR")]
        path: PathBuf,
    },
    /// Put a backup in the place of a cluster's database, while nothing of the cluster runs
    ///
    /// Runs `mainstayd restore`, which is looked for beside this program and in PATH. The database that is there is kept
    /// beside it. The next start takes nothing for running, and brings up what the backup says is to be online.
    Restore {
        /// The backup
        file: PathBuf,
        /// The directory of the cluster database and the journal
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// Restore another cluster's backup too; that cluster is served from there then
        #[arg(long)]
        force: bool,
        /// The file is a database whose -wal file is lost: restore what is left of it, knowing that the newest changes are gone
        #[arg(long)]
        without_log: bool,
    },
    /// Write the whole configuration as one TOML text; secrets are left out
    Export,
    /// Show what applying a configuration would do, and do nothing
    Plan(PlanArguments),
    /// Make the cluster what a file says, object by object, each all or nothing
    ///
    /// If a step is refused, nothing is done at all.
    Apply(ApplyArguments),
}

pub(crate) fn run(verb: ClusterVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        ClusterVerb::Create { name, data_dir, node } => create(&name, &data_dir, node.as_deref(), context),
        ClusterVerb::Show => show(context),
        ClusterVerb::Validate(arguments) => validate::run(&arguments, context),
        ClusterVerb::Set { properties } => set(&properties, context),
        ClusterVerb::Rename { new_name } => rename(&new_name, context),
        ClusterVerb::Backup { path } => backup::back_up(&path, context),
        ClusterVerb::Restore { file, data_dir, force, without_log } => {
            backup::restore(&file, &data_dir, (force, without_log), context)
        }
        ClusterVerb::Export => configuration::export(context),
        ClusterVerb::Plan(given) => configuration::plan(&given, context),
        ClusterVerb::Apply(given) => configuration::apply(&given, context),
    }
}

fn create(name: &str, data_dir: &Path, node: Option<&str>, context: &mut Context) -> Result<Exit, Failure> {
    let (program, made) = program::run_service(|command| {
        command.arg("create").arg("--data-dir").arg(data_dir);
        if let Some(node) = node {
            command.arg("--node").arg(node);
        }
        // A name that begins with a dash is a name all the same.
        command.arg("--").arg(name);
    })?;
    let said = String::from_utf8_lossy(&made.stdout);
    if !made.status.success() {
        context.output.text(&said)?;
        return program::ended_badly(&program, made.status);
    }
    let id = said.trim();
    let document = || DoneDocument {
        done: true,
        kind: "cluster",
        name: name.to_owned(),
        id: Some(id.to_owned()),
        notes: Vec::new(),
    };
    context.output.data(document, || {
        format!(
            "cluster '{}' made in {} ({id})\nserve it with: {SERVICE} --data-dir {}",
            clean(name),
            data_dir.display(),
            data_dir.display()
        )
    })?;
    Ok(Exit::Done)
}

fn owner<'a>() -> Owner<'a> {
    Owner { target: Target::Cluster, subject: Subject::Cluster }
}

fn show(context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let information =
        cluster.information().map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    let glance = glance(&mut cluster)?;
    let sections = owner().sections(&mut cluster)?;
    let version = &information.version;
    let document = ClusterDocument {
        name: information.name.clone(),
        id: glance.cluster_id.to_string(),
        node: information.node.clone(),
        version: format!("{}.{}.{}", version.major, version.minor, version.build),
        properties: sections.document(),
    };
    let text = || {
        let mut table = Table::new();
        table.row(vec!["id".into(), document.id.as_str().into()]);
        table.row(vec!["answered by".into(), document.node.as_str().into()]);
        table.row(vec!["version".into(), document.version.as_str().into()]);
        let title = styled(STRONG, &format!("cluster {}", clean(&document.name)));
        format!("{title}\n{}{}", table.show(2), sections.show())
    };
    context.output.data(|| &document, text)?;
    Ok(Exit::Done)
}

fn set(properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.change()?;
    let notes = owner().set(&mut cluster, properties)?;
    let name = String::new();
    context.done("cluster", &name, None, notes, || "the cluster's properties are set".into())
}

fn rename(new_name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.change()?;
    cluster.rename(new_name).map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    context
        .done("cluster", new_name, None, Vec::new(), || format!("the cluster is '{}' now", clean(new_name)))
}
