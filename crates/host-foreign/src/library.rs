//! Loading a library and agreeing with it on a version.
//!
//! StartupEx is tried before Startup, once for each type name that is asked for. The symbol that is found tells the
//! width of the library's strings. A library stays loaded until the process ends: its threads may outlive every
//! resource.

use std::collections::HashMap;
use std::ffi::CString;
use std::ptr::null;
use std::sync::Arc;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use mainstay_host::resource_type::{Context, ControlAnswer, ControlCall, Opened, ResourceType, Types};
use mainstay_types::order::Cause;
use mainstay_types::{Name, Status};
use parking_lot::Mutex;

use crate::abi::{self, FunctionsV1, FunctionsV2, Startup, StartupEx, TableHead};
use crate::callbacks;
use crate::resource::{self, Functions, LibraryResource};
use crate::wide_string::{WideString, Width};

/// Whether the code says that an offline call was refused to avoid harm.
pub(crate) fn is_veto(status: Status) -> bool {
    [
        Status::CLUSTER_RESOURCE_VETOED_CALL,
        Status::CLUSTER_RESOURCE_VETOED_MOVE_INCOMPATIBLE_NODES,
        Status::CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_DESTINATION,
        Status::CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_SOURCE,
    ]
    .contains(&status)
}

/// The types of libraries, each loaded when it is first asked for.
#[derive(Default)]
pub struct Libraries {
    loaded: Mutex<HashMap<(String, Name), Arc<LibraryType>>>,
}

impl Types for Libraries {
    fn find(&self, type_name: &Name, library: Option<&str>) -> Result<Arc<dyn ResourceType>, Cause> {
        let Some(path) = library else {
            return Err(Cause::new(
                Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
                format!("type '{type_name}' names no library, and this host has no types of its own"),
            ));
        };
        let key = (path.to_owned(), type_name.clone());
        // Held while the library is loaded, so that it is loaded and started once.
        let mut loaded = self.loaded.lock();
        if let Some(found) = loaded.get(&key) {
            return Ok(found.clone());
        }
        let found = Arc::new(LibraryType::load(path, type_name)?);
        loaded.insert(key, found.clone());
        Ok(found)
    }
}

/// One resource type of one library.
struct LibraryType {
    functions: Functions,
    width: Width,
    path: String,
}

impl ResourceType for LibraryType {
    fn open(&self, context: Context) -> Result<Opened, Cause> {
        LibraryResource::open(self.functions, self.width, context)
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let Some(control) = self.functions.type_control() else { return ControlAnswer::unknown() };
        let type_name = WideString::new(self.width, call.type_name.as_str());
        let answer = resource::control(&call, |input, input_length, output, output_length, returned| {
            // SAFETY: the library's function gets buffers of the lengths it is told, and a string that lives as
            // long as the call.
            unsafe {
                control(type_name.as_ptr(), call.code.0, input, input_length, output, output_length, returned)
            }
        });
        if answer.status == Status::INVALID_DATA {
            tracing::warn!(library = self.path, code = %call.code, "the library answered more than it had room for");
        }
        answer
    }
}

impl LibraryType {
    fn load(path: &str, type_name: &Name) -> Result<Self, Cause> {
        let library = open_library(path)?;
        let (functions, width) = start(&library, path, type_name)?;
        // Never unloaded: see the module's head.
        std::mem::forget(library);
        tracing::info!(library = path, %type_name, ?width, version = functions.version(), "library loaded");
        Ok(LibraryType { functions, width, path: path.to_owned() })
    }
}

fn open_library(path: &str) -> Result<Library, Cause> {
    if CString::new(path).is_err() {
        return Err(Cause::new(Status::INVALID_NAME, format!("{path:?} cannot be a library's path")));
    }
    // SAFETY: loading runs the library's constructors. Who may create a resource type has full access to the
    // cluster; the library runs in this process of its own for that reason.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
        Cause::new(
            Status::MOD_NOT_FOUND,
            format!("library '{path}' cannot be loaded: {}", with_source(&error)),
        )
    })
}

