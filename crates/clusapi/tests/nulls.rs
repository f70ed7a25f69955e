//! A null for every pointer and handle of every function of `clusapi.h`, and the error that it deserves.
//!
//! The calls are made from the header itself, so that a new function is in the table the moment it is declared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../client/tests/fake/mod.rs"]
mod fake;
mod library;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use fake::FakeServer;
use library::{WIDTHS, compile_file, include};

/// One function as the header declares it.
struct Function {
    answer: String,
    name: String,
    /// Type and name of each.
    parameters: Vec<(String, String)>,
}

/// All functions that the header declares: `CLUSAPI(answer, name, (parameters));` and the same with `CLUSAPI_WIDE`.
fn declared(header: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for declaration in header.split("\nCLUSAPI").skip(1) {
        let (_, declaration) = declaration.split_once('(').unwrap();
        let (head, tail) = declaration.split_once('(').unwrap();
        let mut words = head.split(',').map(str::trim);
        let (answer, name) = (words.next().unwrap(), words.next().unwrap());
        let (parameters, _) = tail.split_once("));").unwrap();
        let parameters = parameters.split(',').map(|parameter| {
            let parameter = parameter.trim();
            let at = parameter.rfind([' ', '*']).unwrap() + 1;
            let kind: String = parameter[..at].split_whitespace().collect::<Vec<_>>().join(" ");
            (kind, parameter[at..].to_owned())
        });
        functions.push(Function {
            answer: answer.to_owned(),
            name: name.to_owned(),
            parameters: parameters.collect(),
        });
    }
    functions
}

/// What a call that is right in all else gives for a parameter.
fn good(kind: &str, name: &str) -> &'static str {
    match (kind, name) {
        ("HCLUSTER", _) => "cluster",
        ("HNODE", _) => "node",
        ("HNODE *", _) => "&node",
        ("HNODEENUM", _) => "of_node",
        ("HNETWORK", _) => "network",
        ("HNETWORKENUM", _) => "of_network",
        ("HNETINTERFACE", _) => "interface",
        ("HNETINTERFACEENUM", _) => "interfaces",
        ("HGROUP", _) => "group",
        ("HGROUPSET", _) => "set",
        ("HGROUPSETENUM", _) => "sets",
        ("HRESOURCE" | "HANDLE", "hDependsOn" | "hResourceDependent") => "other",
        ("HRESOURCE" | "HANDLE", _) => "resource",
        ("HCLUSENUM", _) => "objects",
        ("HCLUSENUMEX", _) => "objects_ex",
        ("HGROUPENUM", _) => "of_group",
        ("HGROUPENUMEX", _) => "groups_ex",
        ("HRESENUM", _) => "of_resource",
        ("HRESENUMEX", _) => "resources_ex",
        ("PCLUSTER_CREATE_GROUP_INFO", _) => "&group_info",
        ("HCHANGE", _) => "port",
        // Keys are opened in a resource host only.
        ("HKEY", _) => "(HKEY)0x77",
        ("LPCWSTR", "lpszGroupName") => "L\"g\"",
        ("LPCWSTR", "lpszGroupSetName") => "L\"s\"",
        ("LPCWSTR", "lpszNetworkName") => "L\"lan\"",
        ("LPCWSTR", "lpszInterfaceName") => "L\"n1 - eth0\"",
        ("LPCWSTR", "lpszNodeName") => "L\"n1\"",
        ("LPCWSTR", "lpszResourceName") => "L\"web\"",
        ("LPCWSTR", "lpszClusterName" | "lpszReason") => "NULL",
        ("LPCWSTR", "lpszProperties" | "lpszRoProperties") => "names",
        ("LPCWSTR", _) => "L\"x\"",
        ("LPWSTR", _) => "text",
        ("LPDWORD" | "DWORD *", name) if name.starts_with("lpcch") => "&length",
        ("LPDWORD" | "DWORD *", _) => "&size",
        ("LPVOID" | "PVOID" | "PBYTE" | "LPBYTE" | "BYTE *", _) => "bytes",
        ("PCLUSTER_ENUM_ITEM", _) => "(PCLUSTER_ENUM_ITEM)bytes",
        ("PCLUSTER_GROUP_ENUM_ITEM", _) => "(PCLUSTER_GROUP_ENUM_ITEM)bytes",
        ("PCLUSTER_RESOURCE_ENUM_ITEM", _) => "(PCLUSTER_RESOURCE_ENUM_ITEM)bytes",
        ("LPCLUSTERVERSIONINFO", _) => "&information",
        ("NOTIFY_FILTER_AND_TYPE *" | "PNOTIFY_FILTER_AND_TYPE", _) => "&filter",
        ("NOTIFY_FILTER_AND_TYPE", _) => "filter",
        ("DWORD_PTR *", _) => "&key",
        ("PFILETIME", _) => "&written",
        ("HKEY *", _) => "&opened",
        ("BOOL", _) => "FALSE",
        ("CLUSTER_NODE_RESUME_FAILBACK_TYPE", _) => "DoNotFailbackGroups",
        ("DWORD" | "DWORD_PTR" | "REGSAM", name) => number(name),
        (kind, name) => panic!("a value for the parameter '{name}' of type '{kind}' is missing in this test"),
    }
}

