//! Derives for the NDR transfer syntax.
//!
//! Owns the two derive macros that `mainstay-ndr` re-exports, `Ndr` for structures and `NdrParams` for the parameter
//! lists of operations. It never reads or writes wire bytes itself: the generated code calls `mainstay-ndr`.
//!
//! Field attributes, the same in both derives:
//!
//! - `#[ndr(count_before)]`: the wire carries a 32-bit count immediately before this array, and no field for it exists in
//!   the Rust struct. It is written from the array's length; on reading a difference is an error (`size_is`, `length_is`).
//! - `#[ndr(count_after)]`: the same, with the count immediately after.
//! - `#[ndr(params)]` (only in `NdrParams`): the field is itself a parameter list, spliced in at this place.
#![forbid(unsafe_code)]

mod fields;
mod params;
mod structure;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `mainstay_ndr::Ndr` for a struct with named fields.
///
/// Fields are laid out in order; pointers (`Option<T>`) write their referents after the whole structure. A conformant array
/// may only be the last field; its conformance is then written ahead of the structure.
#[proc_macro_derive(Ndr, attributes(ndr))]
pub fn derive_ndr(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    structure::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `mainstay_ndr::NdrParams` for a struct with named fields or a unit struct.
///
/// Each field is one parameter, complete with what its pointers refer to before the next one begins.
#[proc_macro_derive(NdrParams, attributes(ndr))]
pub fn derive_ndr_params(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    params::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
