//! Maintenance mode: failing checks of a resource are not acted on while somebody works on it.
//!
//! Owns the control codes and what was not acted on. It is stored, so that a new service knows of it. Online, offline
//! and all other calls work as ever: only what nobody asked for waits.

use mainstay_store::registry::Value;
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, ResourceId, ResourceState};

use crate::Engine;
use crate::configuration::{After, Change};
use crate::error::{Refusal, RequestError};
use crate::model::layout;
use crate::task::not_found_again;

/// CLUS_MAINTENANCE_MODE_INFO, a BOOL, is the beginning of CLUS_MAINTENANCE_MODE_INFOEX, whose other members concern disks.
const INFO_LENGTHS: [usize; 2] = [4, 16];

impl Engine {
    /// CLUSCTL_RESOURCE_SET_MAINTENANCE_MODE.
    pub(crate) fn set_maintenance(&self, id: ResourceId, input: &[u8]) -> Result<Change, Refusal> {
        self.check_object(&ObjectId::Resource(id))?;
        let flag = input.first_chunk::<4>().filter(|_| INFO_LENGTHS.contains(&input.len()));
        let Some(flag) = flag.map(|bytes| u32::from_le_bytes(*bytes)) else {
            let value = format!("of {} bytes", input.len());
            let allowed = "it has 4 bytes, or 16".to_owned();
            return Err(RequestError::Value { what: "maintenance mode", value, allowed }.into());
        };
        let path = layout::resource_path(id)?;
        let mut changes = self.changes();
        if flag != 0 {
            // What is online by then is held so, also by a service that finds nothing of it.
            let is_online = self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online);
            let mode = if is_online { layout::MAINTAINED_ONLINE } else { 1 };
            changes.set_value(&path, layout::MAINTENANCE_MODE, Value::Dword(mode))?;
        } else {
            changes.delete_value(&path, layout::MAINTENANCE_MODE)?;
        }
        let mut change = crate::configuration::change::change(changes);
        change.after = vec![After::Maintained(id)];
        change.claims.push(id);
        Ok(change)
    }

    /// CLUSCTL_RESOURCE_QUERY_MAINTENANCE_MODE: a BOOL.
    pub(crate) fn maintenance_mode(&self, id: ResourceId) -> Vec<u8> {
        u32::from(self.is_in_maintenance(id)).to_le_bytes().to_vec()
    }

    pub(crate) fn is_in_maintenance(&self, id: ResourceId) -> bool {
        self.model.resource(id).is_some_and(|resource| resource.in_maintenance)
    }

    /// A check of a resource has failed. Answers whether that is left as it is.
    pub(crate) fn bears_with(&mut self, id: ResourceId, cause: &Cause) -> bool {
        let is_in_maintenance = self.is_in_maintenance(id);
        let Some(live) = self.live.get_mut(&id) else { return false };
        if !is_in_maintenance || live.state != ResourceState::Online || live.task.is_some() {
            return false;
        }
        live.borne = Some(cause.clone());
        self.tell_status(id);
        true
    }

    /// What a resource is held with whose host is replaced, if nothing of it is found.
    pub(crate) fn borne_with(&self, id: ResourceId) -> Cause {
        self.live.get(&id).and_then(|live| live.borne.clone()).unwrap_or_else(not_found_again)
    }

    /// Maintenance has begun, or ended: then what was borne with counts, and restarts that are due take place.
    pub(crate) fn maintenance_changed(&mut self, id: ResourceId) {
        // Of what is not online the status has no bit for it, and whoever shows it wants to know all the same.
        self.tell_status(id);
        if self.is_in_maintenance(id) {
            return;
        }
        self.stir_policies();
        let borne = self.live.get_mut(&id).and_then(|live| live.borne.take());
        if let Some(cause) = borne {
            self.handle_failed(id, cause);
        }
    }
}
