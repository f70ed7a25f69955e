//! `mainstay-host-foreign`: the host of types that live in shared libraries.

use std::process::ExitCode;
use std::sync::Arc;

use mainstay_host_foreign::{Libraries, exports};

fn main() -> ExitCode {
    exports::keep();
    mainstay_host::main(Arc::new(Libraries::default()))
}
