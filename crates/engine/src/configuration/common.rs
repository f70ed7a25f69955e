//! Setting common properties: by the table of their object's class, all or nothing.
//!
//! What a value must be is in the tables ([`mainstay_types::property`]). Here is what a table cannot say: values that
//! have to fit each other, or the state of what they are about.

use mainstay_proplist::{Misfit, Property, PropertyList, Value as Given, fit};
use mainstay_security::{SecurityDescriptor, keeps_administrators};
use mainstay_store::registry::Value;
use mainstay_types::offer::needs_no_library;
use mainstay_types::property::{self, DwordRange, Spec, Table};
use mainstay_types::{HostId, Name, ObjectId, ResourceId, Status};

use super::Change;
use super::change::change;
use super::values::{check_size, to_registry};
use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError, shown};
use crate::model::layout;

const RESTART_PERIOD: &str = "RestartPeriod";
const RETRY_PERIOD: &str = "RetryPeriodOnFailure";

/// A number, which may be given as a LONG of the same bits.
fn number_of(given: &Given) -> Option<u32> {
    given.as_dword().or_else(|| given.as_long().map(i32::cast_unsigned))
}

impl Engine {
    pub(super) fn set_common(
        &self,
        object: &ObjectId,
        list: &PropertyList,
        input: &[u8],
    ) -> Result<Change, Refusal> {
        let (table, shown_object) = (common_table(object), self.describe(object));
        self.check_common(object, &shown_object, list)?;
        let path = self.object_path(object)?;
        let mut changes = self.changes();
        let written = self.with_metric(object, list)?;
        for given in written.effective() {
            let Some(spec) = table.find(given.name()) else { continue };
            match fitted(object, &shown_object, spec, given)?.as_ref().map(to_registry) {
                None => {
                    changes.delete_value(&path, spec.name)?;
                }
                Some(Some(value)) => changes.set_value(&path, spec.name, value)?,
                Some(None) => {}
            }
        }
        let mut change = change(changes);
        check_size(list, input)?;
        change.after = self.after_setting(object, input, true);
        if let ObjectId::Resource(id) = object {
            change.claims.push(*id);
            if self.leaves_its_host_later(*id, list) {
                change.answer = Status::RESOURCE_PROPERTIES_STORED;
            }
        }
        Ok(change)
    }

    /// Whether the list makes another host the resource's, into which it only goes with its next online.
    pub(super) fn leaves_its_host_later(&self, id: ResourceId, list: &PropertyList) -> bool {
        let Some(given) = list.get(layout::SEPARATE_MONITOR) else { return false };
        let is_own = number_of(given).is_some_and(|number| number != 0) || self.library_of(id).is_some();
        let open = self.live.get(&id).filter(|live| live.has_to_stop()).and_then(|live| live.open);
        open.is_some_and(|host| is_own == (host == HostId::Pool))
    }

    /// Everything that SET_COMMON_PROPERTIES refuses; VALIDATE_COMMON_PROPERTIES is this and no more. `shown_object` is
    /// the object for messages.
    pub(crate) fn check_common(
        &self,
        object: &ObjectId,
        shown_object: &str,
        list: &PropertyList,
    ) -> Result<(), Refusal> {
        let table = common_table(object);
        for given in list.effective() {
            let property = shown(given.name());
            let Some(spec) = table.find(given.name()) else {
                let object = shown_object.to_owned();
                return Err(RequestError::UnknownProperty { object, property }.into());
            };
            let value = fitted(object, shown_object, spec, given)?;
            match object {
                ObjectId::Cluster if spec.name == layout::SECURITY_DESCRIPTOR => {
                    check_descriptor(value.as_ref())?;
                }
                ObjectId::ResourceType(name) if spec.name == layout::DLL_NAME => {
                    self.check_library(name, value.as_ref())?;
                }
                _ => {}
            }
        }
        self.with_metric(object, list)?;
        self.check_retry_period(object, list, shown_object)
    }

    /// Another library comes into no host in which a resource of the type runs; and a type needs one, unless it is
    /// built in.
    fn check_library(&self, name: &Name, value: Option<&Given>) -> Result<(), Refusal> {
        let library = value.and_then(Given::as_text).filter(|text| !text.is_empty());
        let found = self.model.resource_type(name);
        let current = found.and_then(|found| found.library.as_deref());
        if library == current {
            return Ok(());
        }
        if library.is_none() && !needs_no_library(name) {
            let allowed = "name the shared library that holds the type".to_owned();
            return Err(RequestError::Value { what: layout::DLL_NAME, value: "''".into(), allowed }.into());
        }
        let running = self.model.instances(name).find_map(|resource| {
            let live = self.live.get(&resource.id).filter(|live| !live.is_down())?;
            Some((resource.name.to_string(), live.state))
        });
        match running {
            Some((name, state)) => {
                let way_out = "its type gets another library only while nothing of the type runs";
                Err(ClusterError::State { name, state, way_out: way_out.into() }.into())
            }
            None => Ok(()),
        }
    }

