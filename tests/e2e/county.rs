//! The server program as a county runs it, in a process that can be killed.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use tempfile::TempDir;
use wangge_core::app::{App, HttpLink, SystemEnv};
use wangge_harness::world::Ledger;
use wangge_server::County;

/// The program beside this test, built by cargo from the sources of this tree.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("this test");
        let folder = test.parent().and_then(Path::parent).expect("target/<profile>/deps");
        let program = folder.join(format!("wangge-server{}", std::env::consts::EXE_SUFFIX));
        if !is_fresh(&program) {
            let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
            build.args(["build", "--quiet", "-p", "wangge-server", "--bin", "wangge-server"]).current_dir(top());
            if folder.ends_with("release") {
                build.arg("--release");
            }
            build.arg("--target-dir").arg(folder.parent().expect("target"));
            assert!(build.status().expect("cargo").success(), "wangge-server does not build");
        }
        program
    })
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether the program is newer than every source it is made of. `cargo test --workspace` has built it by now; a test of
/// this package alone may find an old one.
fn is_fresh(program: &Path) -> bool {
    fn newest(dir: &Path) -> Option<SystemTime> {
        let entries = fs::read_dir(dir).ok()?.filter_map(Result::ok);
        let of_entry = |entry: fs::DirEntry| {
            let path = entry.path();
            if path.is_dir() { newest(&path) } else { fs::metadata(path).and_then(|meta| meta.modified()).ok() }
        };
        entries.filter_map(of_entry).max()
    }
    let Ok(built) = fs::metadata(program).and_then(|meta| meta.modified()) else { return false };
    let folders = ["core/src", "core/schema", "core/migrations", "sync-server/src", "sync-server/migrations"]
        .map(|f| top().join(f));
    folders.iter().filter_map(|folder| newest(folder)).all(|source| source <= built)
}

/// A county and its server process.
pub struct Site {
    dir: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Site {
    /// `init`, two grids, and `serve` on a free port.
    pub fn new() -> Self {
        let dir = TempDir::new().expect("temporary directory");
        let mut site = Self { dir, port: 0, server: None };
        let init = ["init", "--county", "云溪县", "--host", "127.0.0.1", "--admin", "admin", "--password-stdin"];
        site.run(&init, "一个很长的密码 correct horse\n");
        for grid in ["990123001001001", "990123001001002"] {
            site.run(&["region", "add", grid, "--name", "西王村"], "");
        }
        site.serve();
        site
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its good end.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("input");
        let output = child.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Starts serving where it served before.
    pub fn serve(&mut self) {
        let port = self.port.to_string();
        let arguments = ["serve", "--listen", "127.0.0.1", "--port", &port, "--quiet", "--json"];
        let mut child = self.command(&arguments).stderr(Stdio::inherit()).spawn().expect("the server starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        self.port = said["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        self.server = Some(child);
    }

    /// Kills the server at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("SIGKILL");
            server.wait().expect("its end");
        }
    }

    /// Whether the server process is still there.
    pub fn is_up(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.try_wait().expect("a process").is_none())
    }

    /// Port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// Serves on this port from now on.
    pub fn move_to(&mut self, port: u16) {
        self.kill();
        self.port = port;
        self.serve();
    }

    /// An enrolment code for a worker of both grids.
    pub fn invite(&self, user: &str, role: &str) -> String {
        let arguments = ["invite", "--user", user, "--role", role, "--grid", "990123001001001", "--json"];
        let output = self.run(&arguments, "");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        said["code"].as_str().expect("a code").to_owned()
    }

    /// Figures of `status`.
    pub fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.run(&["status", "--json"], "").stdout).expect("JSON")
    }

    /// The county itself, beside the running server.
    pub fn county(&self) -> County {
        let data = self.dir.path().join("wangge-data");
        County::open_beside(&data, &self.dir.path().join("wangge-data-keys")).expect("the county")
    }
    /// What its logs hold.
    pub fn ledger(&self) -> Ledger {
        Ledger::read(&self.county()).expect("logs whose sums are right")
    }

    /// A phone of its own, not enrolled.
    pub fn phone(&self, name: &str) -> App {
        let home = self.dir.path().join(name);
        fs::create_dir_all(&home).expect("a directory");
        App::open(&home, &[7; 32], Arc::new(SystemEnv), Arc::new(HttpLink)).expect("a phone")
    }
    /// An enrolled phone.
    pub fn enrolled(&self, name: &str, role: &str) -> App {
        let phone = self.phone(name);
        phone.enrol(&self.invite(name, role), name).expect("enrolment");
        phone
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}
