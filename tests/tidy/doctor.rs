//! The check of the machine, on machines made of a few stand-in commands: it says what is missing, installs only where it
//! may, and otherwise prints the line to type.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A machine whose only commands are those in one folder.
struct Machine(TempDir);

impl Machine {
    /// Everything the script itself needs, a user who is not root, and Rust.
    fn new() -> Self {
        let machine = Self(TempDir::new().expect("a temporary folder"));
        for name in ["sh", "sed", "awk", "df", "env", "touch", "chmod"] {
            let real =
                ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
            symlink(real.unwrap_or_else(|| panic!("{name} is on every Unix")), machine.0.path().join(name))
                .expect("a link in a fresh folder");
        }
        machine
            .has("id", "echo 1000")
            .has("uname", "echo Linux")
            .has("rustc", "echo 'rustc 1.95.0 (abc 2026-04-14)'")
            .has("cargo", "exit 0")
    }
    fn has(self, name: &str, script: &str) -> Self {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file in a fresh folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
        self
    }
    fn complete(self) -> Self {
        self.has("make", "").has("cc", "").has("perl", "").has("mvn", "").has("javac", "echo 'javac 17.0.15' >&2")
    }
    /// Runs the script without a terminal; exit status and what it said.
    fn doctor(&self, parts: &[&str]) -> (i32, String) {
        let output = Command::new(self.0.path().join("sh"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/doctor.sh"))
            .args(parts)
            .env_clear()
            .env("PATH", self.0.path())
            .env("LOG", self.0.path().join("log"))
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .expect("sh runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }
    fn log(&self) -> String {
        fs::read_to_string(self.0.path().join("log")).unwrap_or_default()
    }
}

const LOGGING_APT: &str = "echo \"apt-get $*\" >> \"$LOG\"";

#[test]
fn a_complete_machine_passes() {
    let (status, said) = Machine::new().complete().doctor(&["build", "test"]);
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("缺"), "{said}");
}

#[test]
fn rust_comes_first_and_new_enough() {
    for (version, line) in [("", "sh.rustup.rs"), ("rustc 1.80.1 (abc 2024-08-06)", "sh.rustup.rs")] {
        let machine = Machine::new().complete().has("rustc", &format!("echo '{version}'"));
        let (status, said) = machine.doctor(&["build"]);
        assert!(status == 1 && said.contains(line), "{version}: {said}");
    }
    let (status, said) =
        Machine::new().complete().has("rustc", "echo 'rustc 1.80.1 (a)'").has("rustup", "").doctor(&["build"]);
    assert!(status == 1 && said.contains("rustup update stable"), "{said}");
}

#[test]
fn nothing_is_installed_without_leave() {
    let machine = Machine::new().complete().has("apt-get", LOGGING_APT).has("sudo", LOGGING_APT);
    let machine = machine.has("perl", "exit 1").has("javac", "echo 'javac 11.0.2'").has("apt-cache", "exit 0");
    let (status, said) = machine.doctor(&["build", "test"]);
    assert_eq!(status, 1, "{said}");
    let line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends perl openjdk-17-jdk-headless\n";
    assert!(said.contains(line), "{said}");
    assert_eq!(machine.log(), "", "apt-get ran without a yes");
    let (status, said) = machine.doctor(&["build"]);
    assert!(status == 1 && !said.contains("jdk"), "make demo needs no JDK: {said}");
}

#[test]
fn root_on_debian_installs_and_looks_again() {
    let perl = "printf '#!/bin/sh\\n' > \"$PATH/perl\"; chmod +x \"$PATH/perl\"";
    let machine = Machine::new().complete().has("id", "echo 0").has("perl", "exit 1");
    let machine = machine.has("apt-get", &format!("{LOGGING_APT}; {perl}"));
    let (status, said) = machine.doctor(&["build"]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(machine.log(), "apt-get update -qq\napt-get install -y -qq --no-install-recommends perl\n");

    let useless = Machine::new().complete().has("id", "echo 0").has("perl", "exit 1").has("apt-get", LOGGING_APT);
    let (status, said) = useless.doctor(&["build"]);
    assert_eq!(status, 1, "what apt-get did not bring is still missing: {said}");
    assert_eq!(useless.log().lines().count(), 2, "one update and one install: {}", useless.log());
}

#[test]
fn a_machine_without_apt_gets_its_own_line() {
    let (status, said) =
        Machine::new().complete().has("make", "").has("cc", "").has("perl", "exit 1").doctor(&["build"]);
    assert!(status == 1 && said.contains("perl"), "{said}");
    let fedora = Machine::new().complete().has("perl", "exit 1").has("dnf", LOGGING_APT);
    let (status, said) = fedora.doctor(&["build"]);
    assert!(status == 1 && said.contains("sudo dnf install -y perl") && fedora.log().is_empty(), "{said}");
}

#[test]
fn an_unknown_part_is_an_error() {
    assert_eq!(Machine::new().complete().doctor(&["everything"]).0, 1);
}