/// libloading keeps the loader's own words in the source.
fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Asks the library for its table, by each of its ways in until one gives it.
fn start(library: &Library, path: &str, type_name: &Name) -> Result<(Functions, Width), Cause> {
    let mut refusal = None;
    for (symbol, width, extended) in [
        ("StartupEx_w4", Width::Wide, true),
        ("StartupEx", Width::Narrow, true),
        ("Startup_w4", Width::Wide, false),
        ("Startup", Width::Narrow, false),
    ] {
        let type_string = WideString::new(width, type_name.as_str());
        let mut table: *const TableHead = null();
        let answer = if extended {
            // SAFETY: a library that exports this name means the function of resapi.h by it.
            let Ok(startup) = (unsafe { library.get::<StartupEx>(symbol.as_bytes()) }) else { continue };
            // SAFETY: the string and the place for the table live as long as the call; the callback table for ever.
            unsafe {
                startup(
                    type_string.as_ptr(),
                    abi::VERSION_MIN,
                    abi::VERSION_MAX,
                    callbacks::table(width),
                    &mut table,
                )
            }
        } else {
            // SAFETY: as above.
            let Ok(startup) = (unsafe { library.get::<Startup>(symbol.as_bytes()) }) else { continue };
            // SAFETY: as above.
            unsafe {
                startup(
                    type_string.as_ptr(),
                    abi::VERSION_MIN,
                    abi::VERSION_MAX,
                    callbacks::set_resource_status,
                    callbacks::log_event(width),
                    &mut table,
                )
            }
        };
        match Status(answer) {
            Status::SUCCESS => {
                // SAFETY: the library said that it gave its table.
                let functions = unsafe { read_table(table) }.map_err(|why| {
                    Cause::new(
                        Status::REVISION_MISMATCH,
                        format!("library '{path}': the table from {symbol} cannot be used: {why}"),
                    )
                })?;
                return Ok((functions, width));
            }
            status => {
                refusal.get_or_insert_with(|| {
                    Cause::new(status, format!("library '{path}': {symbol} refused type '{type_name}'"))
                });
            }
        }
    }
    Err(refusal.unwrap_or_else(|| {
        Cause::new(
            Status::PROC_NOT_FOUND,
            format!("library '{path}' exports neither StartupEx nor Startup: it is no resource type library"),
        )
    }))
}

/// Copies the table out of the library.
///
/// # Safety
/// `table` is null, or points at a CLRES_FUNCTION_TABLE as large as it says.
unsafe fn read_table(table: *const TableHead) -> Result<Functions, String> {
    if table.is_null() {
        return Err("it is null".into());
    }
    // SAFETY: not null, so there is a head.
    let head = unsafe { table.read_unaligned() };
    // SAFETY: the functions follow the head, and are read only where the table says that it is large enough.
    let functions = unsafe { table.add(1) };
    match head.version {
        abi::VERSION_1 if fits::<FunctionsV1>(head) => {
            // SAFETY: as above.
            Functions::version_1(unsafe { functions.cast::<FunctionsV1>().read_unaligned() })
        }
        abi::VERSION_2 if fits::<FunctionsV2>(head) => {
            // SAFETY: as above.
            Functions::version_2(unsafe { functions.cast::<FunctionsV2>().read_unaligned() })
        }
        abi::VERSION_1 | abi::VERSION_2 => {
            Err(format!("TableSize {} is too small for version {:#06x}", head.table_size, head.version))
        }
        version => Err(format!(
            "version {version:#06x} is not between {:#06x} and {:#06x}",
            abi::VERSION_MIN,
            abi::VERSION_MAX
        )),
    }
}

fn fits<T>(head: TableHead) -> bool {
    head.table_size as usize >= size_of::<TableHead>() + size_of::<T>()
}
