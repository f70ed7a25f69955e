//! Tells the linker what kind of library this is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Programs ask for the interface's version, not for the file's name.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libclusapi.so.1");
    // A library with threads and thread-local data cannot be unloaded; dlclose then leaves it where it is.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
