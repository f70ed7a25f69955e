//! NDR transfer syntax: reading and writing the values of DCE/RPC calls.
//!
//! Owns the rules of NDR 2.0 with 32-bit pointers (C706 chapter 14, [MS-RPCE] 2.2.4): alignment, wide strings, unique
//! pointers and their deferred referents, conformant and conformant-varying arrays, context handles. It knows no
//! interface and no operation, never sees a PDU, and does no input or output.
//!
//! Rust types stand for wire types:
//!
//! | Rust | wire |
//! | --- | --- |
//! | `u8` … `i64` | the scalar, aligned to its size; a 16-bit enumeration is a `u16` |
//! | `bool` | `BOOL`, 4 bytes |
//! | `String` | `[ref, string] wchar_t *`: conformant-varying, with its NUL |
//! | `Option<T>` | a unique pointer to `T` |
//! | `Vec<T>` | a conformant array |
//! | [`Varying<T>`] | a conformant-varying array |
//! | [`ContextHandle`] | a context handle, 20 bytes |
//! | a struct with `#[derive(Ndr)]` | the structure |
//!
//! A parameter list is a struct with `#[derive(NdrParams)]`. Writing is little-endian; reading follows the byte order that
//! the PDU's data representation names. Every count is compared with the bytes left before anything is allocated, and
//! no input makes the decoder panic.
//!
//! ```
//! use mainstay_ndr::{Endian, NdrParams};
//!
//! #[derive(NdrParams, Debug, PartialEq)]
//! struct SetValue {
//!     name: String,
//!     #[ndr(count_after)]
//!     data: Vec<u8>,
//! }
//!
//! let call = SetValue { name: "Address".into(), data: vec![10, 0, 0, 7] };
//! let stub = call.to_stub()?;
//! let (back, used) = SetValue::from_stub(&stub, Endian::Little)?;
//! assert_eq!((back, used), (call, stub.len()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the derives cannot lay out does not compile. A conformant array has to be the last field of a structure:
//!
//! ```compile_fail
//! #[derive(mainstay_ndr::Ndr)]
//! struct Misplaced {
//!     data: Vec<u8>,
//!     flags: u32,
//! }
//! # #[derive(mainstay_ndr::NdrParams)]
//! # struct Call { value: Misplaced }
//! # let call = Call { value: Misplaced { data: vec![], flags: 0 } };
//! # let _ = mainstay_ndr::NdrParams::to_stub(&call);
//! ```
//!
//! and the elements of an array cannot be conformant themselves:
//!
//! ```compile_fail
//! #[derive(mainstay_ndr::NdrParams)]
//! struct Names {
//!     names: Vec<String>,
//! }
//! # let _ = mainstay_ndr::NdrParams::to_stub(&Names { names: vec![] });
//! ```
#![forbid(unsafe_code)]

mod array;
mod decoder;
mod encoder;
mod error;
mod handle;
mod pointer;
mod scalar;
mod string;
mod value;

pub use array::{Counted, Varying};
pub use decoder::{Decoder, Endian};
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError};
pub use handle::ContextHandle;
pub use mainstay_ndr_derive::{Ndr, NdrParams};
pub use value::{Ndr, NdrParams, max_align};

/// How deep pointers may nest, on reading and on writing. The deepest value of the interfaces served here nests four
/// deep; the bound keeps a recursive type from using up the stack.
pub const MAX_DEPTH: u32 = 16;
