//! What callers change of networks: the name, and the metric with what finds it.

use mainstay_proplist::{PropertyList, Value as Given};
use mainstay_store::registry::Value;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::{Name, NetworkId, ObjectId};

use crate::Engine;
use crate::configuration::change::{change, name_property, parse_name};
use crate::configuration::{After, Change};
use crate::error::{ClusterError, Refusal, RequestError};
use crate::model::layout;

impl Engine {
    /// SetClusterNetworkName (opnum 84).
    pub(crate) fn rename_network(&self, id: NetworkId, name: &str) -> Result<Change, Refusal> {
        self.check_object(&ObjectId::Network(id))?;
        let name = parse_name("network name", name)?;
        self.check_network_name(&name, id)?;
        let mut changes = self.changes();
        changes.set_value(&layout::network_path(id)?, layout::NAME, Value::Sz(name.to_string()))?;
        let mut change = change(changes);
        change.after.push(After::Publish(Box::new(Event {
            kind: EventKind::NetworkCommonProperty,
            object: ObjectId::Network(id),
            object_id: id.to_string(),
            parent_id: String::new(),
            name: name.to_string(),
            type_name: String::new(),
            buffer: name_property(&name),
        })));
        Ok(change)
    }

    fn check_network_name(&self, name: &Name, own: NetworkId) -> Result<(), Refusal> {
        match self.model.find_network(name.as_str()).filter(|found| *found != own) {
            Some(_) => Err(ClusterError::NameTaken { what: "network", name: name.to_string() }.into()),
            None => Ok(()),
        }
    }

    /// The properties that are to be written where these are to be set. Only Metric is stored: AutoMetric is on while
    /// there is none. To set a metric turns it off, to turn it on takes the metric away, and to turn it off keeps the
    /// one that there is.
    pub(crate) fn with_metric(
        &self,
        object: &ObjectId,
        list: &PropertyList,
    ) -> Result<PropertyList, Refusal> {
        let mut written = list.clone();
        let (ObjectId::Network(id), Some(given)) = (object, list.get(layout::AUTO_METRIC)) else {
            return Ok(written);
        };
        let is_automatic = given.has_no_data() || given.as_dword() == Some(1);
        let metric = list.get(layout::METRIC).filter(|metric| !metric.has_no_data());
        written.remove(layout::AUTO_METRIC);
        match (is_automatic, metric) {
            // Nobody insists on it.
            (true, Some(_)) if given.has_no_data() => {}
            (true, Some(_)) => {
                return Err(RequestError::Value {
                    what: layout::AUTO_METRIC,
                    value: "1 beside a Metric".into(),
                    allowed: "set one of them: a metric that is set is not found automatically".into(),
                }
                .into());
            }
            (true, None) => {
                written.set(layout::METRIC, Given::NoData(mainstay_types::property::Format::Dword));
            }
            (false, Some(_)) => {}
            (false, None) => {
                let network = self.model.network(*id);
                written.set(layout::METRIC, Given::Dword(network.map_or(0, |network| self.metric(network))));
            }
        }
        Ok(written)
    }
}
