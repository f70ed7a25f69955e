//! What is configured by documents, and what is taken back.

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting};
use mainstay_types::operation::OperationRecord;
use mainstay_types::{GroupId, ObjectId, ResourceId};

use super::step::Applied;
use super::{CREATED_MAX, Walk};
use crate::command::{Command, Presence, Remark};

impl Walk {
    /// Takes back the change of the walk that so many others came after.
    pub(super) fn undo(&mut self, back: usize) {
        let changes = self.world.journal.values().rev();
        let mut changes = changes.filter(|record| record.has_configured() && record.id.number > self.built);
        let Some(record) = changes.nth(back).cloned() else { return };
        if let ObjectId::Resource(id) = record.object {
            self.world.forget_restarts(id);
        }
        self.ledger.reconfigured = true;
        let OperationRecord { id: operation, object, name, changes, .. } = record;
        self.call(Command::Undo { operation, object, name, changes, remark: Remark::default() });
    }

    /// Applies a document of one object.
    pub(super) fn apply(&mut self, place: usize, applied: Applied) {
        if self.world.is_down() {
            return;
        }
        self.ledger.reconfigured = true;
        match applied {
            Applied::Made if self.ids.len() < self.kinds.len() + CREATED_MAX => {
                let name = format!("new{}", self.ids.len());
                let mut wanted = ConfiguredObject::new(ConfiguredKind::Resource, name);
                wanted.type_name = Some("Generic Application".into());
                wanted.group = Some(format!("g{place}"));
                let fresh = self.world.fresh();
                self.configure(&wanted, fresh);
                self.ids.push(ResourceId(fresh));
            }
            Applied::Made => {}
            Applied::Changed(delay_ms) => {
                let Some(id) = self.at(place) else { return };
                let Some(mut wanted) = self.document_of(ConfiguredKind::Resource, &ObjectId::Resource(id))
                else {
                    return;
                };
                wanted.properties.insert("RestartDelay".into(), Setting::Number(delay_ms));
                wanted.depends_on = String::new();
                self.world.forget_restarts(id);
                let fresh = self.world.fresh();
                self.configure(&wanted, fresh);
            }
            Applied::Group(priority) => {
                let mut wanted = ConfiguredObject::new(ConfiguredKind::Group, format!("g{place}"));
                wanted.properties.insert("Priority".into(), Setting::Number(priority));
                let fresh = self.world.fresh();
                let is_there = self.world.engine.view().model().group(self.groups[place]).is_some();
                self.configure(&wanted, fresh);
                if !is_there {
                    self.groups[place] = GroupId(fresh);
                }
            }
            Applied::Deleted => {
                let Some(id) = self.at(place) else { return };
                self.delete_by_document(ConfiguredKind::Resource, &ObjectId::Resource(id));
            }
            Applied::GroupDeleted => {
                self.delete_by_document(ConfiguredKind::Group, &ObjectId::Group(self.groups[place]));
            }
        }
    }

    fn document_of(&self, kind: ConfiguredKind, id: &ObjectId) -> Option<ConfiguredObject> {
        let name = self.world.engine.plain_name(id);
        let all = self.world.engine.view().configuration().expect("a configuration");
        all.into_iter().find(|object| object.kind == kind && object.name == name)
    }

    fn configure(&mut self, wanted: &ConfiguredObject, fresh: uuid::Uuid) {
        let view = self.world.engine.view();
        if let Ok(command) = view.configuring(wanted, Presence::Either, None, fresh, Remark::default()) {
            self.call(command);
        }
    }

    fn delete_by_document(&mut self, kind: ConfiguredKind, id: &ObjectId) {
        let Some(object) = self.document_of(kind, id) else { return };
        if let Ok(command) = self.world.engine.view().deleting_configured(&object, None) {
            self.call(command);
        }
    }
}
