//! The control functions: one shape for every kind of object.

use std::ffi::c_void;
use std::sync::Arc;

use mainstay_client::{CONTROL_OUTPUT_MAX, Target};
use mainstay_resutils::wide;
use mainstay_types::{ControlCode, Status};

use crate::connection::Connection;
use crate::guard::Outcome;
use crate::{memory, node};

/// The buffers of a control function.
///
/// Safety: `input` is null or has `input_size` readable bytes, `output` is null or has `output_size` writable bytes,
/// `returned` is null or writable.
pub(crate) struct ControlBuffers {
    pub(crate) input: *const c_void,
    pub(crate) input_size: u32,
    pub(crate) output: *mut c_void,
    pub(crate) output_size: u32,
    pub(crate) returned: *mut u32,
}

/// Sends a control code. `host` is the handle of the node that carries it out; 0 leaves that to the service.
///
/// Without an output buffer and its size the call asks how large the output is: 234 with the size, or 0 where there is
/// none. `*returned` is set whenever the code was carried out.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn send(
    connection: &Arc<Connection>,
    target: Target<'_>,
    host: usize,
    code: u32,
    buffers: ControlBuffers,
) -> Outcome<()> {
    let host = node::named(connection, host)?;
    if buffers.output.is_null() && buffers.output_size != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::input(buffers.input.cast(), buffers.input_size) }?;
    let input = (!buffers.input.is_null()).then_some(input);
    // More room than an answer can carry is not worth asking for, and a service refuses it.
    let room = buffers.output_size.min(CONTROL_OUTPUT_MAX);
    let answer = connection.with(|cluster| {
        let host = host.as_ref().map(|node| &node.object);
        cluster.control_once(target, host, ControlCode(code), input, room)
    })?;
    // SAFETY: the caller promised that it is null or writable.
    unsafe { wide::write_optional(buffers.returned, answer.required_len) };
    if !answer.output.is_empty() {
        if answer.output.len() > buffers.output_size as usize {
            return Err(Status::RPC_S_PROTOCOL_ERROR);
        }
        // SAFETY: the output fits the room that the caller promised, which is not null where its size is not 0.
        unsafe {
            std::ptr::copy_nonoverlapping(answer.output.as_ptr(), buffers.output.cast(), answer.output.len());
        };
    }
    match answer.status {
        Status::SUCCESS => Ok(()),
        status => Err(status),
    }
}
