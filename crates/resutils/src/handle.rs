//! Handles that C code holds: numbers that are checked, never addresses that are followed.
//!
//! A handle names a slot, the slot's generation and the kind of table it came from. A closed handle, one of another
//! kind and a made-up one are all told apart from an open one, so each is an error and none a crash.

use parking_lot::Mutex;

const _: () = assert!(usize::BITS >= 64, "a handle packs slot, kind and generation into 64 bits");

const KIND_SHIFT: u32 = 32;
const GENERATION_SHIFT: u32 = 40;

/// A slot whose generation has come this far is not used again, so no handle ever comes back to life.
const GENERATION_MAX: u32 = (1 << 24) - 1;

/// A table of things that C code holds by handle.
pub struct HandleTable<T> {
    kind: u8,
    open_max: usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    held: Option<T>,
}

impl<T: Clone> HandleTable<T> {
    /// A table whose handles carry `kind`, with at most `open_max` handles open at a time.
    pub const fn new(kind: u8, open_max: usize) -> Self {
        HandleTable { kind, open_max, inner: Mutex::new(Inner { slots: Vec::new(), free: Vec::new() }) }
    }

    /// A new handle, never 0; `None` when too many are open.
    pub fn insert(&self, held: T) -> Option<usize> {
        let mut inner = self.inner.lock();
        if inner.slots.len() - inner.free.len() >= self.open_max {
            return None;
        }
        let index = match inner.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(inner.slots.len()).ok().filter(|&index| index < u32::MAX)?;
                inner.slots.push(Slot { generation: 1, held: None });
                index
            }
        };
        let slot = &mut inner.slots[index as usize];
        slot.held = Some(held);
        Some(self.handle(index, slot.generation))
    }

    /// What the handle names.
    pub fn get(&self, handle: usize) -> Option<T> {
        let (index, generation) = self.place(handle)?;
        let inner = self.inner.lock();
        let slot = inner.slots.get(index as usize).filter(|slot| slot.generation == generation)?;
        slot.held.clone()
    }

    /// Closes the handle and gives back what it named.
    pub fn remove(&self, handle: usize) -> Option<T> {
        let (index, generation) = self.place(handle)?;
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let slot = inner.slots.get_mut(index as usize).filter(|slot| slot.generation == generation)?;
        let held = slot.held.take()?;
        release(slot, index, &mut inner.free);
        Some(held)
    }

    /// Closes every handle that names something of which `condition` is true.
    pub fn remove_where(&self, condition: impl Fn(&T) -> bool) {
        let mut removed = Vec::new();
        {
            let mut inner = self.inner.lock();
            let inner = &mut *inner;
            for (index, slot) in (0..).zip(&mut inner.slots) {
                if let Some(held) = slot.held.take_if(|held| condition(held)) {
                    release(slot, index, &mut inner.free);
                    removed.push(held);
                }
            }
        }
        // Dropped without the lock: what a thing does when it ends may look at the table.
        drop(removed);
    }

    fn handle(&self, index: u32, generation: u32) -> usize {
        (generation as usize) << GENERATION_SHIFT
            | usize::from(self.kind) << KIND_SHIFT
            | (index as usize + 1)
    }

    fn place(&self, handle: usize) -> Option<(u32, u32)> {
        if (handle >> KIND_SHIFT) & 0xFF != usize::from(self.kind) {
            return None;
        }
        let index = u32::try_from(handle & 0xFFFF_FFFF).ok()?.checked_sub(1)?;
        Some((index, u32::try_from(handle >> GENERATION_SHIFT).ok()?))
    }
}

fn release<T>(slot: &mut Slot<T>, index: u32, free: &mut Vec<u32>) {
    slot.generation += 1;
    if slot.generation < GENERATION_MAX {
        free.push(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_handle_stays_closed_when_its_slot_is_used_again() {
        let table = HandleTable::new(7, 10);
        let first = table.insert("first").unwrap();
        assert_eq!(table.get(first), Some("first"));
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second").unwrap();
        assert_ne!(first, second);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some("second"));
    }

    #[test]
    fn strange_handles_name_nothing() {
        let table = HandleTable::new(7, 10);
        let other = HandleTable::new(8, 10);
        let handle = table.insert(()).unwrap();
        let strange =
            [0, 1, usize::MAX, handle + 1, handle ^ (1 << GENERATION_SHIFT), other.insert(()).unwrap()];
        for handle in strange {
            assert_eq!(table.get(handle), None, "{handle:#x}");
            assert_eq!(table.remove(handle), None, "{handle:#x}");
        }
    }

    #[test]
    fn a_full_table_says_so_and_has_room_again_after_a_close() {
        let table = HandleTable::new(1, 2);
        let first = table.insert(1).unwrap();
        table.insert(2).unwrap();
        assert_eq!(table.insert(3), None);
        table.remove(first);
        assert!(table.insert(3).is_some());
    }

    #[test]
    fn handles_are_closed_by_what_they_name() {
        let table = HandleTable::new(1, 10);
        let handles: Vec<_> = (0..6).map(|number| table.insert(number).unwrap()).collect();
        table.remove_where(|number| number % 2 == 0);
        let left: Vec<_> = handles.iter().filter_map(|&handle| table.get(handle)).collect();
        assert_eq!(left, [1, 3, 5]);
    }
}
