//! `mainstay cluster backup` and `mainstay cluster restore`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::{BackupDocument, RestoreDocument};
use crate::program::{self, SERVICE};
use crate::render::{clean, moment, rfc3339};

/// What `mainstayd restore` prints.
#[derive(Debug, Serialize, Deserialize)]
struct Restored {
    cluster_id: String,
    cluster_name: String,
    taken_unix_ms: u64,
    revision: String,
    operation: String,
    #[serde(default)]
    kept: Option<PathBuf>,
    notes: Vec<String>,
}

pub(crate) fn back_up(path: &Path, context: &mut Context) -> Result<Exit, Failure> {
    let wanted = absolute(path)?;
    let mut cluster = context.change()?;
    cluster.back_up(&wanted).map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    // It may have chosen the name; and it knows its file by a path without links.
    let file = cluster.explain().ok().filter(|file| !file.is_empty()).unwrap_or(wanted);
    let document = || BackupDocument { done: true, file: file.clone() };
    context.output.data(document, || format!("the database is backed up to {}", clean(&file)))?;
    Ok(Exit::Done)
}

/// The path as the service understands it, which runs in another directory.
fn absolute(path: &Path) -> Result<String, Failure> {
    let is_directory = path.as_os_str().to_string_lossy().ends_with('/');
    let found = std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("'{}' is no path: {error}", path.display())))?;
    let text = found.into_os_string().into_string();
    let mut text = text.map_err(|_| Failure::usage("the path of a backup has to be UTF-8".to_owned()))?;
    if is_directory && !text.ends_with('/') {
        text.push('/');
    }
    Ok(text)
}

pub(crate) fn restore(
    file: &Path,
    data_dir: &Path,
    (force, without_log): (bool, bool),
    context: &mut Context,
) -> Result<Exit, Failure> {
    let (program, made) = program::run_service(|command| {
        command.arg("restore").arg("--data-dir").arg(data_dir);
        if force {
            command.arg("--force");
        }
        if without_log {
            command.arg("--without-log");
        }
        command.arg("--").arg(file);
    })?;
    if !made.status.success() {
        return program::ended_badly(&program, made.status);
    }
    let restored: Restored = serde_json::from_slice(&made.stdout).map_err(|error| {
        Failure::new(Exit::Unknown, format!("'{}' printed what cannot be read: {error}", program.display()))
            .with_way_out("the backup is restored; install both programs of one version")
    })?;
    let kept = restored.kept.as_ref().map(|kept| kept.display().to_string());
    let document = || RestoreDocument {
        done: true,
        cluster: restored.cluster_name.clone(),
        id: restored.cluster_id.clone(),
        taken_at: rfc3339(restored.taken_unix_ms),
        revision: restored.revision.clone(),
        operation: restored.operation.clone(),
        kept: kept.clone(),
        notes: restored.notes.clone(),
    };
    let text = || {
        let mut lines = vec![format!(
            "cluster '{}' ({}) is as it was at {}, revision {}",
            clean(&restored.cluster_name),
            restored.cluster_id,
            moment(restored.taken_unix_ms),
            restored.revision
        )];
        lines.extend(
            kept.iter().map(|kept| format!("the database that was there is kept in {}", clean(kept))),
        );
        lines.push(format!("serve it with: {SERVICE} --data-dir {}", data_dir.display()));
        lines.join("\n")
    };
    if !context.output.is_json() {
        for note in &restored.notes {
            context.output.note(note);
        }
    }
    context.output.data(document, text)?;
    Ok(Exit::Done)
}
