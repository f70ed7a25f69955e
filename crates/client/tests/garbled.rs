//! A service that answers nonsense: every method ends in an answer or an error, and none panics.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use mainstay_client::{
    CallError, Cluster, Desired, Group, Link, Node, Resource, Submission, SubmitObject, Target, Transport,
};
use mainstay_cmrp::control::{ControlRequest, ResourceControl};
use mainstay_cmrp::{ControlResponse, EnumList, EnumResponse, StringResponse, encode_response};
use mainstay_cmrp::{cluster, resource};
use mainstay_types::ControlCode;
use mainstay_types::operation::Verb;
use proptest::prelude::*;

/// Answers every open and every question for an id with success, so that the calls behind them are made, and everything
/// else with what the case says.
#[derive(Clone)]
struct Nonsense(Vec<u8>);

impl Transport for Nonsense {
    type Link = Self;

    fn connect(&self, _by: Option<Instant>) -> Result<Self, mainstay_rpc::ConnectError> {
        Ok(self.clone())
    }

    fn address(&self) -> String {
        "nonsense".to_owned()
    }
}

const OPENS: [u16; 8] = [0, 8, 41, 66, 117, 118, 119, 120];
const IDS: [u16; 3] = [14, 47, 48];

impl Link for Nonsense {
    fn call(
        &mut self,
        opnum: u16,
        _stub: &[u8],
        _by: Option<Instant>,
    ) -> Result<Vec<u8>, mainstay_rpc::CallError> {
        Ok(match opnum {
            opnum if OPENS.contains(&opnum) => vec![0; 32],
            opnum if IDS.contains(&opnum) => {
                encode_response::<resource::GetResourceId>(&StringResponse::new("id")).unwrap()
            }
            _ => self.0.clone(),
        })
    }

    fn is_usable(&self) -> bool {
        true
    }
}

fn use_everything(answer: Vec<u8>) -> Result<(), CallError> {
    let mut cluster = Cluster::open(Nonsense(answer), Desired::Full)?;
    let _ = cluster.information();
    let _ = cluster.list(0x3F);
    let _ = cluster.list_ids(0x3F, 0);
    let _ = cluster.list_groups(None, None);
    let _ = cluster.list_resources(None, None);
    let _ = cluster.list_of_resource_type("t", 3);
    let _ = cluster.submit(&Submission::new(Verb::Offline, SubmitObject::Resource("r")));
    let _ = cluster.operations(None, None);
    let _ = cluster.wait_operation("1-1".parse().unwrap(), Duration::ZERO);
    let _ = cluster.journal(None, None, None);
    let _ = cluster.status_json();
    let _ = cluster.explain();
    let node: Node = cluster.open_object("n", Desired::Full)?;
    let _ = cluster.node_state(&node);
    let group: Group = cluster.open_object("g", Desired::Full)?;
    let _ = cluster.group_place(&group);
    let _ = cluster.list_of_group(&group, 3);
    let _ = cluster.offline_group(&group);
    let _ = cluster.create_resource(&group, "r", "t", 0);
    let resource: Resource = cluster.open_object("r", Desired::Full)?;
    let _ = cluster.resource_place(&resource);
    let _ = cluster.list_of_resource(&resource, 7);
    let _ = cluster.offline_resource_ex(&resource, 0, &[]);
    let _ = cluster.can_depend(&resource, &resource);
    let target = Target::Resource(&resource);
    let _ = cluster.control(target, None, ControlCode(0x0100_0059), None);
    let _ = cluster.control_once(target, None, ControlCode(0x0100_0059), None, 0);
    cluster.close_object(&resource);
    Ok(())
}

/// Answers that make sense somewhere.
fn sensible() -> impl Strategy<Value = Vec<u8>> {
    let list = EnumList::new([(1, "one".to_owned()), (4, "two".to_owned())]);
    let control = ControlRequest { code: 0, input: None, output_len: 64 };
    let stubs = vec![
        encode_response::<cluster::CreateEnum>(&EnumResponse::new(list)).unwrap(),
        encode_response::<resource::GetResourceId>(&StringResponse::new("id")).unwrap(),
        encode_response::<resource::OfflineResource>(&997.into()).unwrap(),
        encode_response::<ResourceControl>(&ControlResponse::new(&control, vec![1; 40])).unwrap(),
        encode_response::<ResourceControl>(&ControlResponse::new(&control, vec![1; 80])).unwrap(),
    ];
    proptest::sample::select(stubs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_answers(answer in proptest::collection::vec(any::<u8>(), 0..256)) {
        use_everything(answer).unwrap();
    }

    #[test]
    fn answers_with_a_few_other_bytes(
        mut answer in sensible(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<proptest::sample::Index>(),
        keep in any::<bool>(),
    ) {
        for (place, byte) in changes {
            let place = place.index(answer.len());
            answer[place] = byte;
        }
        if !keep {
            answer.truncate(cut.index(answer.len()));
        }
        use_everything(answer).unwrap();
    }
}
