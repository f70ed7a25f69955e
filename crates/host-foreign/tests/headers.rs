//! The C headers compile without a warning, whatever else a program includes, and say what the Rust side says.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mainstay_types::flags::OfflineFlags;
use mainstay_types::{GroupState, OfflineReason, ResourceState, Status, control};
use support::{compile, has, root};
use tempfile::TempDir;

/// The oldest and the newest language versions that programs are written in.
const C_VERSIONS: [&str; 3] = ["-std=c99", "-std=c11", "-std=gnu17"];
const CPP_VERSIONS: [&str; 2] = ["-std=c++11", "-std=c++23"];

/// Both widths of wchar_t.
const WIDTHS: [&[&str]; 2] = [&[], &["-fshort-wchar"]];

/// The headers of the standard library of C++, as far as a compiler has them.
const STANDARD_HEADERS: &str = "algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat \
    charconv chrono cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine \
    csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception \
    execution expected filesystem format forward_list fstream functional future generator initializer_list iomanip \
    ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers \
    numeric optional ostream print queue random ranges ratio regex scoped_allocator semaphore set shared_mutex \
    source_location span spanstream sstream stack stacktrace stdexcept stop_token streambuf string string_view \
    syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray \
    variant vector";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

#[test]
fn c_programs_compile_without_a_warning() {
    if !has("cc") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for version in C_VERSIONS {
        for width in WIDTHS {
            let arguments = [&["-c", "-pedantic", version], width].concat();
            compile("cc", &arguments, &[&here("facts.c")], &dir.path().join("facts.o"));
        }
    }
    let client = root().join("examples/offline-client/offline.c");
    compile("cc", &["-c", "-std=c11", "-pedantic"], &[&client], &dir.path().join("offline.o"));
}

#[test]
fn standard_headers_of_cpp_compile_after_ours() {
    if !has("g++") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for version in CPP_VERSIONS {
        let mut program = String::from("#include <windows.h>\n#include <ClusAPI.h>\n#include <ResApi.h>\n");
        for header in STANDARD_HEADERS.split_whitespace() {
            // <coroutine> is an error in the language versions before its own, instead of empty like the others.
            let condition = if header == "coroutine" { " && __cplusplus >= 202002L" } else { "" };
            program.push_str(&format!(
                "#if __has_include(<{header}>){condition}\n#include <{header}>\n#endif\n"
            ));
        }
        program.push_str(
            "#include \"header_sal.hpp\"\nDWORD Again(__in HRESOURCE resource);\nint main() { return 0; }\n",
        );
        let source = dir.path().join("all.cpp");
        fs::write(&source, program).unwrap();
        let include = format!("-I{}", here("").display());
        compile("g++", &["-fsyntax-only", version, &include], &[&source], &dir.path().join("unused"));
    }
}

/// One header at a time: what hides behind another header's includes above shows here.
#[test]
fn each_common_header_of_cpp_compiles_right_after_windows_h() {
    if !has("g++") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for header in
        ["iostream", "vector", "thread", "regex", "filesystem", "chrono", "atomic", "future", "random"]
    {
        let source = dir.path().join("one.cpp");
        fs::write(
            &source,
            format!("#include <windows.h>\n#include <{header}>\nint main() {{ return 0; }}\n"),
        )
        .unwrap();
        compile("g++", &["-fsyntax-only", "-std=c++17"], &[&source], &dir.path().join("unused"));
    }
}

#[test]
fn a_program_in_the_usual_style_compiles_as_cpp() {
    if !has("g++") {
        return;
    }
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("stdafx.h"), "").unwrap();
    let include = format!("-I{}", dir.path().display());
    let object = dir.path().join("take_offline.o");
    compile("g++", &["-c", "-std=c++17", &include], &[&here("take_offline.cpp")], &object);
    let symbols = Command::new("nm").arg("-u").arg(&object).output().unwrap().stdout;
    let symbols = String::from_utf8(symbols).unwrap();
    for symbol in [
        "OpenCluster_w4",
        "OpenClusterResource_w4",
        "OfflineClusterResourceEx",
        "GetClusterResourceState_w4",
        "Sleep",
    ] {
        assert!(
            symbols.split_whitespace().any(|found| found == symbol),
            "{symbol} is not called:\n{symbols}"
        );
    }
}

fn facts(dir: &Path, arguments: &[&str]) -> HashMap<String, i64> {
    let program = dir.join("facts");
    compile("cc", arguments, &[&here("facts.c")], &program);
    let output = Command::new(&program).output().unwrap().stdout;
    String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, number)| (name.to_owned(), number.parse().unwrap()))
        .collect()
}

