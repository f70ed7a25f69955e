//! Common properties as they are shown: what the service states, else what is stored, else the default.

use mainstay_proplist::{PropertyList, Value as Shown, default_of};
use mainstay_types::property::{Format, PropertyAccess, Spec};
use mainstay_types::{NodeId, ObjectId, version};

use super::{common_table, from_registry};
use crate::Engine;
use crate::error::Refusal;
use crate::model::layout;

impl Engine {
    /// The common properties of an object that are of this access, with their defaults where nothing is set.
    pub(crate) fn common_properties(
        &self,
        object: &ObjectId,
        access: PropertyAccess,
    ) -> Result<PropertyList, Refusal> {
        self.properties_by_spec(object, common_table(object).iter().filter(|spec| spec.access == access))
    }

    /// Some common properties of an object, with defaults where nothing is stored.
    pub(crate) fn properties_by_spec(
        &self,
        object: &ObjectId,
        specs: impl Iterator<Item = &'static Spec>,
    ) -> Result<PropertyList, Refusal> {
        let path = self.object_path(object)?;
        let mut list = PropertyList::new();
        for spec in specs {
            let stated = self.stated_property(object, spec.name);
            let stored = || self.model.tree().value(&path, spec.name).map(from_registry);
            let stored = || stored().and_then(|value| in_format_of(spec, value));
            let inherited = || self.inherited_property(object, spec.name);
            if let Some(value) = stated.or_else(stored).or_else(inherited).or_else(|| default_of(spec)) {
                list.set(spec.name, value);
            }
        }
        Ok(list)
    }

    /// Properties that the service itself knows.
    fn stated_property(&self, object: &ObjectId, name: &str) -> Option<Shown> {
        let text = |text: String| Some(Shown::Sz(text));
        match (object, name) {
            (
                ObjectId::ResourceType(_)
                | ObjectId::Group(_)
                | ObjectId::Resource(_)
                | ObjectId::GroupSet(_)
                | ObjectId::Network(_)
                | ObjectId::NetworkInterface(_),
                "Name",
            ) => text(self.plain_name(object)),
            (ObjectId::Network(id), name) => self.stated_of_network(*id, name),
            (ObjectId::NetworkInterface(id), name) => self.stated_of_interface(*id, name),
            (ObjectId::Node(id), name) => self.stated_of_node(*id, name),
            (ObjectId::Cluster, "FQDN") => text(self.plain_name(object)),
            (ObjectId::Cluster, "Id") => text(self.model.cluster().id.to_string()),
            (ObjectId::Cluster, "ClusterFunctionalLevel") => {
                Some(Shown::Dword(version::FUNCTIONAL_LEVEL.into()))
            }
            (ObjectId::Cluster, "ClusterUpgradeVersion") => Some(Shown::Dword(version::UPGRADE.into())),
            (ObjectId::Resource(_), "Type") => text(self.type_of(object)),
            (ObjectId::Resource(id), "PersistentState") => {
                let wanted = self.model.resource(*id).is_some_and(|found| self.model.is_wanted(found));
                Some(Shown::Dword(wanted.into()))
            }
            (ObjectId::Resource(id), layout::STATUS_INFORMATION) => {
                Some(Shown::ULarge(self.resource_status(*id).bits()))
            }
            (ObjectId::Resource(id), "LastOperationStatusCode") => {
                Some(Shown::ULarge(self.live.get(id).map_or(0, |live| u64::from(live.last_status))))
            }
            (ObjectId::Resource(id), "MonitorProcessId") => {
                let host = self.live.get(id).and_then(|live| live.open);
                Some(Shown::Dword(host.and_then(|host| self.hosts.pid(host)).unwrap_or(0)))
            }
            (ObjectId::Group(id), layout::STATUS_INFORMATION) => {
                Some(Shown::ULarge(self.group_status(*id).bits()))
            }
            (ObjectId::GroupSet(id), layout::STATUS_INFORMATION) => {
                Some(Shown::ULarge(self.group_set_status(*id).bits()))
            }
            _ => None,
        }
    }

    fn stated_of_node(&self, id: NodeId, name: &str) -> Option<Shown> {
        Some(match name {
            "NodeName" => Shown::Sz(self.plain_name(&ObjectId::Node(id))),
            // Programs take it for a GUID; clusters number theirs like this too.
            "NodeInstanceID" => Shown::Sz(format!("00000000-0000-0000-0000-{:012}", id.0)),
            "NodeHighestVersion" | "NodeLowestVersion" => Shown::Dword(version::OPERATIONAL),
            "MajorVersion" => Shown::Dword(version::MAJOR.into()),
            "MinorVersion" | "BuildNumber" => Shown::Dword(0),
            "CSDVersion" => Shown::Sz(version::SERVICE_PACK.into()),
            _ => return None,
        })
    }

    /// What a resource has from its type as long as it has none of its own.
    fn inherited_property(&self, object: &ObjectId, name: &str) -> Option<Shown> {
        let ObjectId::Resource(id) = object else { return None };
        let times = self.model.resource_type(&self.model.resource(*id)?.type_name)?.times;
        match name {
            layout::PENDING_TIMEOUT => times.pending_timeout_ms.map(Shown::Dword),
            layout::DEADLOCK_TIMEOUT => times.deadlock_timeout_ms.map(Shown::Dword),
            _ => None,
        }
    }
}

/// A stored value as its property has it; nothing where something else was stored, past the checks.
fn in_format_of(spec: &Spec, value: Shown) -> Option<Shown> {
    match (spec.format, value) {
        (Format::FileTime, Shown::ULarge(units)) => Some(Shown::FileTime(units)),
        (format, value) if value.format() == format => Some(value),
        _ => None,
    }
}
