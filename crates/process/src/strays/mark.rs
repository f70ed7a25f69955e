//! What a resource's program has in its environment, so that it is known wherever it goes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use mainstay_types::{ClusterId, ResourceId};

const CLUSTER: &str = "MAINSTAY_CLUSTER";
const RESOURCE: &str = "MAINSTAY_RESOURCE";
const CGROUP: &str = "MAINSTAY_CGROUP";

/// Whose a process is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The cluster.
    pub cluster: ClusterId,
    /// The resource.
    pub resource: ResourceId,
    /// The leaf in which its program was started.
    pub leaf: PathBuf,
}

impl Mark {
    /// The names of the variables, which no program's environment may have otherwise.
    pub const NAMES: [&str; 3] = [CLUSTER, RESOURCE, CGROUP];

    /// The variables.
    pub fn variables(&self) -> [(OsString, OsString); 3] {
        [
            (CLUSTER.into(), self.cluster.to_string().into()),
            (RESOURCE.into(), self.resource.to_string().into()),
            (CGROUP.into(), self.leaf.clone().into()),
        ]
    }

    /// The mark in an environment as the kernel gives it: each variable ends with a zero. Of a variable that is there
    /// twice the first counts, as it does for programs.
    pub fn parse(environment: &[u8]) -> Option<Self> {
        let (mut cluster, mut resource, mut leaf) = (None, None, None);
        for variable in environment.split(|byte| *byte == 0) {
            // Nearly every variable is none of these.
            let Some(rest) = variable.strip_prefix(b"MAINSTAY_") else { continue };
            let Some(at) = rest.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (&variable[..variable.len() - rest.len() + at], &rest[at + 1..]);
            let slot = match std::str::from_utf8(name) {
                Ok(CLUSTER) => &mut cluster,
                Ok(RESOURCE) => &mut resource,
                Ok(CGROUP) => &mut leaf,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        Some(Mark {
            cluster: std::str::from_utf8(cluster?).ok()?.parse().ok()?,
            resource: std::str::from_utf8(resource?).ok()?.parse().ok()?,
            leaf: leaf.map(|path| OsStr::from_bytes(path).into()).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    const TWO: &str = "1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

    #[test]
    fn a_mark_is_read_as_it_is_written_and_from_nothing_less() {
        let mark =
            Mark { cluster: ONE.parse().unwrap(), resource: TWO.parse().unwrap(), leaf: "/c d/e".into() };
        let mut environment = b"PATH=/bin\0".to_vec();
        for (name, value) in mark.variables() {
            assert!(Mark::NAMES.contains(&name.to_str().unwrap()));
            assert_eq!(Mark::parse(&environment).is_some(), name == CGROUP, "the others are needed");
            environment.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
        }
        assert_eq!(Mark::parse(&environment), Some(mark.clone()));
        environment.extend(format!("MAINSTAY_RESOURCE={ONE}\0").as_bytes());
        assert_eq!(Mark::parse(&environment), Some(mark), "the first counts");
        for text in [
            "",
            "MAINSTAY_RESOURCE",
            "MAINSTAY_=",
            &format!("MAINSTAY_RESOURCE={TWO}\0MAINSTAY_CGROUP=/c\0"),
            &format!("MAINSTAY_CLUSTER={ONE}\0MAINSTAY_RESOURCE=x\0"),
            &format!("MAINSTAY_CLUSTER={ONE}\0XMAINSTAY_RESOURCE={TWO}\0"),
        ] {
            assert_eq!(Mark::parse(text.as_bytes()), None, "{text:?}");
        }
        let without_leaf = format!("MAINSTAY_CLUSTER={ONE}\0MAINSTAY_RESOURCE={TWO}");
        assert_eq!(Mark::parse(without_leaf.as_bytes()).unwrap().leaf, PathBuf::new());
    }
}
