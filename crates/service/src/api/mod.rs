//! MS-CMRP served: operations become reads of the engine's view or commands to the engine.
//!
//! One file for each kind of object. To add an operation: a line in `dispatch`, a function in the file of its
//! kind. A read answers at once; a command takes its `Exchange` along and answers when the engine does.

mod cluster;
mod configuration;
mod configuration_plan;
mod control;
mod events;
mod exchange;
mod group;
mod group_set;
mod handles;
mod judges;
mod net_interface;
mod network;
mod node;
mod notify;
mod own_codes;
mod plan;
mod resource;
mod resource_type;
mod session;

use std::sync::Arc;

use mainstay_cmrp::{Request, RequestError};
use mainstay_ndr::Endian;
use mainstay_rpc::{Call, FaultStatus, Interface, PeerCredentials, Refusal, Reply, SyntaxId};
use mainstay_types::Status;

use crate::core::Core;
use crate::validate::Ground;
use exchange::Exchange;
use session::Session;

/// The ClusAPI interface of the local socket.
pub struct Api {
    core: Arc<Core>,
    administrators: Option<u32>,
    ground: Arc<Ground>,
}

impl Api {
    /// Serves this core. `administrators` is the group id whose members administer the cluster.
    pub fn new(core: Arc<Core>, administrators: Option<u32>, ground: Ground) -> Self {
        Api { core, administrators, ground: Arc::new(ground) }
    }
}

impl Interface for Api {
    type Connection = Session;

    fn syntax(&self) -> SyntaxId {
        let (major, minor) = mainstay_cmrp::VERSION;
        SyntaxId { uuid: mainstay_cmrp::UUID, major, minor }
    }

    fn connected(&self, peer: &PeerCredentials) -> Result<Session, Refusal> {
        Ok(Session::new(Arc::clone(&self.core), peer, self.administrators, Arc::clone(&self.ground)))
    }

    fn call(&self, session: &Arc<Session>, call: Call, reply: Reply) {
        match Request::decode(call.opnum, &call.stub, Endian::Little) {
            Ok(received) => {
                if !own_codes::asks_for_explanation(&received.request) {
                    session.forget_explanation();
                }
                session.take_reason();
                dispatch(session, received.request, reply);
            }
            Err(RequestError::UnknownOperation(_)) => reply.fault(FaultStatus::OPERATION_RANGE),
            Err(error @ RequestError::BadStub { .. }) => {
                tracing::debug!(%error, "a call that cannot be decoded");
                reply.fault(FaultStatus::BAD_STUB_DATA);
            }
        }
    }

    fn disconnected(&self, session: &Arc<Session>) {
        let ports: Vec<_> = session.handles.lock().ports().collect();
        for port in ports {
            self.core.hands().watchers.close(port);
        }
    }
}

/// Calls the function of each operation. `at once` functions answer by their result, `later` ones by their exchange.
macro_rules! operations {
    ($session:ident, $request:ident, $reply:ident;
     at once { $($once:ident => $read:path,)* }
     later { $($late:ident => $command:path,)* }) => {
        match $request {
            $(Request::$once(request) => {
                let exchange = Exchange::new($reply, request);
                let answer = $read($session, exchange.request());
                exchange.end(answer);
            })*
            $(Request::$late(request) => $command($session, Exchange::new($reply, request)),)*
            other => match other.refusal_stub(Status::CALL_NOT_IMPLEMENTED.0) {
                Ok(stub) => $reply.answer(&stub),
                Err(_) => $reply.fault(FaultStatus::OPERATION_RANGE),
            },
        }
    };
}

