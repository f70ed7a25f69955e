//! Where a key is, and under which store key that is found.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::contract::KeyRange;

use super::error::RegistryError;
use super::fold::fold;

/// Segments of a path. The registry of Windows has 512; nothing here needs more than a few.
pub const PATH_DEPTH_MAX: usize = 32;
/// UTF-16 units of a key's name, as on Windows.
pub const SEGMENT_CHARS_MAX: usize = 255;
/// UTF-8 bytes of a whole path, so that it fits a store key with the name of a value.
pub const PATH_BYTES_MAX: usize = 4 * 1024;
/// UTF-16 units of a value's name. Windows has 16,383; folded and in UTF-8 these must fit a store key.
pub const VALUE_NAME_CHARS_MAX: usize = 1024;

const PREFIX: &str = "registry\\";
const SEPARATOR: char = '\\';

/// The range of the store that holds the registry, and nothing else.
pub fn registry_range() -> KeyRange {
    KeyRange::prefix(PREFIX)
}

/// The path of a key from the registry's root. Compares without regard to case, shows itself as given.
#[derive(Clone, Debug, Default)]
pub struct KeyPath {
    /// Segments joined by backslashes; empty for the root.
    shown: String,
    folded: String,
}

impl KeyPath {
    /// The root key.
    pub fn root() -> Self {
        Self::default()
    }

    /// Parses a path as programs write it, `Resources\<id>\Parameters`; the empty string is the root.
    pub fn parse(path: &str) -> Result<Self, RegistryError> {
        Self::root().join(path)
    }

    /// The key at `path` relative to this one; the empty string is this one itself.
    pub fn join(&self, path: &str) -> Result<Self, RegistryError> {
        if path.is_empty() {
            return Ok(self.clone());
        }
        // Bounded before it is taken apart.
        if path.len() > PATH_BYTES_MAX {
            return Err(RegistryError::PathTooLong { bytes: path.len(), max: PATH_BYTES_MAX });
        }
        let mut joined = self.clone();
        for segment in path.split(SEPARATOR) {
            if segment.is_empty() {
                return Err(RegistryError::EmptySegment { path: path.to_owned() });
            }
            joined.push(segment)?;
        }
        let depth = joined.depth();
        if depth > PATH_DEPTH_MAX {
            return Err(RegistryError::PathTooDeep { depth, max: PATH_DEPTH_MAX });
        }
        let bytes = joined.folded.len().max(joined.shown.len());
        if bytes > PATH_BYTES_MAX {
            return Err(RegistryError::PathTooLong { bytes, max: PATH_BYTES_MAX });
        }
        Ok(joined)
    }

    /// The key above; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let above =
            |joined: &str| joined.rfind(SEPARATOR).map_or(String::new(), |at| joined[..at].to_owned());
        Some(Self { shown: above(&self.shown), folded: above(&self.folded) })
    }

    /// The last segment as given; empty for the root.
    pub fn name(&self) -> &str {
        self.shown.rsplit(SEPARATOR).next().unwrap_or_default()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.folded.is_empty()
    }

    /// How many segments it has.
    pub fn depth(&self) -> usize {
        self.folded_segments().count()
    }

    /// The segments as given, from the root down.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.shown.split(SEPARATOR).filter(|segment| !segment.is_empty())
    }

    /// Whether `other` is this key or one below it.
    pub fn contains(&self, other: &KeyPath) -> bool {
        match other.folded.strip_prefix(&self.folded) {
            Some(rest) => self.is_root() || rest.is_empty() || rest.starts_with(SEPARATOR),
            None => false,
        }
    }

    /// The store key of the key's own record.
    pub fn record_key(&self) -> Vec<u8> {
        let mut key = String::with_capacity(PREFIX.len() + self.folded.len() + 1);
        key.push_str(PREFIX);
        if !self.is_root() {
            key.push_str(&self.folded);
            key.push(SEPARATOR);
        }
        key.into_bytes()
    }

    /// The store key of one of its values; the empty name is the key's default value.
    pub fn value_key(&self, name: &str) -> Result<Vec<u8>, RegistryError> {
        check_name("value name", name, VALUE_NAME_CHARS_MAX)?;
        let mut key = self.record_key();
        key.push(SEPARATOR as u8);
        key.extend_from_slice(fold(name).as_bytes());
        Ok(key)
    }

    /// The range of the store that holds the key, its values and everything below it.
    pub fn subtree_range(&self) -> KeyRange {
        KeyRange::prefix(self.record_key())
    }

    pub(super) fn folded_segments(&self) -> impl Iterator<Item = &str> {
        self.folded.split(SEPARATOR).filter(|segment| !segment.is_empty())
    }

    fn push(&mut self, segment: &str) -> Result<(), RegistryError> {
        check_name("key name", segment, SEGMENT_CHARS_MAX)?;
        if !self.is_root() {
            self.shown.push(SEPARATOR);
            self.folded.push(SEPARATOR);
        }
        self.shown.push_str(segment);
        self.folded.push_str(&fold(segment));
        Ok(())
    }
}

