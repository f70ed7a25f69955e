//! Strings for a library, in the width that it was built with.

use std::ffi::c_void;

use mainstay_resutils::wide::encode_with_nul;

/// How wide a library's wchar_t is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    /// 16 bits: the plain symbols.
    Narrow,
    /// 32 bits: the symbols that end in `_w4`.
    Wide,
}

/// A string with its NUL.
pub(crate) enum WideString {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl WideString {
    pub(crate) fn new(width: Width, text: &str) -> Self {
        match width {
            Width::Narrow => WideString::Narrow(encode_with_nul(text)),
            Width::Wide => WideString::Wide(encode_with_nul(text)),
        }
    }

    /// Valid as long as the string is.
    pub(crate) fn as_ptr(&self) -> *const c_void {
        match self {
            WideString::Narrow(units) => units.as_ptr().cast(),
            WideString::Wide(units) => units.as_ptr().cast(),
        }
    }
}
