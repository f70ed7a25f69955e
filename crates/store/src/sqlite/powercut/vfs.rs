//! A SQLite VFS on top of the system's own, which notes what is done to files and can make it fail.
//!
//! The only unsafe code of the room, and only in tests: rusqlite has no safe way to make a VFS. Every file of it
//! is a [`NotingFile`] with the system's file right behind it in the same allocation, which SQLite owns.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::ffi::{
    self, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_CREATE, SQLITE_OPEN_MAIN_JOURNAL,
    SQLITE_OPEN_SUPER_JOURNAL, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
};

use super::disk::{History, Note, SharedHistory, name_of};

/// A registered VFS; dropped, it is gone. Every store on it must be closed before.
pub(super) struct NotingVfs {
    pub(super) name: String,
    vfs: *mut sqlite3_vfs,
    /// `vfs.zName` points into it.
    _c_name: CString,
    /// `vfs.pAppData` points to it.
    _shared: Box<Shared>,
}

struct Shared {
    history: SharedHistory,
    system: *mut sqlite3_vfs,
}

#[repr(C)]
struct NotingFile {
    base: sqlite3_file,
    shared: *const Shared,
    /// `None` for SQLite's nameless temporary files.
    inode: Option<usize>,
    /// The system's VFS syncs the directory with the first sync of a journal that it may have made
    /// (UNIXFILE_DIRSYNC in os_unix.c).
    sync_directory: bool,
}

impl NotingVfs {
    pub(super) fn register(history: SharedHistory) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("noting-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let c_name = CString::new(name.clone()).unwrap();
        // SAFETY: a null name asks for the default VFS, which lives as long as the process.
        let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        assert!(!system.is_null());
        let shared = Box::new(Shared { history, system });
        // SAFETY: `system` is a valid VFS; copying its table keeps those functions that ignore their VFS
        // argument, as all of os_unix.c but xOpen do.
        let mut vfs = unsafe { *system };
        vfs.iVersion = vfs.iVersion.min(2);
        vfs.szOsFile += size_of::<NotingFile>() as c_int;
        vfs.pNext = std::ptr::null_mut();
        vfs.zName = c_name.as_ptr();
        vfs.pAppData = (&raw const *shared).cast_mut().cast();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        let vfs = Box::into_raw(Box::new(vfs));
        // SAFETY: the VFS and all it points to live until `drop` takes it off SQLite's list.
        assert_eq!(unsafe { ffi::sqlite3_vfs_register(vfs, 0) }, SQLITE_OK);
        Self { name, vfs, _c_name: c_name, _shared: shared }
    }
}

impl Drop for NotingVfs {
    fn drop(&mut self) {
        // SAFETY: registered in `register`, from a box, and taken off here once.
        unsafe {
            ffi::sqlite3_vfs_unregister(self.vfs);
            drop(Box::from_raw(self.vfs));
        }
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // 2: shared memory, but no memory-mapped reading.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The system's file behind one of ours.
///
/// # Safety
/// `file` was opened by [`open`], so that szOsFile bytes of the system's VFS follow the NotingFile.
unsafe fn system_file(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the allocation has the size of both, and NotingFile's size keeps the alignment.
    unsafe { file.cast::<NotingFile>().add(1).cast() }
}

/// Calls a method of the system's file; a method that it does not have is a bug of the test.
macro_rules! system {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls with files that `open` made, and with arguments that are the system's to check.
        unsafe {
            let file = system_file($file);
            ((*(*file).pMethods).$method.unwrap())(file $(, $argument)*)
        }
    }};
}

/// # Safety
/// `file` was opened by [`open`].
unsafe fn noting<'a>(file: *mut sqlite3_file) -> (&'a mut NotingFile, &'a SharedHistory) {
    // SAFETY: `open` filled it in; SQLite uses a file from one thread at a time; the VFS outlives its files.
    unsafe {
        let file = &mut *file.cast::<NotingFile>();
        let shared = file.shared;
        (file, &(*shared).history)
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `vfs` is ours with its pAppData; `file` has szOsFile bytes, uninitialised, so it is written, not
    // assigned; `name` is null or what SQLite made for xOpen, and goes on as it is.
    unsafe {
        let shared = (*vfs).pAppData.cast::<Shared>().cast_const();
        let noting = NotingFile {
            base: sqlite3_file { pMethods: std::ptr::null() },
            shared,
            inode: None,
            sync_directory: false,
        };
        file.cast::<NotingFile>().write(noting);
        let system = (*shared).system;
        let result = ((*system).xOpen.unwrap())(system, name, system_file(file), flags, out_flags);
        if result != SQLITE_OK {
            return result;
        }
        (*file).pMethods = &raw const METHODS;
        if !name.is_null() {
            let noting = &mut *file.cast::<NotingFile>();
            noting.inode = Some((*shared).history.lock().open(&file_name(name)));
            let journal = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
            noting.sync_directory = flags & SQLITE_OPEN_CREATE != 0 && flags & journal != 0;
        }
        SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let shared = &*(*vfs).pAppData.cast::<Shared>();
        let result = ((*shared.system).xDelete.unwrap())(shared.system, name, sync_directory);
        if result == SQLITE_OK {
            let mut history = shared.history.lock();
            history.remove(&file_name(name));
            if sync_directory & 1 != 0 {
                history.notes.push(Note::SyncDirectory);
            }
        }
        result
    }
}

/// # Safety
/// `name` is a C string.
unsafe fn file_name(name: *const c_char) -> String {
    // SAFETY: the caller's.
    let name = unsafe { CStr::from_ptr(name) };
    name_of(Path::new(name.to_str().unwrap()))
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    system!(file, xClose)
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    at: sqlite3_int64,
) -> c_int {
    system!(file, xRead, to, amount, at)
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite's own file.
    let (noting, history) = unsafe { noting(file) };
    if let Some(inode) = noting.inode {
        if History::fails(&mut history.lock().fail_write_in) {
            return SQLITE_IOERR_WRITE;
        }
        // SAFETY: SQLite passes `amount` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), amount as usize) };
        history.lock().notes.push(Note::Write { inode, at: at as usize, bytes: bytes.to_vec() });
    }
    system!(file, xWrite, from, amount, at)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: SQLite's own file.
    let (noting, history) = unsafe { noting(file) };
    if let Some(inode) = noting.inode {
        history.lock().notes.push(Note::Truncate { inode, size: size as usize });
    }
    system!(file, xTruncate, size)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite's own file.
    let (noting, history) = unsafe { noting(file) };
    if let Some(inode) = noting.inode {
        let mut history = history.lock();
        if !history.sync(inode) {
            return SQLITE_IOERR_FSYNC;
        }
        if std::mem::take(&mut noting.sync_directory) {
            history.notes.push(Note::SyncDirectory);
        }
    }
    // The disk is the image; the real file need not be synced, which makes thousands of runs affordable.
    SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    system!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    system!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    system!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    system!(file, xCheckReservedLock, out)
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    system!(file, xFileControl, op, argument)
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    system!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    system!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    system!(file, xShmMap, page, size, extend, out)
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    system!(file, xShmLock, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    system!(file, xShmBarrier);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, remove: c_int) -> c_int {
    system!(file, xShmUnmap, remove)
}

/// The history that a VFS and the store's own file dealings share.
pub(super) fn shared(history: History) -> SharedHistory {
    Arc::new(parking_lot::Mutex::new(history))
}