/// A NUL ends a string for every program on the other side, so no name has one.
fn check_name(what: &'static str, name: &str, max: usize) -> Result<(), RegistryError> {
    let chars = name.encode_utf16().count();
    if chars > max {
        return Err(RegistryError::NameTooLong { what, chars, max });
    }
    match name.find('\0') {
        Some(_) => Err(RegistryError::BadCharacter { name: name.to_owned(), character: '\0' }),
        None => Ok(()),
    }
}

impl PartialEq for KeyPath {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for KeyPath {}

impl PartialOrd for KeyPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded_segments().cmp(other.folded_segments())
    }
}

impl Hash for KeyPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// What a store key under the registry's prefix belongs to, names folded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The key's folded segments joined by backslashes; empty for the root.
    pub(super) path: &'a str,
    /// The folded name of the value, `None` for the key's own record.
    pub(super) value: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// `Ok(None)` if the key is not of the registry at all.
    pub(super) fn parse(key: &'a [u8]) -> Result<Option<Self>, RegistryError> {
        let Some(rest) = key.strip_prefix(PREFIX.as_bytes()) else { return Ok(None) };
        let damaged = |reason: &str| RegistryError::Damaged {
            key: String::from_utf8_lossy(key).into_owned(),
            reason: reason.to_owned(),
        };
        let rest = std::str::from_utf8(rest).map_err(|_| damaged("its name is not UTF-8"))?;
        let (path, value) = if rest.is_empty() {
            ("", None)
        } else if let Some(name) = rest.strip_prefix(SEPARATOR) {
            ("", Some(name))
        } else if let Some((path, name)) = rest.split_once("\\\\") {
            (path, Some(name))
        } else {
            (rest.strip_suffix(SEPARATOR).ok_or_else(|| damaged("its name does not end in \\"))?, None)
        };
        if path.split(SEPARATOR).count() > PATH_DEPTH_MAX {
            return Err(damaged("it lies too deep"));
        }
        Ok(Some(Self { path, value }))
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.split(SEPARATOR).filter(|segment| !segment.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed_or_refused() {
        let long = "x".repeat(SEGMENT_CHARS_MAX + 1);
        let deep = vec!["a"; PATH_DEPTH_MAX + 1].join("\\");
        let wide = vec!["ä".repeat(250); 20].join("\\");
        // The fold of Ⱥ has three bytes, itself two.
        let grows = vec!["Ⱥ".repeat(255); 6].join("\\");
        let cases: [(&str, Result<usize, &str>); 12] = [
            ("", Ok(0)),
            ("Resources", Ok(1)),
            (r"Resources\8f6b\Parameters", Ok(3)),
            (r"with / and : and blank \x", Ok(2)),
            (r"\Resources", Err("empty segment")),
            (r"Resources\", Err("empty segment")),
            (r"Resources\\x", Err("empty segment")),
            ("a\0b", Err("cannot have")),
            (&long, Err("256 characters")),
            (&deep, Err("33 segments")),
            (&wide, Err("bytes")),
            (&grows, Err("bytes")),
        ];
        for (path, expected) in cases {
            match (KeyPath::parse(path), expected) {
                (Ok(parsed), Ok(depth)) => {
                    assert_eq!((parsed.depth(), parsed.to_string()), (depth, path.to_owned()));
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{path:?}: {error}"),
                (result, _) => panic!("{path:?}: {result:?}"),
            }
        }
    }

    #[test]
    fn store_keys_find_their_place_again() {
        for (path, value) in [
            ("", None),
            ("", Some("")),
            ("", Some("Name")),
            ("Groups", None),
            (r"Resources\X Y", None),
            (r"Resources\X", Some("")),
            (r"Resources\X", Some(r"\back\\slash\")),
        ] {
            let parsed = KeyPath::parse(path).unwrap();
            let key = value.map_or(parsed.record_key(), |name| parsed.value_key(name).unwrap());
            let place = Place::parse(&key).unwrap().unwrap();
            assert_eq!(place.path, fold(path));
            assert_eq!(place.value.map(str::to_owned), value.map(fold));
            assert!(parsed.subtree_range().contains(&key) && registry_range().contains(&key));
        }
        assert_eq!(Place::parse(b"own/x").unwrap(), None);
        assert!(Place::parse(b"registry\\no-end").is_err());
        assert!(Place::parse(b"registry\\\xff\\").is_err());
    }

    #[test]
    fn a_subtree_is_its_own_and_not_its_neighbours() {
        let key = KeyPath::parse(r"Resources\X").unwrap();
        for (other, inside) in
            [(r"resources\x", true), (r"Resources\X\P", true), (r"Resources\XY", false), ("Resources", false)]
        {
            let other = KeyPath::parse(other).unwrap();
            assert_eq!(key.contains(&other), inside, "{other}");
            assert_eq!(key.subtree_range().contains(&other.record_key()), inside, "{other}");
        }
        assert!(KeyPath::root().contains(&key));
        assert_eq!(key.parent().and_then(|above| above.parent()), Some(KeyPath::root()));
        assert_eq!(KeyPath::root().parent(), None);
        assert_eq!(key.name(), "X");
    }
}