fn dispatch(session: &Arc<Session>, request: Request, reply: Reply) {
    operations! {
        session, request, reply;
        at once {
            OpenCluster => cluster::open,
            OpenClusterEx => cluster::open_ex,
            CloseCluster => cluster::close,
            GetClusterName => cluster::name,
            GetClusterVersion2 => cluster::version,
            CreateEnum => cluster::enumerate,
            CreateEnumEx => cluster::enumerate_ex,
            CreateGroupEnum => cluster::list_groups,
            CreateResourceEnum => cluster::list_resources,
            OpenResource => resource::open,
            OpenResourceEx => resource::open_ex,
            CloseResource => resource::close,
            GetResourceState => resource::state,
            GetResourceId => resource::id,
            GetResourceType => resource::type_name,
            CanResourceBeDependent => resource::can_be_dependent,
            CreateResEnum => resource::enumerate,
            GetResourceDependencyExpression => resource::dependency_expression,
            CreateResTypeEnum => resource_type::enumerate,
            OpenGroup => group::open,
            OpenGroupEx => group::open_ex,
            CloseGroup => group::close,
            GetGroupState => group::state,
            GetGroupId => group::id,
            CreateGroupResourceEnum => group::enumerate,
            OpenGroupSet => group_set::open,
            CloseGroupSet => group_set::close,
            CreateGroupSetEnum => group_set::enumerate,
            OpenNetwork => network::open,
            OpenNetworkEx => network::open_ex,
            CloseNetwork => network::close,
            GetNetworkState => network::state,
            GetNetworkId => network::id,
            CreateNetworkEnum => network::enumerate,
            OpenNetInterface => net_interface::open,
            OpenNetInterfaceEx => net_interface::open_ex,
            CloseNetInterface => net_interface::close,
            GetNetInterfaceState => net_interface::state,
            GetNetInterfaceId => net_interface::id,
            GetNetInterface => net_interface::between,
            CreateNetInterfaceEnum => net_interface::enumerate,
            OpenNode => node::open,
            OpenNodeEx => node::open_ex,
            CloseNode => node::close,
            GetNodeState => node::state,
            GetNodeId => node::id,
            CreateNodeEnum => node::enumerate,
            CreateNotifyV2 => notify::create,
            AddNotifyV2 => notify::add,
            AddNotifyResourceTypeV2 => notify::add_resource_type,
            UnblockGetNotifyCall => notify::unblock,
            CloseNotify => notify::close,
        }
        later {
            SetClusterName => cluster::rename,
            BackupClusterDatabase => cluster::back_up,
            CreateResource => resource::create,
            DeleteResource => resource::delete,
            SetResourceName => resource::rename,
            FailResource => resource::fail,
            OnlineResource => resource::online,
            OnlineResourceEx => resource::online_ex,
            OfflineResource => resource::offline,
            OfflineResourceEx => resource::offline_ex,
            RestartResource => resource::restart,
            AddResourceDependency => resource::add_dependency,
            RemoveResourceDependency => resource::remove_dependency,
            SetResourceDependencyExpression => resource::set_dependency_expression,
            AddResourceNode => resource::add_node,
            RemoveResourceNode => resource::remove_node,
            CreateResourceType => resource_type::create,
            DeleteResourceType => resource_type::delete,
            CreateGroup => group::create,
            CreateGroupEx => group::create_ex,
            DeleteGroup => group::delete,
            SetGroupName => group::rename,
            SetGroupNodeList => group::set_node_list,
            OnlineGroup => group::online,
            OnlineGroupEx => group::online_ex,
            OfflineGroup => group::offline,
            OfflineGroupEx => group::offline_ex,
            CancelClusterGroupOperation => group::cancel,
            MoveGroup => group::move_away,
            MoveGroupToNode => group::move_to_node,
            MoveGroupEx => group::move_away_ex,
            MoveGroupToNodeEx => group::move_to_node_ex,
            CreateGroupSet => group_set::create,
            DeleteGroupSet => group_set::delete,
            AddGroupToGroupSet => group_set::add_group,
            AddGroupToGroupSetEx => group_set::add_group_ex,
            MoveGroupToGroupSet => group_set::move_group,
            RemoveGroupFromGroupSet => group_set::remove_group,
            AddGroupSetDependency => group_set::add_set_dependency,
            RemoveGroupSetDependency => group_set::remove_set_dependency,
            SetGroupSetDependencyExpression => group_set::set_set_expression,
            AddGroupToGroupSetDependency => group_set::add_group_to_set_dependency,
            RemoveClusterGroupToGroupSetDependency => group_set::remove_group_to_set_dependency,
            SetGroupDependencyExpression => group_set::set_group_expression,
            RemoveClusterGroupDependency => group_set::remove_group_dependency,
            SetNetworkName => network::rename,
            PauseNode => node::pause,
            PauseNodeEx => node::pause_ex,
            PauseNodeWithDrainTarget => node::pause_with_drain_target,
            ResumeNode => node::resume,
            ResumeNodeEx => node::resume_ex,
            ResourceControl => control::resource,
            NodeResourceControl => control::resource_on_node,
            NodeResourceTypeControl => control::resource_type_on_node,
            NodeGroupControl => control::group_on_node,
            NodeNodeControl => control::node_on_node,
            NodeClusterControl => control::cluster_on_node,
            ResourceTypeControl => control::resource_type,
            GroupControl => control::group,
            GroupSetControl => control::group_set,
            NodeGroupSetControl => control::group_set_on_node,
            NodeControl => control::node,
            NetworkControl => control::network,
            NodeNetworkControl => control::network_on_node,
            NetInterfaceControl => control::interface,
            NodeNetInterfaceControl => control::interface_on_node,
            ClusterControl => control::cluster,
            GetNotifyV2 => notify::fetch,
        }
    }
}
