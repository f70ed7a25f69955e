//! Where things are in the cluster's cgroup tree. Guard and hosts must agree on it, so it is said once.
//!
//! ```text
//!   <root>/cluster-<id>                   empty; says whose the tree is; locked by its guard
//!   <root>/service                        empty; locked by its service
//!   <root>/guard                          the guard itself; never frozen
//!   <root>/pool                           the pool host itself; never frozen
//!   <root>/group-<gid>/                   a group's slice
//!   <root>/group-<gid>/resource-<rid>/    a resource's leaf
//! ```

use std::path::{Path, PathBuf};

use mainstay_types::{ClusterId, GroupId, ResourceId};

/// Says whose the tree is.
pub fn owner(root: &Path, cluster: ClusterId) -> PathBuf {
    root.join(format!("cluster-{cluster}"))
}

/// The cluster that has this directory name.
pub fn parse_owner(name: &str) -> Option<ClusterId> {
    name.strip_prefix("cluster-")?.parse().ok()
}

/// What the service locks.
pub fn service(root: &Path) -> PathBuf {
    root.join("service")
}

/// Where the guard lives.
pub fn guard(root: &Path) -> PathBuf {
    root.join("guard")
}

/// Where the pool host lives.
pub fn pool(root: &Path) -> PathBuf {
    root.join("pool")
}

/// A group's slice.
pub fn group(root: &Path, group: GroupId) -> PathBuf {
    root.join(format!("group-{group}"))
}

/// A resource's leaf.
pub fn resource(root: &Path, in_group: GroupId, resource: ResourceId) -> PathBuf {
    group(root, in_group).join(format!("resource-{resource}"))
}

/// The root of the tree in which a resource's leaf, or a place below it, is. `None`: it is no leaf.
pub fn root_of(leaf: &Path) -> Option<&Path> {
    let is_slice = |path: &&Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| parse_group(name).is_some())
    };
    leaf.ancestors().find(is_slice)?.parent()
}

/// The group whose slice has this directory name.
pub fn parse_group(name: &str) -> Option<GroupId> {
    name.strip_prefix("group-")?.parse().ok()
}

/// The resource whose leaf has this directory name.
pub fn parse_resource(name: &str) -> Option<ResourceId> {
    name.strip_prefix("resource-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_made() {
        let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let (in_group, of): (GroupId, ResourceId) = (id.parse().unwrap(), id.parse().unwrap());
        let path = resource(Path::new("/r"), in_group, of);
        assert_eq!(path, Path::new(&format!("/r/group-{id}/resource-{id}")));
        assert_eq!(parse_group(&format!("group-{id}")), Some(in_group));
        assert_eq!(parse_resource(&format!("resource-{id}")), Some(of));
        assert_eq!(root_of(&path), Some(Path::new("/r")));
        assert_eq!(root_of(&path.join("work")), Some(Path::new("/r")));
        assert_eq!(root_of(Path::new("/r/pool")), None);
        for other in ["guard", "pool", "service", "group-", "group-x", ""] {
            assert_eq!(parse_group(other), None, "{other}");
        }
    }
}
