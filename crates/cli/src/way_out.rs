//! Our own words for Win32 codes: what each means for an object, and the command that helps.

use mainstay_types::Status;
use mainstay_types::command_line::{self, CommandLine};

use crate::failure::Subject;
use crate::render::clean;

/// What a refusal means, where the service did not say more.
pub(crate) fn words(status: Status, subject: &Subject<'_>) -> String {
    match status {
        Status::ACCESS_DENIED => format!("you may not do this with {subject}"),
        Status::CLUSTER_RESOURCE_LOCKED_STATUS => format!("{subject} is locked"),
        Status::RESOURCE_NOT_FOUND
        | Status::GROUP_NOT_FOUND
        | Status::GROUPSET_NOT_FOUND
        | Status::CLUSTER_NODE_NOT_FOUND
        | Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND
        | Status::FILE_NOT_FOUND => format!("there is no {}", without_article(subject)),
        Status::RESOURCE_NOT_AVAILABLE | Status::GROUP_NOT_AVAILABLE | Status::GROUPSET_NOT_AVAILABLE => {
            format!("{subject} is no longer there")
        }
        Status::OBJECT_ALREADY_EXISTS | Status::ALREADY_EXISTS => format!("{subject} exists already"),
        Status::INVALID_STATE => format!("{subject} is not in a state for this"),
        Status::RESOURCE_ONLINE => format!("{subject} is online"),
        Status::RESOURCE_FAILED => format!("{subject} has failed"),
        Status::DIR_NOT_EMPTY => format!("{subject} is not empty"),
        Status::CIRCULAR_DEPENDENCY => format!("{subject}: the dependency would close a circle"),
        status => match status.text() {
            Some(text) => format!("{subject}: {text}"),
            None => format!("{subject}: refused"),
        },
    }
}

fn without_article(subject: &Subject<'_>) -> String {
    match subject {
        Subject::Cluster => "such object in the cluster".into(),
        subject => subject.to_string(),
    }
}

/// The way out of a refusal, as a command or an option; `None` where we know nothing better than the service.
pub(crate) fn way_out(status: Status, subject: &Subject<'_>) -> Option<String> {
    Some(match (status, subject) {
        (Status::ACCESS_DENIED, _) => {
            "run it as root, as a member of the group 'mainstay', or have an administrator grant access"
                .into()
        }
        (Status::RESOURCE_NOT_FOUND | Status::RESOURCE_NOT_AVAILABLE, _) => {
            "'mainstay resource list' shows those there are".into()
        }
        (Status::GROUP_NOT_FOUND | Status::GROUP_NOT_AVAILABLE, _) => {
            "'mainstay group list' shows those there are".into()
        }
        (Status::GROUPSET_NOT_FOUND | Status::GROUPSET_NOT_AVAILABLE, _) => {
            "'mainstay groupset list' shows those there are".into()
        }
        (Status::CLUSTER_NETWORK_NOT_FOUND, _) => "'mainstay network list' shows those there are".into(),
        (Status::CLUSTER_NETINTERFACE_NOT_FOUND, _) => {
            "'mainstay interface list' shows those there are".into()
        }
        (Status::CLUSTER_NODE_NOT_FOUND, _) => "'mainstay node list' shows those there are".into(),
        (Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND, _) => "'mainstay type list' shows those there are".into(),
        (
            Status::OBJECT_ALREADY_EXISTS | Status::ALREADY_EXISTS,
            Subject::Resource(_) | Subject::Group(_) | Subject::GroupSet(_) | Subject::Network(_),
        ) => "choose another name".into(),
        (Status::SHARING_PAUSED | Status::BUSY, _) => "try again".into(),
        (Status::DEPENDENT_RESOURCE_EXISTS, Subject::Resource(name)) => {
            let line = CommandLine::new("resource undepend").name("DEPENDENT").name(clean(name));
            format!("end it first with: {line}")
        }
        (Status::DEPENDENCY_NOT_FOUND, Subject::Resource(name)) => {
            format!("'{}' lists what it depends on", about("resource show", name))
        }
        (Status::DEPENDENCY_NOT_FOUND, Subject::Group(name)) => {
            format!("'{}' lists what it starts after", about("group show", name))
        }
        (Status::DEPENDENCY_NOT_FOUND, Subject::GroupSet(name)) => {
            format!("'{}' lists what its groups start after", about("groupset show", name))
        }
        (Status::DEPENDENCY_ALREADY_EXISTS, _) => "there is nothing to do".into(),
        (Status::ALREADY_EXISTS, Subject::Type(name)) => {
            format!("choose another name, or delete it first with: {}", about("type delete", name))
        }
        _ => return None,
    })
}

/// The command line about what is called so.
pub(crate) fn about(command: &'static str, name: &str) -> CommandLine {
    CommandLine::new(command).name(clean(name))
}

/// Words after `mainstay` as a command line that a shell reads.
pub(crate) fn command_line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|part| command_line::word(&clean(part))).collect();
    format!("mainstay {}", words.join(" "))
}