fn number(name: &str) -> &'static str {
    match name {
        "cbInBufferSize" | "nInBufferSize" => "4",
        "cbOutBufferSize" | "nOutBufferSize" => "sizeof bytes",
        "cbProperties" | "cbRoProperties" => "sizeof names",
        // GET_NAME of a resource.
        "dwControlCode" => "0x01000029",
        "dwFilterCount" | "NodeCount" => "1",
        "DesiredAccess" | "dwDesiredAccess" => "GENERIC_READ",
        "dwLooksAlivePollInterval" | "dwIsAlivePollInterval" => "5000",
        "dwType" => "7",
        _ => "0",
    }
}

fn can_be_null(kind: &str) -> bool {
    let numbers = ["DWORD", "DWORD_PTR", "REGSAM", "BOOL", "CLUSTER_NODE_RESUME_FAILBACK_TYPE"];
    !numbers.contains(&kind) && kind != "NOTIFY_FILTER_AND_TYPE"
}

/// Statements for one call, which print what it answered.
fn statement(function: &Function, which: &str, arguments: &[&str]) -> String {
    let call = format!("{}({})", function.name, arguments.join(", "));
    let title = format!("{}, {which}", function.name);
    let told = match function.answer.as_str() {
        "DWORD" | "LONG" if function.name.contains("GetEnumCount") => {
            format!("told(\"{title}\", {call} != 0)")
        }
        "DWORD" | "LONG" => format!("printf(\"%s: %u\\n\", \"{title}\", (unsigned)({call}))"),
        "BOOL" => format!("told(\"{title}\", {call})"),
        answer if answer.starts_with("CLUSTER_") => format!("told(\"{title}\", {call} != -1)"),
        _ => format!("told(\"{title}\", {call} != NULL)"),
    };
    format!("    reset();\n    {told};\n")
}

fn program(functions: &[Function]) -> String {
    let mut calls = String::new();
    for function in functions {
        let arguments: Vec<&str> = function.parameters.iter().map(|(kind, name)| good(kind, name)).collect();
        for (place, (kind, name)) in function.parameters.iter().enumerate() {
            if can_be_null(kind) {
                let mut arguments = arguments.clone();
                arguments[place] = "NULL";
                calls.push_str(&statement(function, &format!("{name} is NULL"), &arguments));
            }
        }
        let nothing: Vec<&str> = (function.parameters.iter())
            .map(|(kind, name)| if can_be_null(kind) { "NULL" } else { good(kind, name) })
            .collect();
        calls.push_str(&statement(function, "everything is NULL", &nothing));
    }
    let mut program = String::from(PROLOGUE);
    write!(program, "int main(void)\n{{\n    open_all();\n{calls}    return 0;\n}}\n").unwrap();
    program
}

const PROLOGUE: &str = r#"#include <clusapi.h>
#include <stdio.h>
#include <string.h>

