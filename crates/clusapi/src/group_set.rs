//! Group sets, and the order in which groups start.

use mainstay_resutils::wide::Unit;

use crate::connection::same;
use crate::guard::Outcome;
use crate::memory;
use crate::object;
use crate::tables::tables;

/// CreateClusterGroupSet.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn create<U: Unit>(cluster: usize, name: *const U) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    let held = connection.hold(|cluster| cluster.create_group_set(&name))?;
    object::admit(held)
}

/// DeleteClusterGroupSet. The handle stays open.
pub(crate) fn delete(set: usize) -> Outcome<()> {
    let held = tables().group_sets.get(set)?;
    held.connection.with(|cluster| cluster.delete_group_set(&held.object))
}

/// ClusterAddGroupToGroupSet.
pub(crate) fn add_group(set: usize, group: usize) -> Outcome<()> {
    let (set, group) = (tables().group_sets.get(set)?, tables().groups.get(group)?);
    same(&set.connection, &group.connection)?;
    set.connection.with(|cluster| cluster.add_to_group_set(&set.object, &group.object))
}

/// ClusterRemoveGroupFromGroupSet.
pub(crate) fn remove_group(group: usize) -> Outcome<()> {
    let group = tables().groups.get(group)?;
    group.connection.with(|cluster| cluster.remove_from_group_set(&group.object))
}

/// AddClusterGroupDependency.
pub(crate) fn add_group_dependency(group: usize, provider: usize) -> Outcome<()> {
    let (group, provider) = (tables().groups.get(group)?, tables().groups.get(provider)?);
    same(&group.connection, &provider.connection)?;
    group.connection.with(|cluster| cluster.add_group_dependency(&group.object, &provider.object))
}

/// RemoveClusterGroupDependency.
pub(crate) fn remove_group_dependency(group: usize, provider: usize) -> Outcome<()> {
    let (group, provider) = (tables().groups.get(group)?, tables().groups.get(provider)?);
    same(&group.connection, &provider.connection)?;
    group.connection.with(|cluster| cluster.remove_group_dependency(&group.object, &provider.object))
}

/// SetGroupDependencyExpression; NULL ends all dependencies on groups.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn set_group_expression<U: Unit>(group: usize, expression: *const U) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    // SAFETY: the caller's promise is that of the function.
    let text = unsafe { expression_of(expression) }?;
    held.connection.with(|cluster| cluster.set_group_dependency_expression(&held.object, &text))
}

/// AddClusterGroupToGroupSetDependency.
pub(crate) fn add_group_to_set_dependency(group: usize, provider: usize) -> Outcome<()> {
    let (group, provider) = (tables().groups.get(group)?, tables().group_sets.get(provider)?);
    same(&group.connection, &provider.connection)?;
    group.connection.with(|cluster| cluster.add_group_to_set_dependency(&group.object, &provider.object))
}

/// RemoveClusterGroupToGroupSetDependency.
pub(crate) fn remove_group_to_set_dependency(group: usize, provider: usize) -> Outcome<()> {
    let (group, provider) = (tables().groups.get(group)?, tables().group_sets.get(provider)?);
    same(&group.connection, &provider.connection)?;
    group.connection.with(|cluster| cluster.remove_group_to_set_dependency(&group.object, &provider.object))
}

/// AddClusterGroupSetDependency.
pub(crate) fn add_set_dependency(set: usize, provider: usize) -> Outcome<()> {
    let (set, provider) = (tables().group_sets.get(set)?, tables().group_sets.get(provider)?);
    same(&set.connection, &provider.connection)?;
    set.connection.with(|cluster| cluster.add_set_dependency(&set.object, &provider.object))
}

/// RemoveClusterGroupSetDependency.
pub(crate) fn remove_set_dependency(set: usize, provider: usize) -> Outcome<()> {
    let (set, provider) = (tables().group_sets.get(set)?, tables().group_sets.get(provider)?);
    same(&set.connection, &provider.connection)?;
    set.connection.with(|cluster| cluster.remove_set_dependency(&set.object, &provider.object))
}

/// SetClusterGroupSetDependencyExpression; NULL ends all dependencies.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn set_set_expression<U: Unit>(set: usize, expression: *const U) -> Outcome<()> {
    let held = tables().group_sets.get(set)?;
    // SAFETY: the caller's promise is that of the function.
    let text = unsafe { expression_of(expression) }?;
    held.connection.with(|cluster| cluster.set_set_dependency_expression(&held.object, &text))
}

/// An expression; NULL is an empty one.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
unsafe fn expression_of<U: Unit>(expression: *const U) -> Outcome<String> {
    if expression.is_null() {
        return Ok(String::new());
    }
    // SAFETY: the caller's promise is that of the function.
    unsafe { memory::text(expression) }
}