#[test]
fn numbers_and_sizes_are_those_of_the_rust_side() {
    if !has("cc") {
        return;
    }
    let dir = TempDir::new().unwrap();
    for (width, wchar, version_info) in [(WIDTHS[0], 4, 540), (WIDTHS[1], 2, 284)] {
        let facts = facts(dir.path(), width);
        for (name, expected) in [
            ("sizeof(WCHAR)", wchar),
            ("sizeof(CLUSTERVERSIONINFO)", version_info),
            ("sizeof(LONG)", 4),
            ("sizeof(DWORD)", 4),
            ("sizeof(HRESOURCE)", 8),
            ("sizeof(RESOURCE_STATUS)", 24),
            ("sizeof(RESOURCE_STATUS_EX)", 32),
            ("sizeof(CLRES_V1_FUNCTIONS)", 88),
            ("sizeof(CLRES_V2_FUNCTIONS)", 96),
            ("sizeof(CLRES_FUNCTION_TABLE)", 120),
            ("sizeof(CLRES_CALLBACK_FUNCTION_TABLE)", 136),
            ("sizeof(NOTIFY_FILTER_AND_TYPE)", 16),
            ("sizeof(CLUSPROP_VALUE)", 8),
            ("sizeof(CLUSPROP_DWORD)", 12),
            ("sizeof(CLUSPROP_ULARGE_INTEGER)", 16),
            ("RESOURCE_STATUS.EventHandle", 16),
            ("RESOURCE_STATUS_EX.EventHandle", 8),
            ("RESOURCE_STATUS_EX.ApplicationSpecificErrorCode", 16),
            ("CLUSPROP_SZ.sz", 8),
            ("CLUSPROP_LIST.PropertyName", 4),
            ("NOTIFY_FILTER_AND_TYPE.FilterFlags", 8),
            ("ClusterResourceInitializing", ResourceState::Initializing.number().into()),
            ("ClusterResourceOnline", ResourceState::Online.number().into()),
            ("ClusterResourceOffline", ResourceState::Offline.number().into()),
            ("ClusterResourceFailed", ResourceState::Failed.number().into()),
            ("ClusterResourceOnlinePending", ResourceState::OnlinePending.number().into()),
            ("ClusterResourceOfflinePending", ResourceState::OfflinePending.number().into()),
            ("ClusterGroupPending", GroupState::Pending.number().into()),
            (
                "CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_STATUS",
                OfflineFlags::IGNORE_RESOURCE_STATUS.bits().into(),
            ),
            ("CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_LOCKED_STATUS", 1),
            (
                "CLUSAPI_RESOURCE_OFFLINE_FORCE_WITH_TERMINATION",
                OfflineFlags::FORCE_WITH_TERMINATION.bits().into(),
            ),
            (
                "CLUSAPI_RESOURCE_OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE",
                OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits().into(),
            ),
            ("CLUSAPI_RESOURCE_OFFLINE_REASON_SHUTTING_DOWN", OfflineReason::ShuttingDown.number().into()),
            ("CLUSCTL_RESOURCE_VALIDATE_OFFLINE", control::RESOURCE_VALIDATE_OFFLINE.0.into()),
            ("CLUSCTL_RESOURCE_TYPE_DESCRIBE", control::RESOURCE_TYPE_DESCRIBE.0.into()),
            ("CLUSCTL_RESOURCE_DELETE", control::RESOURCE_DELETE.0.into()),
            ("CLUSCTL_RESOURCE_SET_PRIVATE_PROPERTIES", 0x0140_0086),
            ("CLUSCTL_GROUP_GET_COMMON_PROPERTIES", 0x0300_0059),
            ("CLUSCTL_RESOURCE_TYPE_GET_CHARACTERISTICS", 0x0200_0005),
            ("CLUSPROP_SYNTAX_NAME", 0x0004_0003),
            ("CLUSPROP_SYNTAX_LIST_VALUE_DWORD", 0x0001_0002),
        ] {
            assert_eq!(facts.get(name), Some(&expected), "{name} with {width:?}");
        }
    }
}

/// winerror.h and the service's own table are equal, name by name.
#[test]
fn winerror_h_is_the_table_of_statuses() {
    let header = fs::read_to_string(root().join("include/winerror.h")).unwrap();
    let defined: HashMap<&str, u32> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
        .filter_map(|(name, number)| Some((name, number.parse().ok()?)))
        .collect();
    for &status in Status::ALL {
        let name = status.name().unwrap();
        assert_eq!(defined.get(name), Some(&status.0), "{name}");
    }
    assert_eq!(defined.len(), Status::ALL.len());
}
