//! `mainstay-host`: the host of the types that are built in.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;

use mainstay_host::generic_application::GenericApplication;
use mainstay_host::resource_type::BuiltIn;

fn main() -> ExitCode {
    let types = match GenericApplication::register(BuiltIn::default()) {
        Ok(types) => types,
        Err(error) => {
            eprintln!("mainstay-host: {error}");
            return ExitCode::FAILURE;
        }
    };
    mainstay_host::main(Arc::new(types))
}
