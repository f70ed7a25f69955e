//! The system's compilers, as a user of the C interface has them.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{TestCluster, library};

/// The repository: sources, headers and examples are in there.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Both widths of `wchar_t`, as arguments of the compiler.
pub const WIDTHS: [&[&str]; 2] = [&[], &["-fshort-wchar"]];

/// A compiler run: `cc` for C, `c++` for C++. False, with the reason printed, where there is no such compiler. Warnings
/// are errors: what a user compiles with our headers is to be without one.
fn compile_or_skip(compiler: &str, arguments: &[&str], source: &Path, output: &Path) -> bool {
    let run = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-pthread", "-I"])
        .arg(repository().join("include"))
        .args(["-o".as_ref(), output.as_os_str(), source.as_os_str()])
        .args(arguments)
        .output();
    match run {
        Ok(run) => {
            assert!(run.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&run.stderr));
            true
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: there is no {compiler}");
            false
        }
        Err(error) => panic!("{compiler}: {error}"),
    }
}

/// The names that `libclusapi.so` exports, as `nm` of the compiler's tools reads them.
pub fn exported_functions() -> Vec<String> {
    let library = library().join("libclusapi.so");
    let run = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    assert!(run.status.success(), "nm {}: {}", library.display(), String::from_utf8_lossy(&run.stderr));
    let lines = String::from_utf8_lossy(&run.stdout).into_owned();
    lines.lines().filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned)).collect()
}

impl TestCluster {
    /// A cluster that knows the type `dummy` of `examples/demo-type`.
    pub fn with_demo_type_or_skip() -> Option<Self> {
        let cluster = Self::start_or_skip()?;
        let library = cluster.file("libdemo_type.so");
        let source = repository().join("examples/demo-type/demo_type.c");
        if !compile_or_skip("cc", &["-shared", "-fPIC"], &source, &library) {
            return None;
        }
        cluster.mainstay(&["type", "create", "dummy", "--library", library.to_str().unwrap()]);
        Some(cluster)
    }

    /// Compiles a program, named by its path in the repository, and links it with the library by its versioned name.
    pub fn compile_or_skip(&self, source: &str, arguments: &[&str]) -> Option<PathBuf> {
        let built = library().join("libclusapi.so");
        assert!(built.is_file(), "{} is not built; run the tests by: cargo xtask test", built.display());
        let directory = self.file("lib");
        std::fs::create_dir_all(&directory).unwrap();
        for name in ["libclusapi.so", "libclusapi.so.1"] {
            let link = directory.join(name);
            if !link.exists() {
                symlink(&built, link).unwrap();
            }
        }
        let source = repository().join(source);
        let compiler = if source.extension().is_some_and(|name| name == "cpp") { "c++" } else { "cc" };
        let program = self.file("program");
        let directory = directory.to_str().unwrap();
        let rpath = format!("-Wl,-rpath,{directory}");
        let mut all = arguments.to_vec();
        all.extend(["-L", directory, "-lclusapi", &rpath]);
        compile_or_skip(compiler, &all, &source, &program).then_some(program)
    }

    /// Runs a compiled program as a client of this cluster.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .env("MAINSTAY_SOCKET", self.socket())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The same; it has to succeed. Answers the lines that it printed.
    pub fn run_lines(&self, program: &Path, arguments: &[&str]) -> Vec<String> {
        let output = self.run(program, arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {}\n{said}{error}", program.display(), output.status);
        said.lines().map(str::to_owned).collect()
    }
}
