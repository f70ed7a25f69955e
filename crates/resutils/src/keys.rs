//! The registry keys that a library has open: views into the copy that came with Open.
//!
//! A [`RootKey`] stands for one resource's copy. A change of properties replaces the copy; keys that are open see
//! the new values, and a key that is no longer in it answers ERROR_KEY_DELETED.

use std::sync::Arc;

use mainstay_types::Status;
use mainstay_types::order::RegistryCopy;
use parking_lot::RwLock;

use crate::handle::HandleTable;

/// How many keys the libraries of one host may have open; a library that leaks them finds out here.
pub const KEYS_OPEN_MAX: usize = 65_536;

/// How deep a key may lie below its root.
pub const DEPTH_MAX: usize = 64;

const KIND: u8 = 0x4B;

static KEYS: HandleTable<OpenKey> = HandleTable::new(KIND, KEYS_OPEN_MAX);

/// An HKEY as C code holds it.
pub type KeyHandle = usize;

#[derive(Clone)]
struct OpenKey {
    root: Arc<Root>,
    path: Arc<[String]>,
}

struct Root {
    copy: RwLock<Arc<RegistryCopy>>,
}

/// One resource's registry key. Its handle, and every key that was opened below it, ends with it.
pub struct RootKey {
    root: Arc<Root>,
    handle: KeyHandle,
}

impl RootKey {
    /// Opens a copy.
    ///
    /// # Errors
    /// ERROR_NOT_ENOUGH_MEMORY when [`KEYS_OPEN_MAX`] keys are open.
    pub fn open(copy: RegistryCopy) -> Result<Self, Status> {
        let root = Arc::new(Root { copy: RwLock::new(Arc::new(copy)) });
        let key = OpenKey { root: root.clone(), path: Arc::new([]) };
        let handle = KEYS.insert(key).ok_or(Status::NOT_ENOUGH_MEMORY)?;
        Ok(RootKey { root, handle })
    }

    /// What the library is given.
    pub fn handle(&self) -> KeyHandle {
        self.handle
    }

    /// The properties have changed.
    pub fn replace(&self, copy: RegistryCopy) {
        *self.root.copy.write() = Arc::new(copy);
    }
}

impl Drop for RootKey {
    fn drop(&mut self) {
        KEYS.remove_where(|key| Arc::ptr_eq(&key.root, &self.root));
    }
}

/// Opens the key at `path` below an open key; an empty path opens the same key once more.
///
/// # Errors
/// ERROR_INVALID_HANDLE, ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER for a path that is too deep,
/// ERROR_NOT_ENOUGH_MEMORY.
pub fn open_below(handle: KeyHandle, path: &str) -> Result<KeyHandle, Status> {
    let key = KEYS.get(handle).ok_or(Status::INVALID_HANDLE)?;
    let copy = key.root.copy.read().clone();
    let mut place = walk(&copy, &key.path).ok_or(Status::KEY_DELETED)?;
    let mut whole = key.path.to_vec();
    for name in path.split('\\').filter(|name| !name.is_empty()) {
        place = place.key(name).ok_or(Status::FILE_NOT_FOUND)?;
        whole.push(name.to_owned());
    }
    if whole.len() > DEPTH_MAX {
        return Err(Status::INVALID_PARAMETER);
    }
    KEYS.insert(OpenKey { root: key.root, path: whole.into() }).ok_or(Status::NOT_ENOUGH_MEMORY)
}

/// Looks at an open key.
///
/// # Errors
/// ERROR_INVALID_HANDLE, ERROR_KEY_DELETED, and what `look` answers.
pub fn with_key<T>(
    handle: KeyHandle,
    look: impl FnOnce(&RegistryCopy) -> Result<T, Status>,
) -> Result<T, Status> {
    let key = KEYS.get(handle).ok_or(Status::INVALID_HANDLE)?;
    let copy = key.root.copy.read().clone();
    look(walk(&copy, &key.path).ok_or(Status::KEY_DELETED)?)
}

/// Closes an open key.
///
/// # Errors
/// ERROR_INVALID_HANDLE.
pub fn close(handle: KeyHandle) -> Result<(), Status> {
    KEYS.remove(handle).map(drop).ok_or(Status::INVALID_HANDLE)
}

fn walk<'a>(copy: &'a RegistryCopy, path: &[String]) -> Option<&'a RegistryCopy> {
    path.iter().try_fold(copy, |place, name| place.key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(names: &[&str]) -> RegistryCopy {
        match names {
            [] => RegistryCopy::default(),
            [first, rest @ ..] => {
                RegistryCopy { values: Vec::new(), keys: vec![((*first).to_owned(), nested(rest))] }
            }
        }
    }

    #[test]
    fn keys_end_with_their_root() {
        let root = RootKey::open(nested(&["Parameters", "Deep"])).unwrap();
        let key = open_below(root.handle(), "parameters\\DEEP").unwrap();
        assert_eq!(with_key(key, |_| Ok(())), Ok(()));
        let handle = root.handle();
        drop(root);
        assert_eq!(with_key(key, |_| Ok(())), Err(Status::INVALID_HANDLE));
        assert_eq!(close(handle), Err(Status::INVALID_HANDLE));
    }

    #[test]
    fn an_open_key_sees_the_new_copy_and_knows_when_it_is_gone() {
        let root = RootKey::open(nested(&["Parameters"])).unwrap();
        let key = open_below(root.handle(), "Parameters").unwrap();
        root.replace(nested(&["Parameters", "More"]));
        assert_eq!(with_key(key, |copy| Ok(copy.keys.len())), Ok(1));
        root.replace(RegistryCopy::default());
        assert_eq!(with_key(key, |_| Ok(())), Err(Status::KEY_DELETED));
        assert_eq!(open_below(key, ""), Err(Status::KEY_DELETED));
        assert_eq!(close(key), Ok(()));
        assert_eq!(close(key), Err(Status::INVALID_HANDLE));
    }

    #[test]
    fn paths_that_lead_nowhere() {
        let root = RootKey::open(nested(&["a"; DEPTH_MAX + 1])).unwrap();
        assert_eq!(open_below(root.handle(), "b"), Err(Status::FILE_NOT_FOUND));
        assert_eq!(open_below(root.handle(), "a\\b"), Err(Status::FILE_NOT_FOUND));
        let deepest = vec!["a"; DEPTH_MAX + 1].join("\\");
        assert_eq!(open_below(root.handle(), &deepest), Err(Status::INVALID_PARAMETER));
        assert_eq!(open_below(0, "a"), Err(Status::INVALID_HANDLE));
    }
}
