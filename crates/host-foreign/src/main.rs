//! `mainstay-host-foreign`: the host of types that live in shared libraries.
//!
//! `--try-library FILE --type NAME` loads one as a host would and ends: 0 when that works; else why not, and 1.

use std::convert::Infallible;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use mainstay_host::resource_type::Types;
use mainstay_host_foreign::{Libraries, exports};
use mainstay_types::Name;

fn main() -> ExitCode {
    exports::keep();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, library, second, name] = words.as_slice()
        && first == "--try-library"
        && second == "--type"
    {
        return try_library(library, name);
    }
    mainstay_host::main(|_| Ok::<Arc<dyn Types>, Infallible>(Arc::new(Libraries::default())))
}

/// Loads a library for a type, and says what speaks against it.
fn try_library(library: &str, name: &str) -> ExitCode {
    let loaded = Name::parse(name)
        .map_err(|error| error.to_string())
        .and_then(|name| Libraries::default().find(&name, Some(library)).map_err(|cause| cause.to_string()));
    match loaded {
        Ok(_) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nobody is left to tell when this cannot be written.
            let _ = writeln!(std::io::stdout(), "{reason}");
            ExitCode::FAILURE
        }
    }
}
