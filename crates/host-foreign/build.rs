//! Compiles the part of LogEvent that only C can say, and makes the C symbols of the programs visible to libraries.

fn main() {
    println!("cargo::rerun-if-changed=shim/log_event.c");
    cc::Build::new()
        .file("shim/log_event.c")
        .warnings(true)
        .extra_warnings(true)
        .compile("mainstay_log_event");

    // A library that is loaded finds ClusterRegOpenKey and the rest in the program that loads it.
    println!("cargo::rustc-link-arg-bins=-rdynamic");
    println!("cargo::rustc-link-arg-tests=-rdynamic");
}
