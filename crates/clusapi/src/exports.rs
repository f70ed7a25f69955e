//! The table of exported functions. To add one: write it in the module of its kind of object, then add one entry here and
//! its declaration in `include/clusapi.h`.
//!
//! An entry says how the function answers (see [`crate::guard`]), its parameters as C passes them, and what it does. In
//! the `wide` part `U` is the unit of a wide character, and each entry becomes two symbols: `Name` for units of 16 bits
//! and `Name_w4` for units of 32.

#![allow(non_snake_case, reason = "the names of clusapi.h")]
#![allow(clippy::too_many_arguments, reason = "the parameters of clusapi.h")]
// A parameter whose name says what clusapi.h calls it is explained there.
#![allow(clippy::missing_safety_doc, reason = "clusapi.h says what each pointer has to be")]

use std::ffi::c_void;

use mainstay_client::{Desired, kind};

use crate::connection::because;
use crate::control::ControlBuffers;
use crate::enumeration::Of;
use crate::guard;
use crate::notify::{FilterAndType, Places};
use crate::tables::tables;
use crate::{
    cluster, enumeration, enumeration_ex, group, group_set, net_interface, network, node, notify, object,
    registry, resource, resource_type,
};

mainstay_resutils::export_win32!();

macro_rules! answer_type {
    (status) => {
        u32
    };
    (truth) => {
        i32
    };
    (handle) => {
        usize
    };
    (count) => {
        u32
    };
    (state) => {
        i32
    };
}

macro_rules! exports {
    (
        plain { $($plain:ident($($pp:ident: $pt:ty),*): $pa:ident = $pbody:expr;)+ }
        wide { $($wide:ident($($wp:ident: $wt:ty),*): $wa:ident = $wbody:expr;)+ }
    ) => {
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $plain($($pp: $pt),*) -> answer_type!($pa) {
                // SAFETY: the program keeps what clusapi.h says of the parameters.
                #[allow(unused_unsafe, reason = "some functions take no pointers")]
                guard::$pa(|| unsafe { $pbody })
            }
        )+

        mod narrow {
            use super::*;
            type U = u16;
            $(
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $wide($($wp: $wt),*) -> answer_type!($wa) {
                    // SAFETY: the program keeps what clusapi.h says of the parameters.
                    guard::$wa(|| unsafe { $wbody })
                }
            )+
        }

        mod four {
            use super::*;
            type U = u32;
            $(
                #[unsafe(export_name = concat!(stringify!($wide), "_w4"))]
                unsafe extern "C" fn $wide($($wp: $wt),*) -> answer_type!($wa) {
                    // SAFETY: the program keeps what clusapi.h says of the parameters.
                    guard::$wa(|| unsafe { $wbody })
                }
            )+
        }
    };
}

fn buffers(
    input: *mut c_void,
    input_size: u32,
    output: *mut c_void,
    output_size: u32,
    returned: *mut u32,
) -> ControlBuffers {
    ControlBuffers { input, input_size, output, output_size, returned }
}

/// No place for the granted access.
fn nowhere() -> *mut u32 {
    std::ptr::null_mut()
}