static HCLUSTER cluster;
static HNODE node;
static HGROUP group;
static HGROUPSET set;
static HNODEENUM of_node;
static HNETWORK network;
static HNETWORKENUM of_network;
static HNETINTERFACE interface;
static HNETINTERFACEENUM interfaces;
static HGROUPSETENUM sets;
static HRESOURCE resource, other;
static HCLUSENUM objects;
static HCLUSENUMEX objects_ex;
static HGROUPENUM of_group;
static HGROUPENUMEX groups_ex;
static HRESENUM of_resource;
static HRESENUMEX resources_ex;
static HCHANGE port;
static WCHAR text[64], names[3];
static BYTE bytes[1024] __attribute__((aligned(16)));
static DWORD length, size;
static DWORD_PTR key;
static FILETIME written;
static CLUSTER_CREATE_GROUP_INFO group_info = {CLUSTER_CREATE_GROUP_INFO_VERSION_1, 9999};
static HKEY opened;
static CLUSTERVERSIONINFO information;
static NOTIFY_FILTER_AND_TYPE filter;

static void reset(void)
{
    memset(bytes, 0, sizeof bytes);
    length = 64;
    size = sizeof bytes;
    information.dwVersionInfoSize = sizeof information;
    filter.dwObjectType = CLUSTER_OBJECT_TYPE_RESOURCE;
    filter.FilterFlags = CLUSTER_CHANGE_RESOURCE_STATE_V2;
    SetLastError(0);
}

static void told(const char *title, int is_done)
{
    if (is_done)
        printf("%s: done\n", title);
    else
        printf("%s: %u\n", title, (unsigned)GetLastError());
}

static void open_all(void)
{
    reset();
    cluster = OpenCluster(NULL);
    node = OpenClusterNode(cluster, L"n1");
    group = OpenClusterGroup(cluster, L"g");
    set = OpenClusterGroupSet(cluster, L"s");
    sets = ClusterGroupSetOpenEnum(cluster);
    of_node = ClusterNodeOpenEnum(node, CLUSTER_NODE_ENUM_ALL);
    network = OpenClusterNetwork(cluster, L"lan");
    of_network = ClusterNetworkOpenEnum(network, CLUSTER_NETWORK_ENUM_ALL);
    interface = OpenClusterNetInterface(cluster, L"n1 - eth0");
    interfaces = ClusterNetInterfaceOpenEnum(cluster, L"n1", L"lan");
    resource = OpenClusterResource(cluster, L"web");
    other = OpenClusterResource(cluster, L"db");
    objects = ClusterOpenEnum(cluster, CLUSTER_ENUM_RESOURCE);
    objects_ex = ClusterOpenEnumEx(cluster, CLUSTER_ENUM_RESOURCE, NULL);
    of_group = ClusterGroupOpenEnum(group, CLUSTER_GROUP_ENUM_CONTAINS);
    groups_ex = ClusterGroupOpenEnumEx(cluster, NULL, 0, NULL, 0, 0);
    of_resource = ClusterResourceOpenEnum(resource, CLUSTER_RESOURCE_ENUM_DEPENDS);
    resources_ex = ClusterResourceOpenEnumEx(cluster, NULL, 0, NULL, 0, 0);
    port = CreateClusterNotifyPortV2((HCHANGE)INVALID_HANDLE_VALUE, cluster, &filter, 1, 0);
    if (!cluster || !node || !group || !resource || !other || !objects || !objects_ex || !of_group || !groups_ex ||
        !of_resource || !resources_ex || !port || !set || !sets || !of_node || !network || !of_network ||
        !interface || !interfaces)
        printf("something could not be opened: %u\n", (unsigned)GetLastError());
}

"#;

/// What a program in one width prints.
fn run(directory: &Path, source: &Path, width: &[&str]) -> String {
    let server = FakeServer::start();
    let program = compile_file(directory, source, width);
    let output = Command::new(program).env("MAINSTAY_SOCKET", server.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{width:?}: {}\n{said}", output.status);
    said
}

#[test]
fn every_null_has_its_error() {
    let header = std::fs::read_to_string(include().join("clusapi.h")).unwrap();
    let functions = declared(&header);
    assert!(functions.len() >= 70, "{} functions were found in the header", functions.len());
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("nulls.c");
    std::fs::write(&source, program(&functions)).unwrap();
    let [wide, narrow] = WIDTHS.map(|width| run(directory.path(), &source, width));
    assert_eq!(wide, narrow);
    insta::assert_snapshot!(wide);
}
