//! The cluster that is measured: making what is needed in it, and waiting until it has come to rest.

use std::path::Path;
use std::time::Duration;

use mainstay_client::{Cluster, Desired, OperationWait, Resource, Submission, SubmitObject, Target};
use mainstay_proplist::PropertyList;
use mainstay_types::operation::Verb;
use mainstay_types::{ControlCode, ResourceState, Status};

use crate::Result;

/// How long an operation may take. Everything here is done in milliseconds.
const END_WITHIN: Duration = Duration::from_secs(60);

/// CLUSCTL_RESOURCE_SET_PRIVATE_PROPERTIES.
const SET_PRIVATE_PROPERTIES: ControlCode = ControlCode(0x0140_0086);

/// CLUSCTL_RESOURCE_SET_COMMON_PROPERTIES.
const SET_COMMON_PROPERTIES: ControlCode = ControlCode(0x0140_005E);

/// How often resource types of a bench look after their resources: never, while it runs.
pub(crate) const ALIVE_INTERVAL_MS: u32 = 3_600_000;

/// A connection to the cluster.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
}

impl Bench {
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        Ok(Self { cluster: Cluster::open_local(Some(socket), Desired::Full)? })
    }

    /// Makes a resource with private properties in a group of its own.
    pub(crate) fn create(
        &mut self,
        name: &str,
        type_name: &str,
        properties: &PropertyList,
    ) -> Result<Resource> {
        let group = self.cluster.create_group(&format!("{name} group"))?;
        let resource = self.cluster.create_resource(&group, name, type_name, 0)?;
        self.set_private(&resource, properties)?;
        Ok(resource)
    }

    /// Sets private properties.
    pub(crate) fn set_private(&mut self, resource: &Resource, properties: &PropertyList) -> Result<()> {
        let list = properties.to_bytes()?;
        self.cluster.control(Target::Resource(resource), None, SET_PRIVATE_PROPERTIES, Some(&list))?;
        Ok(())
    }

    /// Sets common properties.
    pub(crate) fn set_common(&mut self, resource: &Resource, properties: &PropertyList) -> Result<()> {
        let list = properties.to_bytes()?;
        self.cluster.control(Target::Resource(resource), None, SET_COMMON_PROPERTIES, Some(&list))?;
        Ok(())
    }

    /// Makes a resource type known.
    pub(crate) fn create_type(&mut self, name: &str, library: &Path) -> Result<()> {
        let library = library.to_str().ok_or("the library's path is no text")?;
        Ok(self.cluster.create_resource_type(name, name, library, ALIVE_INTERVAL_MS, ALIVE_INTERVAL_MS)?)
    }

    /// Brings a resource online and waits until it is.
    pub(crate) fn bring_online(&mut self, name: &str) -> Result<()> {
        let submitted = self.cluster.submit(&Submission::new(Verb::Online, SubmitObject::Resource(name)))?;
        match submitted.status {
            Status::SUCCESS | Status::IO_PENDING => {}
            status => return Err(format!("{name} does not go online: {status}: {}", submitted.text).into()),
        }
        self.wait_for_end(name)?;
        self.expect(name, ResourceState::Online)
    }

    /// Waits until no operation on a resource runs any more.
    pub(crate) fn wait_for_end(&mut self, name: &str) -> Result<()> {
        let running = self.cluster.operations(Some(name), None)?.into_iter().filter(|one| one.end.is_none());
        for operation in running {
            match self.cluster.wait_operation(operation.id, END_WITHIN)? {
                OperationWait::Ended(_) | OperationWait::Unknown => {}
                OperationWait::Running(_) => {
                    return Err(format!("operation {} on {name} has not ended", operation.id).into());
                }
            }
        }
        Ok(())
    }

    /// The resource has to be in this state.
    pub(crate) fn expect(&mut self, name: &str, expected: ResourceState) -> Result<()> {
        let resource: Resource = self.cluster.open_object(name, Desired::Full)?;
        let state = self.cluster.resource_place(&resource)?.state;
        self.cluster.close_object(&resource);
        match ResourceState::from_number(state) {
            Some(state) if state == expected => Ok(()),
            other => Err(format!("{name} should be {expected} and is {other:?}").into()),
        }
    }
}
