//! A step of a configuration as the command that does it.

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, SettingDifference, Step, StepAction};
use mainstay_types::{GroupId, GroupSetId, Name, ObjectId, ResourceId, Status};
use uuid::Uuid;

use crate::command::{Command, Presence, Remark};
use crate::error::shown;
use crate::view::View;

/// Why there is no command: nothing has the name, or nothing of the kind is made or deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoCommand {
    /// The number of the refusal.
    pub status: Status,
    /// In words.
    pub text: String,
}

impl View<'_> {
    /// The object of this kind and name that is there. By name alone: a document has no ids, and a name may look like
    /// one.
    pub fn object_named(self, kind: ConfiguredKind, name: &str) -> Option<ObjectId> {
        let model = self.model();
        match kind {
            ConfiguredKind::Cluster => Some(ObjectId::Cluster),
            ConfiguredKind::Node => {
                model.nodes().find(|node| node.name.is(name)).map(|node| ObjectId::Node(node.id))
            }
            ConfiguredKind::Network => {
                let found = model.networks().find(|network| network.name.is(name));
                found.map(|network| ObjectId::Network(network.id))
            }
            ConfiguredKind::NetworkInterface => {
                let found = model.interfaces().find(|interface| interface.name.is(name));
                found.map(|interface| ObjectId::NetworkInterface(interface.id))
            }
            ConfiguredKind::Type => {
                model.find_type(name).map(|found| ObjectId::ResourceType(found.name.clone()))
            }
            ConfiguredKind::GroupSet => {
                model.group_sets().find(|set| set.name.is(name)).map(|set| ObjectId::GroupSet(set.id))
            }
            ConfiguredKind::Group => model.group_named(name).map(ObjectId::Group),
            ConfiguredKind::Resource => model.resource_named(name).map(ObjectId::Resource),
        }
    }

    /// The command that makes an object what a document says. `planned` is what was different when that was planned,
    /// `fresh` the id of one that is to be made.
    ///
    /// # Errors
    ///
    /// It has to be there and is not, or cannot be made. Whether a new name is free, the engine says when its turn
    /// comes.
    pub fn configuring(
        self,
        wanted: &ConfiguredObject,
        presence: Presence,
        planned: Option<Vec<SettingDifference>>,
        fresh: Uuid,
        remark: Remark,
    ) -> Result<Command, NoCommand> {
        let there = self.object_named(wanted.kind, &wanted.name).filter(|_| presence != Presence::New);
        let object = match there {
            Some(object) => object,
            None if presence == Presence::There => return Err(not_there(wanted)),
            None => new_object(wanted, fresh)?,
        };
        Ok(Command::Configure { object, wanted: Box::new(wanted.clone()), presence, planned, remark })
    }

    /// The command that deletes the object of this kind and name. `planned` is what was set of it when that was planned.
    ///
    /// # Errors
    ///
    /// It is not there, or nothing of its kind is deleted so.
    pub fn deleting_configured(
        self,
        object: &ConfiguredObject,
        planned: Option<Vec<SettingDifference>>,
    ) -> Result<Command, NoCommand> {
        match self.object_named(object.kind, &object.name) {
            Some(
                object @ (ObjectId::Group(_)
                | ObjectId::Resource(_)
                | ObjectId::ResourceType(_)
                | ObjectId::GroupSet(_)),
            ) => Ok(Command::DeleteConfigured { object, planned }),
            Some(
                ObjectId::Cluster | ObjectId::Node(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_),
            ) => Err(NoCommand {
                status: Status::INVALID_PARAMETER,
                text: format!("no {} is deleted by a configuration", object.kind),
            }),
            None => Err(not_there(object)),
        }
    }

    /// The command of a step. What is to be made must not be there, what is to be changed or deleted must, and as it was:
    /// somebody else may have been there since the plan.
    ///
    /// # Errors
    ///
    /// As of [`View::configuring`] and [`View::deleting_configured`].
    pub fn step_command(self, step: &Step, fresh: Uuid) -> Result<Command, NoCommand> {
        let (object, planned) = (&step.object, Some(step.differences.clone()));
        match step.action {
            StepAction::Create => self.configuring(object, Presence::New, None, fresh, Remark::default()),
            StepAction::Change => {
                self.configuring(object, Presence::There, planned, fresh, Remark::default())
            }
            StepAction::Delete => self.deleting_configured(object, planned),
        }
    }
}

fn not_there(wanted: &ConfiguredObject) -> NoCommand {
    let status = match wanted.kind {
        ConfiguredKind::Cluster => Status::INVALID_PARAMETER,
        ConfiguredKind::Node => Status::CLUSTER_NODE_NOT_FOUND,
        ConfiguredKind::Network => Status::CLUSTER_NETWORK_NOT_FOUND,
        ConfiguredKind::NetworkInterface => Status::CLUSTER_NETINTERFACE_NOT_FOUND,
        ConfiguredKind::Type => Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
        ConfiguredKind::GroupSet => Status::GROUPSET_NOT_FOUND,
        ConfiguredKind::Group => Status::GROUP_NOT_FOUND,
        ConfiguredKind::Resource => Status::RESOURCE_NOT_FOUND,
    };
    NoCommand { status, text: format!("there is no {} '{}'", wanted.kind, shown(&wanted.name)) }
}

fn new_object(wanted: &ConfiguredObject, fresh: Uuid) -> Result<ObjectId, NoCommand> {
    Ok(match wanted.kind {
        ConfiguredKind::Cluster
        | ConfiguredKind::Node
        | ConfiguredKind::Network
        | ConfiguredKind::NetworkInterface => return Err(not_there(wanted)),
        ConfiguredKind::Type => {
            let bad = |error| NoCommand { status: Status::INVALID_NAME, text: format!("{error}") };
            ObjectId::ResourceType(Name::parse(&wanted.name).map_err(bad)?)
        }
        ConfiguredKind::GroupSet => ObjectId::GroupSet(GroupSetId(fresh)),
        ConfiguredKind::Group => ObjectId::Group(GroupId(fresh)),
        ConfiguredKind::Resource => ObjectId::Resource(ResourceId(fresh)),
    })
}
