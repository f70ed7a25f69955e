//! `mainstay-host`: the host of the types that are built in, and of agents.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;

use mainstay_host::Config;
use mainstay_host::generic_application::{GenericApplication, RegisterError};
use mainstay_host::ocf::Agents;
use mainstay_host::resource_type::{BuiltIn, Types};
use mainstay_host::virtual_machine::VirtualMachine;

fn main() -> ExitCode {
    mainstay_host::main(types)
}

fn types(config: &Config) -> Result<Arc<dyn Types>, RegisterError> {
    let built_in = GenericApplication::register(BuiltIn::default())?;
    let built_in = VirtualMachine::register(built_in)?;
    Ok(Arc::new(built_in.with_agents(Agents::new(config))))
}
