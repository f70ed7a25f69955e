//! LocalAlloc and LocalFree: memory that one side of the C border allocates and the other frees.
//!
//! What was given out is remembered, so that freeing twice, or freeing what was never given out, is an error.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::LazyLock;

use mainstay_types::Status;
use parking_lot::Mutex;

use crate::win32::set_last_error;

/// LMEM_ZEROINIT: the memory is zeroed.
pub const ZEROINIT: u32 = 0x40;

static GIVEN_OUT: LazyLock<Mutex<HashMap<usize, Allocation>>> = LazyLock::new(Mutex::default);

/// What malloc or calloc gave, until it is freed.
struct Allocation(*mut c_void);

// SAFETY: malloc's memory may be freed on any thread.
unsafe impl Send for Allocation {}

/// LocalAlloc: memory for any type; null with ERROR_NOT_ENOUGH_MEMORY as last error when there is none.
pub fn local_alloc(flags: u32, size: usize) -> *mut c_void {
    // An allocation of nothing has an address of its own too.
    let size = size.max(1);
    // SAFETY: malloc and calloc may be called with any size.
    let memory = unsafe { if flags & ZEROINIT != 0 { libc::calloc(1, size) } else { libc::malloc(size) } };
    if memory.is_null() {
        set_last_error(Status::NOT_ENOUGH_MEMORY);
    } else {
        GIVEN_OUT.lock().insert(memory as usize, Allocation(memory));
    }
    memory
}

/// LocalFree: null when it has freed, and for null; else the pointer again, with ERROR_INVALID_HANDLE as last error.
pub fn local_free(memory: *mut c_void) -> *mut c_void {
    if memory.is_null() {
        return memory;
    }
    let Some(Allocation(given_out)) = GIVEN_OUT.lock().remove(&(memory as usize)) else {
        set_last_error(Status::INVALID_HANDLE);
        return memory;
    };
    // SAFETY: it came from malloc or calloc above; taking it out of the table makes sure that it is freed once.
    unsafe { libc::free(given_out) };
    std::ptr::null_mut()
}

/// A copy of these bytes in memory of [`local_alloc`].
///
/// # Errors
/// ERROR_NOT_ENOUGH_MEMORY.
pub fn local_copy(bytes: &[u8]) -> Result<*mut c_void, Status> {
    let memory = local_alloc(0, bytes.len());
    if memory.is_null() {
        return Err(Status::NOT_ENOUGH_MEMORY);
    }
    // SAFETY: the memory is new and has room for the bytes.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.cast::<u8>(), bytes.len()) };
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::win32::last_error;

    #[test]
    fn memory_is_freed_once() {
        let memory = local_alloc(ZEROINIT, 16);
        // SAFETY: 16 bytes were allocated, and zeroed.
        assert_eq!(unsafe { std::slice::from_raw_parts(memory.cast::<u8>(), 16) }, [0; 16]);
        assert!(local_free(memory).is_null());
        set_last_error(Status::SUCCESS);
        assert_eq!(local_free(memory), memory);
        assert_eq!(last_error(), Status::INVALID_HANDLE);
    }

    #[test]
    fn strange_pointers_are_not_freed() {
        let mut local = 0_u64;
        let strange = std::ptr::from_mut(&mut local).cast::<c_void>();
        assert_eq!(local_free(strange), strange);
        assert!(local_free(std::ptr::null_mut()).is_null());
        assert!(local_alloc(0, usize::MAX).is_null());
        assert_eq!(last_error(), Status::NOT_ENOUGH_MEMORY);
    }
}