exports! {
    plain {
        CloseCluster(cluster: usize): truth = cluster::close(cluster);
        ClusterControl(cluster: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = cluster::control(cluster, host, code, buffers(input, input_size, output, output_size, returned));
        ClusterOpenEnum(cluster: usize, type_mask: u32): handle
            = enumeration::open_cluster(cluster, type_mask);
        ClusterGetEnumCount(list: usize): count = enumeration::length(Of::Cluster, list);
        ClusterCloseEnum(list: usize): status = enumeration::shut(Of::Cluster, list);
        ClusterOpenEnumEx(cluster: usize, type_mask: u32, options: usize): handle
            = enumeration_ex::open_cluster(cluster, type_mask, options);
        ClusterGetEnumCountEx(list: usize): count = enumeration::count(&tables().cluster_enums_ex, list);
        ClusterCloseEnumEx(list: usize): status = enumeration::close(&tables().cluster_enums_ex, list);

        CloseClusterNode(node: usize): truth = object::close::<kind::Node>(node);
        GetClusterNodeState(node: usize): state = node::state(node);
        GetClusterFromNode(node: usize): handle = object::cluster::<kind::Node>(node);
        PauseClusterNode(node: usize): status = node::pause(node);
        PauseClusterNodeEx(node: usize, drain: i32, flags: u32, target: usize): status
            = node::pause_ex(node, drain != 0, flags, target);
        ResumeClusterNode(node: usize): status = node::resume(node);
        ResumeClusterNodeEx(node: usize, failback: u32, flags: u32): status
            = node::resume_ex(node, failback, flags);
        ClusterNodeControl(node: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::Node>(node, host, code, buffers(input, input_size, output, output_size, returned));

        ClusterNodeOpenEnum(node: usize, type_mask: u32): handle = enumeration::open_node(node, type_mask);
        ClusterNodeGetEnumCount(list: usize): count = enumeration::length(Of::Node, list);
        ClusterNodeCloseEnum(list: usize): status = enumeration::shut(Of::Node, list);

        CloseClusterNetwork(network: usize): truth = object::close::<kind::Network>(network);
        GetClusterFromNetwork(network: usize): handle = object::cluster::<kind::Network>(network);
        GetClusterNetworkState(network: usize): state = network::state(network);
        ClusterNetworkControl(network: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::Network>(network, host, code, buffers(input, input_size, output, output_size, returned));
        ClusterNetworkOpenEnum(network: usize, type_mask: u32): handle
            = enumeration::open_network(network, type_mask);
        ClusterNetworkGetEnumCount(list: usize): count = enumeration::length(Of::Network, list);
        ClusterNetworkCloseEnum(list: usize): status = enumeration::shut(Of::Network, list);

        CloseClusterNetInterface(interface: usize): truth = object::close::<kind::NetInterface>(interface);
        GetClusterFromNetInterface(interface: usize): handle = object::cluster::<kind::NetInterface>(interface);
        GetClusterNetInterfaceState(interface: usize): state = net_interface::state(interface);
        ClusterNetInterfaceControl(interface: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::NetInterface>(interface, host, code,
                buffers(input, input_size, output, output_size, returned));
        ClusterNetInterfaceCloseEnum(list: usize): status = enumeration::shut(Of::NetInterfaces, list);

        DeleteClusterGroup(group: usize): status = group::delete(group);
        DestroyClusterGroup(group: usize): status = group::destroy(group);
        CloseClusterGroup(group: usize): truth = object::close::<kind::Group>(group);
        GetClusterFromGroup(group: usize): handle = object::cluster::<kind::Group>(group);
        OnlineClusterGroup(group: usize, destination: usize): status = group::online(group, destination);
        OnlineClusterGroupEx(group: usize, destination: usize, flags: u32, buffer: *mut u8, size: u32): status
            = group::online_ex(group, destination, flags, buffer, size);
        OfflineClusterGroup(group: usize): status = group::offline(group);
        OfflineClusterGroupEx(group: usize, flags: u32, buffer: *mut u8, size: u32): status
            = group::offline_ex(group, flags, buffer, size);
        MoveClusterGroup(group: usize, destination: usize): status = group::move_to(group, destination);
        MoveClusterGroupEx(group: usize, destination: usize, flags: u32, buffer: *mut u8, size: u32): status
            = group::move_to_ex(group, destination, flags, buffer, size);
        SetClusterGroupNodeList(group: usize, count: u32, nodes: *const usize): status
            = group::set_node_list(group, count, nodes);
        CancelClusterGroupOperation(group: usize, flags: u32): status = group::cancel(group, flags);
        ClusterGroupControl(group: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::Group>(group, host, code, buffers(input, input_size, output, output_size, returned));
        ClusterGroupOpenEnum(group: usize, type_mask: u32): handle = enumeration::open_group(group, type_mask);
        ClusterGroupGetEnumCount(list: usize): count = enumeration::length(Of::Group, list);
        ClusterGroupCloseEnum(list: usize): status = enumeration::shut(Of::Group, list);
        ClusterGroupGetEnumCountEx(list: usize): count = enumeration::count(&tables().group_enums_ex, list);
        ClusterGroupCloseEnumEx(list: usize): status = enumeration::close(&tables().group_enums_ex, list);

        CloseClusterGroupSet(set: usize): truth = object::close::<kind::GroupSet>(set);
        DeleteClusterGroupSet(set: usize): status = group_set::delete(set);
        ClusterAddGroupToGroupSet(set: usize, group: usize): status = group_set::add_group(set, group);
        ClusterRemoveGroupFromGroupSet(group: usize): status = group_set::remove_group(group);
        ClusterGroupSetControl(set: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::GroupSet>(set, host, code, buffers(input, input_size, output, output_size, returned));
        AddClusterGroupDependency(group: usize, provider: usize): status
            = group_set::add_group_dependency(group, provider);
        RemoveClusterGroupDependency(group: usize, provider: usize): status
            = group_set::remove_group_dependency(group, provider);
        AddClusterGroupSetDependency(set: usize, provider: usize): status
            = group_set::add_set_dependency(set, provider);
        RemoveClusterGroupSetDependency(set: usize, provider: usize): status
            = group_set::remove_set_dependency(set, provider);
        AddClusterGroupToGroupSetDependency(group: usize, provider: usize): status
            = group_set::add_group_to_set_dependency(group, provider);
        RemoveClusterGroupToGroupSetDependency(group: usize, provider: usize): status
            = group_set::remove_group_to_set_dependency(group, provider);
        ClusterGroupSetOpenEnum(cluster: usize): handle = enumeration::open_group_sets(cluster);
        ClusterGroupSetGetEnumCount(list: usize): count = enumeration::length(Of::GroupSets, list);
        ClusterGroupSetCloseEnum(list: usize): status = enumeration::shut(Of::GroupSets, list);

        DeleteClusterResource(resource: usize): status = resource::delete(resource);
        CloseClusterResource(resource: usize): truth = object::close::<kind::Resource>(resource);
        GetClusterFromResource(resource: usize): handle = object::cluster::<kind::Resource>(resource);
        OnlineClusterResource(resource: usize): status = resource::online(resource);
        OnlineClusterResourceEx(resource: usize, flags: u32, buffer: *mut u8, size: u32): status
            = resource::online_ex(resource, flags, buffer, size);
        OfflineClusterResource(resource: usize): status = resource::offline(resource);
        OfflineClusterResourceEx(resource: usize, flags: u32, buffer: *mut u8, size: u32): status
            = resource::offline_ex(resource, flags, buffer, size);
        FailClusterResource(resource: usize): status = resource::fail(resource);
        RestartClusterResource(resource: usize, flags: u32): status = resource::restart(resource, flags);
        AddClusterResourceDependency(resource: usize, provider: usize): status
            = resource::add_dependency(resource, provider);
        RemoveClusterResourceDependency(resource: usize, provider: usize): status
            = resource::remove_dependency(resource, provider);
        AddClusterResourceNode(resource: usize, node: usize): status = resource::add_node(resource, node);
        RemoveClusterResourceNode(resource: usize, node: usize): status = resource::remove_node(resource, node);
        CanResourceBeDependent(resource: usize, dependent: usize): truth
            = resource::can_be_dependent(resource, dependent);
        ClusterResourceControl(resource: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32): status
            = object::control::<kind::Resource>(resource, host, code, buffers(input, input_size, output, output_size, returned));
        ClusterResourceOpenEnum(resource: usize, type_mask: u32): handle
            = enumeration::open_resource(resource, type_mask);
        ClusterResourceGetEnumCount(list: usize): count = enumeration::length(Of::Resource, list);
        ClusterResourceCloseEnum(list: usize): status = enumeration::shut(Of::Resource, list);
        ClusterResourceGetEnumCountEx(list: usize): count
            = enumeration::count(&tables().resource_enums_ex, list);
        ClusterResourceCloseEnumEx(list: usize): status
            = enumeration::close(&tables().resource_enums_ex, list);

        CreateClusterNotifyPortV2(port: usize, cluster: usize, filters: *mut FilterAndType, count: u32,
            key: usize): handle = notify::create(port, cluster, filters, count, key);
        RegisterClusterNotifyV2(port: usize, filter: FilterAndType, object: usize, key: usize): status
            = notify::register(port, filter, object, key);
        CloseClusterNotifyPort(port: usize): truth = notify::close(port);

        ClusterRegCloseKey(key: usize): status = registry::close_key(key);
    }

    wide {
        OpenCluster(name: *const U): handle = cluster::open(name);
        OpenClusterEx(name: *const U, desired: u32, granted: *mut u32): handle
            = cluster::open_ex(name, desired, granted);
        GetClusterInformation(cluster: usize, name: *mut U, name_length: *mut u32,
            version: *mut cluster::VersionInfo<U>): status
            = cluster::information(cluster, name, name_length, version);
        SetClusterName(cluster: usize, name: *const U): status = cluster::rename(cluster, name);
        BackupClusterDatabase(cluster: usize, path: *const U): status = cluster::back_up(cluster, path);
        ClusterEnum(list: usize, index: u32, kind: *mut u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::Cluster, list, index, kind, name, name_length);
        ClusterEnumEx(list: usize, index: u32, item: *mut u8, size: *mut u32): status
            = enumeration_ex::cluster_item::<U>(list, index, item, size);

        OpenClusterNode(cluster: usize, name: *const U): handle
            = object::open::<kind::Node, U>(cluster, name, Desired::Full, nowhere());
        OpenClusterNodeEx(cluster: usize, name: *const U, desired: u32, granted: *mut u32): handle
            = object::open::<kind::Node, U>(cluster, name, Desired::Mask(desired), granted);
        PauseClusterNodeEx2(node: usize, drain: i32, flags: u32, target: usize, reason: *const U): status
            = node::pause_ex2(node, drain != 0, flags, target, reason);
        ResumeClusterNodeEx2(node: usize, failback: u32, flags: u32, reason: *const U): status
            = node::resume_ex2(node, failback, flags, reason);

        ClusterNodeEnum(list: usize, index: u32, kind: *mut u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::Node, list, index, kind, name, name_length);

        OpenClusterNetwork(cluster: usize, name: *const U): handle
            = object::open::<kind::Network, U>(cluster, name, Desired::Full, nowhere());
        OpenClusterNetworkEx(cluster: usize, name: *const U, desired: u32, granted: *mut u32): handle
            = object::open::<kind::Network, U>(cluster, name, Desired::Mask(desired), granted);
        SetClusterNetworkName(network: usize, name: *const U): status = network::rename(network, name);
        GetClusterNetworkId(network: usize, id: *mut U, id_length: *mut u32): status
            = network::id(network, id, id_length);
        ClusterNetworkEnum(list: usize, index: u32, kind: *mut u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::Network, list, index, kind, name, name_length);

        OpenClusterNetInterface(cluster: usize, name: *const U): handle
            = object::open::<kind::NetInterface, U>(cluster, name, Desired::Full, nowhere());
        OpenClusterNetInterfaceEx(cluster: usize, name: *const U, desired: u32, granted: *mut u32): handle
            = object::open::<kind::NetInterface, U>(cluster, name, Desired::Mask(desired), granted);
        GetClusterNetInterface(cluster: usize, node: *const U, network: *const U, name: *mut U,
            name_length: *mut u32): status
            = net_interface::between(cluster, node, network, name, name_length);
        ClusterNetInterfaceOpenEnum(cluster: usize, node: *const U, network: *const U): handle
            = enumeration::open_net_interfaces(cluster, node, network);
        ClusterNetInterfaceEnum(list: usize, index: u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::NetInterfaces, list, index, std::ptr::null_mut(), name, name_length);

        CreateClusterGroup(cluster: usize, name: *const U): handle = group::create(cluster, name);
        CreateClusterGroupEx(cluster: usize, name: *const U, info: *const group::CreateGroupInfo): handle
            = group::create_ex(cluster, name, info);
        OpenClusterGroup(cluster: usize, name: *const U): handle
            = object::open::<kind::Group, U>(cluster, name, Desired::Full, nowhere());
        OpenClusterGroupEx(cluster: usize, name: *const U, desired: u32, granted: *mut u32): handle
            = object::open::<kind::Group, U>(cluster, name, Desired::Mask(desired), granted);
        SetClusterGroupName(group: usize, name: *const U): status = group::rename(group, name);
        GetClusterGroupState(group: usize, node: *mut U, node_length: *mut u32): state
            = group::state(group, node, node_length);
        ClusterGroupEnum(list: usize, index: u32, kind: *mut u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::Group, list, index, kind, name, name_length);
        ClusterGroupOpenEnumEx(cluster: usize, properties: *const U, properties_size: u32,
            ro_properties: *const U, ro_properties_size: u32, flags: u32): handle
            = enumeration_ex::open_groups(cluster, properties, properties_size, ro_properties,
                ro_properties_size, flags);
        ClusterGroupEnumEx(list: usize, index: u32, item: *mut u8, size: *mut u32): status
            = enumeration_ex::group_item::<U>(list, index, item, size);

        CreateClusterGroupSet(cluster: usize, name: *const U): handle = group_set::create(cluster, name);
        OpenClusterGroupSet(cluster: usize, name: *const U): handle
            = object::open::<kind::GroupSet, U>(cluster, name, Desired::Full, nowhere());
        SetGroupDependencyExpression(group: usize, expression: *const U): status
            = group_set::set_group_expression(group, expression);
        SetClusterGroupSetDependencyExpression(set: usize, expression: *const U): status
            = group_set::set_set_expression(set, expression);
        ClusterGroupSetEnum(list: usize, index: u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::GroupSets, list, index, std::ptr::null_mut(), name, name_length);

        CreateClusterResource(group: usize, name: *const U, type_name: *const U, flags: u32): handle
            = resource::create(group, name, type_name, flags);
        OpenClusterResource(cluster: usize, name: *const U): handle
            = object::open::<kind::Resource, U>(cluster, name, Desired::Full, nowhere());
        OpenClusterResourceEx(cluster: usize, name: *const U, desired: u32, granted: *mut u32): handle
            = object::open::<kind::Resource, U>(cluster, name, Desired::Mask(desired), granted);
        SetClusterResourceName(resource: usize, name: *const U): status = resource::rename(resource, name);
        GetClusterResourceState(resource: usize, node: *mut U, node_length: *mut u32, group: *mut U,
            group_length: *mut u32): state
            = resource::state(resource, node, node_length, group, group_length);
        SetClusterResourceDependencyExpression(resource: usize, expression: *const U): status
            = resource::set_dependency_expression(resource, expression);
        GetClusterResourceDependencyExpression(resource: usize, expression: *mut U, length: *mut u32): status
            = resource::dependency_expression(resource, expression, length);
        OfflineClusterResourceEx2(resource: usize, flags: u32, buffer: *mut u8, size: u32,
            reason: *const U): status = resource::offline_ex2(resource, flags, buffer, size, reason);
        ClusterResourceEnum(list: usize, index: u32, kind: *mut u32, name: *mut U, name_length: *mut u32): status
            = enumeration::entry(Of::Resource, list, index, kind, name, name_length);
        ClusterResourceOpenEnumEx(cluster: usize, properties: *const U, properties_size: u32,
            ro_properties: *const U, ro_properties_size: u32, flags: u32): handle
            = enumeration_ex::open_resources(cluster, properties, properties_size, ro_properties,
                ro_properties_size, flags);
        ClusterResourceEnumEx(list: usize, index: u32, item: *mut u8, size: *mut u32): status
            = enumeration_ex::resource_item::<U>(list, index, item, size);

        CreateClusterResourceType(cluster: usize, name: *const U, display_name: *const U, library: *const U,
            looks_alive_ms: u32, is_alive_ms: u32): status
            = resource_type::create(cluster, name, display_name, library, looks_alive_ms, is_alive_ms);
        DeleteClusterResourceType(cluster: usize, name: *const U): status = resource_type::delete(cluster, name);
        ClusterResourceTypeControl(cluster: usize, name: *const U, host: usize, code: u32, input: *mut c_void,
            input_size: u32, output: *mut c_void, output_size: u32, returned: *mut u32): status
            = resource_type::control(cluster, name, host, code,
                buffers(input, input_size, output, output_size, returned));

        // With a reason for the journal, which goes before each call of it.
        SetClusterNameEx(cluster: usize, name: *const U, reason: *const U): status
            = because(reason, || cluster::rename(cluster, name));
        ClusterControlEx(cluster: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || cluster::control(cluster, host, code, buffers(input, input_size, output,
            output_size, returned)));
        ClusterNodeControlEx(node: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || object::control::<kind::Node>(node, host, code, buffers(input, input_size, output,
            output_size, returned)));
        SetClusterNetworkNameEx(network: usize, name: *const U, reason: *const U): status
            = because(reason, || network::rename(network, name));
        ClusterNetworkControlEx(network: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || object::control::<kind::Network>(network, host, code,
                buffers(input, input_size, output, output_size, returned)));
        ClusterNetInterfaceControlEx(interface: usize, host: usize, code: u32, input: *mut c_void,
            input_size: u32, output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || object::control::<kind::NetInterface>(interface, host, code,
                buffers(input, input_size, output, output_size, returned)));
        DeleteClusterGroupEx(group: usize, reason: *const U): status
            = because(reason, || group::delete(group));
        DestroyClusterGroupEx(group: usize, reason: *const U): status
            = because(reason, || group::destroy(group));
        SetClusterGroupNameEx(group: usize, name: *const U, reason: *const U): status
            = because(reason, || group::rename(group, name));
        OnlineClusterGroupEx2(group: usize, destination: usize, flags: u32, buffer: *mut u8, size: u32,
            reason: *const U): status
            = because(reason, || group::online_ex(group, destination, flags, buffer, size));
        OfflineClusterGroupEx2(group: usize, flags: u32, buffer: *mut u8, size: u32, reason: *const U): status
            = because(reason, || group::offline_ex(group, flags, buffer, size));
        MoveClusterGroupEx2(group: usize, destination: usize, flags: u32, buffer: *mut u8, size: u32,
            reason: *const U): status
            = because(reason, || group::move_to_ex(group, destination, flags, buffer, size));
        SetClusterGroupNodeListEx(group: usize, count: u32, nodes: *const usize, reason: *const U): status
            = because(reason, || group::set_node_list(group, count, nodes));
        ClusterGroupControlEx(group: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || object::control::<kind::Group>(group, host, code, buffers(input, input_size, output,
            output_size, returned)));
        CreateClusterResourceEx(group: usize, name: *const U, type_name: *const U, flags: u32,
            reason: *const U): handle
            = because(reason, || resource::create(group, name, type_name, flags));
        DeleteClusterResourceEx(resource: usize, reason: *const U): status
            = because(reason, || resource::delete(resource));
        SetClusterResourceNameEx(resource: usize, name: *const U, reason: *const U): status
            = because(reason, || resource::rename(resource, name));
        OnlineClusterResourceEx2(resource: usize, flags: u32, buffer: *mut u8, size: u32,
            reason: *const U): status
            = because(reason, || resource::online_ex(resource, flags, buffer, size));
        FailClusterResourceEx(resource: usize, reason: *const U): status
            = because(reason, || resource::fail(resource));
        RestartClusterResourceEx(resource: usize, flags: u32, reason: *const U): status
            = because(reason, || resource::restart(resource, flags));
        AddClusterResourceDependencyEx(resource: usize, provider: usize, reason: *const U): status
            = because(reason, || resource::add_dependency(resource, provider));
        RemoveClusterResourceDependencyEx(resource: usize, provider: usize, reason: *const U): status
            = because(reason, || resource::remove_dependency(resource, provider));
        AddClusterResourceNodeEx(resource: usize, node: usize, reason: *const U): status
            = because(reason, || resource::add_node(resource, node));
        RemoveClusterResourceNodeEx(resource: usize, node: usize, reason: *const U): status
            = because(reason, || resource::remove_node(resource, node));
        ClusterResourceControlEx(resource: usize, host: usize, code: u32, input: *mut c_void,
            input_size: u32, output: *mut c_void, output_size: u32, returned: *mut u32,
            reason: *const U): status
            = because(reason, || object::control::<kind::Resource>(resource, host, code, buffers(input, input_size, output,
            output_size, returned)));
        CreateClusterResourceTypeEx(cluster: usize, name: *const U, display_name: *const U,
            library: *const U, looks_alive_ms: u32, is_alive_ms: u32, reason: *const U): status
            = because(reason, || resource_type::create(cluster, name, display_name, library, looks_alive_ms,
            is_alive_ms));
        DeleteClusterResourceTypeEx(cluster: usize, name: *const U, reason: *const U): status
            = because(reason, || resource_type::delete(cluster, name));
        ClusterResourceTypeControlEx(cluster: usize, name: *const U, host: usize, code: u32,
            input: *mut c_void, input_size: u32, output: *mut c_void, output_size: u32, returned: *mut u32,
            reason: *const U): status
            = because(reason, || resource_type::control(cluster, name, host, code, buffers(input,
            input_size, output, output_size, returned)));
        DeleteClusterGroupSetEx(set: usize, reason: *const U): status
            = because(reason, || group_set::delete(set));
        ClusterRemoveGroupFromGroupSetEx(group: usize, reason: *const U): status
            = because(reason, || group_set::remove_group(group));
        ClusterGroupSetControlEx(set: usize, host: usize, code: u32, input: *mut c_void, input_size: u32,
            output: *mut c_void, output_size: u32, returned: *mut u32, reason: *const U): status
            = because(reason, || object::control::<kind::GroupSet>(set, host, code, buffers(input, input_size, output,
            output_size, returned)));
        AddClusterGroupDependencyEx(group: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::add_group_dependency(group, provider));
        SetGroupDependencyExpressionEx(group: usize, expression: *const U, reason: *const U): status
            = because(reason, || group_set::set_group_expression(group, expression));
        RemoveClusterGroupDependencyEx(group: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::remove_group_dependency(group, provider));
        AddClusterGroupSetDependencyEx(set: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::add_set_dependency(set, provider));
        SetClusterGroupSetDependencyExpressionEx(set: usize, expression: *const U, reason: *const U): status
            = because(reason, || group_set::set_set_expression(set, expression));
        RemoveClusterGroupSetDependencyEx(set: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::remove_set_dependency(set, provider));
        AddClusterGroupToGroupSetDependencyEx(group: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::add_group_to_set_dependency(group, provider));
        RemoveClusterGroupToGroupSetDependencyEx(group: usize, provider: usize, reason: *const U): status
            = because(reason, || group_set::remove_group_to_set_dependency(group, provider));

        GetClusterNotifyV2(port: usize, key: *mut usize, filter: *mut FilterAndType, buffer: *mut u8,
            buffer_size: *mut u32, object_id: *mut U, object_id_length: *mut u32, parent_id: *mut U,
            parent_id_length: *mut u32, name: *mut U, name_length: *mut u32, type_name: *mut U,
            type_name_length: *mut u32, milliseconds: u32): status
            = notify::next(port, &Places {
                key,
                filter,
                buffer,
                buffer_size,
                object_id: (object_id, object_id_length),
                parent_id: (parent_id, parent_id_length),
                name: (name, name_length),
                type_name: (type_name, type_name_length),
            }, milliseconds);

        ClusterRegOpenKey(key: usize, path: *const U, access: u32, result: *mut usize): status
            = registry::open_key(key, path, access, result);
        ClusterRegQueryValue(key: usize, name: *const U, kind: *mut u32, data: *mut u8, size: *mut u32): status
            = registry::query_value(key, name, kind, data, size);
        ClusterRegEnumValue(key: usize, index: u32, name: *mut U, length: *mut u32, kind: *mut u32,
            data: *mut u8, size: *mut u32): status
            = registry::enum_value(key, index, name, length, kind, data, size);
        ClusterRegEnumKey(key: usize, index: u32, name: *mut U, length: *mut u32, last_write: *mut u64): status
            = registry::enum_key(key, index, name, length, last_write);
    }
}