    /// RetryPeriodOnFailure must not be under RestartPeriod, whichever of them is set.
    fn check_retry_period(
        &self,
        object: &ObjectId,
        list: &PropertyList,
        shown_object: &str,
    ) -> Result<(), Refusal> {
        if !matches!(object, ObjectId::Resource(_))
            || !(list.contains(RETRY_PERIOD) || list.contains(RESTART_PERIOD))
        {
            return Ok(());
        }
        let path = self.object_path(object)?;
        let effective = |name: &str| -> u32 {
            let default = match property::RESOURCE.find(name).map(|spec| spec.default) {
                Some(property::DefaultValue::Dword(number)) => number,
                _ => 0,
            };
            let stored = || self.model.tree().value(&path, name).and_then(Value::as_dword);
            match list.get(name) {
                Some(given) if given.has_no_data() => default,
                Some(given) => number_of(given).unwrap_or(default),
                None => stored().unwrap_or(default),
            }
        };
        let (retry, restart) = (effective(RETRY_PERIOD), effective(RESTART_PERIOD));
        if retry < restart {
            return Err(RequestError::PropertyRange {
                object: shown_object.to_owned(),
                property: RETRY_PERIOD.into(),
                value: retry.to_string(),
                allowed: format!("it must be at least {RESTART_PERIOD}, which is {restart}"),
            }
            .into());
        }
        Ok(())
    }
}

/// The common properties of an object's class.
pub(crate) fn common_table(object: &ObjectId) -> Table {
    match object {
        ObjectId::Cluster => property::CLUSTER,
        ObjectId::Node(_) => property::NODE,
        ObjectId::Group(_) => property::GROUP,
        ObjectId::Resource(_) => property::RESOURCE,
        ObjectId::ResourceType(_) => property::RESOURCE_TYPE,
        ObjectId::GroupSet(_) => property::GROUP_SET,
        ObjectId::Network(_) => property::NETWORK,
        ObjectId::NetworkInterface(_) => property::NETWORK_INTERFACE,
    }
}

/// What the database holds of a property that is set to this; nothing asks for the default.
fn fitted(
    target: &ObjectId,
    shown_object: &str,
    spec: &'static Spec,
    given: &Property,
) -> Result<Option<Given>, Refusal> {
    let (object, property) = (shown_object.to_owned(), spec.name.to_owned());
    fit(spec, given).map_err(|misfit| {
        match misfit {
            Misfit::ReadOnly(_) => {
                RequestError::ReadOnlyProperty { object, property, way_out: way_out(target, spec) }
            }
            Misfit::Format { expected, .. } => {
                let found = given.value().map_or("value without a format", |value| value.format().word());
                RequestError::PropertyFormat { object, property, expected: expected.word(), found }
            }
            Misfit::OutOfRange { number, range, .. } => {
                let (value, allowed) = (number.to_string(), show_range(range));
                RequestError::PropertyRange { object, property, value, allowed }
            }
            Misfit::SeveralValues { .. } => RequestError::BufferMalformed { reason: misfit.to_string() },
            Misfit::NotSupported { value, supported, .. } => {
                RequestError::PropertyUnsupported { object, property, value, allowed: supported.to_string() }
            }
        }
        .into()
    })
}

/// How a read-only property is changed after all.
fn way_out(target: &ObjectId, spec: &Spec) -> &'static str {
    match target {
        _ if spec.name != layout::NAME => "; the service sets it by itself",
        ObjectId::Resource(_) => "; 'mainstay resource rename' and SetClusterResourceName rename it",
        ObjectId::Group(_) => "; 'mainstay group rename' and SetClusterGroupName rename it",
        ObjectId::Cluster => "; 'mainstay cluster rename' and SetClusterName rename it",
        ObjectId::Network(_) => "; 'mainstay network rename' and SetClusterNetworkName rename it",
        ObjectId::NetworkInterface(_) => "; it is called after its node and its device",
        ObjectId::Node(_) | ObjectId::ResourceType(_) | ObjectId::GroupSet(_) => "",
    }
}

/// A cluster's descriptor must be readable and must not lock everybody out.
fn check_descriptor(value: Option<&Given>) -> Result<(), Refusal> {
    let refuse = |reason: String| RequestError::SecurityDescriptor { reason }.into();
    let bytes = value.and_then(Given::as_bytes).filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| refuse("a cluster always has one; give another instead".into()))?;
    let descriptor = SecurityDescriptor::parse(bytes)
        .map_err(|error| refuse(format!("{error}; give it in its self-relative form")))?;
    if !keeps_administrators(&descriptor) {
        let reason = "it leaves the administrators without full access; allow S-1-5-32-544 all of it";
        return Err(refuse(reason.into()));
    }
    Ok(())
}

fn show_range(range: DwordRange) -> String {
    let also = range.also.map(|number| format!(", and {number}")).unwrap_or_default();
    format!("it takes {} to {}{also}", range.min, range.max)
}
