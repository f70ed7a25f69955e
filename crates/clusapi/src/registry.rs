//! The registry functions that `clusapi.h` declares for resource types.
//!
//! A resource host exports them too, and there they find the copy of the resource's key; the host's come first when a
//! library is loaded into it. In any other program no key can be opened yet, so every key is an invalid handle.

pub(crate) use mainstay_resutils::registry::{close_key, enum_key, enum_value, open_key, query_value};
