//! The C symbols. A crate that is to export them writes [`export_win32!`](crate::export_win32) or
//! [`export_resutils!`](crate::export_resutils) once; nothing is exported by linking this crate alone.
//!
//! Every export catches unwinding.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay_types::Status;

/// The number of a call's end. A panic inside becomes ERROR_EXCEPTION_IN_RESOURCE_CALL.
pub fn answer(call: impl FnOnce() -> Result<(), Status>) -> u32 {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => Status::SUCCESS.0,
        Ok(Err(status)) => status.0,
        Err(_) => Status::EXCEPTION_IN_RESOURCE_CALL.0,
    }
}

/// Defines GetLastError, SetLastError, Sleep, LocalAlloc and LocalFree, and `WIN32_SYMBOLS`, a table of them that
/// keeps them in a program when it is referenced.
#[macro_export]
macro_rules! export_win32 {
    () => {
        /// GetLastError.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn GetLastError() -> u32 {
            $crate::win32::last_error().0
        }

        /// SetLastError.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn SetLastError(code: u32) {
            $crate::win32::set_last_error($crate::Status(code));
        }

        /// Sleep.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn Sleep(milliseconds: u32) {
            $crate::win32::sleep(milliseconds);
        }

        /// LocalAlloc.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn LocalAlloc(flags: u32, size: usize) -> *mut ::std::ffi::c_void {
            $crate::memory::local_alloc(flags, size)
        }

        /// LocalFree.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn LocalFree(memory: *mut ::std::ffi::c_void) -> *mut ::std::ffi::c_void {
            $crate::memory::local_free(memory)
        }

        /// The addresses of these functions; whoever refers to the table keeps them.
        pub static WIN32_SYMBOLS: [$crate::exports::Symbol; 5] = [
            $crate::exports::Symbol(GetLastError as *const ()),
            $crate::exports::Symbol(SetLastError as *const ()),
            $crate::exports::Symbol(Sleep as *const ()),
            $crate::exports::Symbol(LocalAlloc as *const ()),
            $crate::exports::Symbol(LocalFree as *const ()),
        ];
    };
}

/// Defines the registry functions and the ResUtil find functions in both widths, and `RESUTILS_SYMBOLS`, a table of
/// them that keeps them in a program when it is referenced.
#[macro_export]
macro_rules! export_resutils {
    () => {
        $crate::export_wide! {
            RESUTILS_SYMBOLS;
            ClusterRegOpenKey, ClusterRegOpenKey_w4
                = registry::open_key(key: usize, path: *const U, access: u32, result: *mut usize);
            ClusterRegQueryValue, ClusterRegQueryValue_w4
                = registry::query_value(key: usize, name: *const U, kind: *mut u32, data: *mut u8, size: *mut u32);
            ClusterRegEnumValue, ClusterRegEnumValue_w4
                = registry::enum_value(key: usize, index: u32, name: *mut U, length: *mut u32, kind: *mut u32,
                    data: *mut u8, size: *mut u32);
            ClusterRegEnumKey, ClusterRegEnumKey_w4
                = registry::enum_key(key: usize, index: u32, name: *mut U, length: *mut u32, last_write: *mut u64);
            ResUtilFindDwordProperty, ResUtilFindDwordProperty_w4
                = find::dword(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut u32);
            ResUtilFindLongProperty, ResUtilFindLongProperty_w4
                = find::long(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut i32);
            ResUtilFindULargeIntegerProperty, ResUtilFindULargeIntegerProperty_w4
                = find::ularge(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut u64);
            ResUtilFindSzProperty, ResUtilFindSzProperty_w4
                = find::sz(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut *mut U);
            ResUtilFindExpandSzProperty, ResUtilFindExpandSzProperty_w4
                = find::expand_sz(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut *mut U);
            ResUtilFindMultiSzProperty, ResUtilFindMultiSzProperty_w4
                = find::multi_sz(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut *mut U,
                    value_size: *mut u32);
            ResUtilFindBinaryProperty, ResUtilFindBinaryProperty_w4
                = find::binary(list: *const ::std::ffi::c_void, size: u32, name: *const U, value: *mut *mut u8,
                    value_size: *mut u32);
        }

        /// ClusterRegCloseKey.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "C" fn ClusterRegCloseKey(key: usize) -> u32 {
            $crate::exports::answer(|| $crate::registry::close_key(key))
        }

        /// The address of ClusterRegCloseKey, which has no width; kept as the others are.
        pub static CLOSE_KEY_SYMBOL: $crate::exports::Symbol =
            $crate::exports::Symbol(ClusterRegCloseKey as *const ());
    };
}

/// An address in a table of symbols. It is never called through.
pub struct Symbol(pub *const ());

// SAFETY: the address is of a function and is only compared and counted.
unsafe impl Sync for Symbol {}

/// For `export_resutils!`: each function once for each width, `U` being the unit of a wide character.
#[doc(hidden)]
#[macro_export]
macro_rules! export_wide {
    ($table:ident; $($narrow:ident, $wide:ident = $module:ident :: $function:ident $parameters:tt;)+) => {
        /// Functions that take wide strings of 16-bit units.
        pub mod narrow {
            type U = u16;
            $($crate::export_one! { $narrow, $module::$function $parameters })+
        }

        /// Functions that take wide strings of 32-bit units.
        pub mod wide {
            type U = u32;
            $($crate::export_one! { $wide, $module::$function $parameters })+
        }

        /// The addresses of these functions; whoever refers to the table keeps them.
        pub static $table: &[$crate::exports::Symbol] = &[
            $(
                $crate::exports::Symbol(narrow::$narrow as *const ()),
                $crate::exports::Symbol(wide::$wide as *const ()),
            )+
        ];
    };
}

/// For `export_wide!`: one function for one width.
#[doc(hidden)]
#[macro_export]
macro_rules! export_one {
    ($name:ident, $module:ident :: $function:ident ($($parameter:ident : $type:ty),* $(,)?)) => {
        #[doc = concat!(stringify!($name), ", for programs written in C.")]
        ///
        /// # Safety
        /// Pointers are null or point at what their parameter says in `clusapi.h` or `resapi.h`.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub unsafe extern "C" fn $name($($parameter: $type),*) -> u32 {
            // SAFETY: the caller's promise is that of the function.
            $crate::exports::answer(|| unsafe { $crate::$module::$function::<U>($($parameter),*) })
        }
    };
}
