//! A county on disk and on a real TLS listener, and phones that reach it over loopback.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

use wangge_core::{
    app::{App, HttpLink, Link, SystemEnv},
    model::{Role, Scope, UserId},
};
use wangge_server::{
    County, Keys,
    county::NewCounty,
    keys::files,
    log::Log,
    serve::{Listen, Server, clock, entropy},
};

use super::BenchError;

/// A county whose files stand in one directory.
pub struct Site {
    dir: PathBuf,
    port: u16,
    running: Option<(Arc<County>, Server)>,
}

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::new("county", error)
}

impl Site {
    /// A new county, already serving.
    pub fn new(dir: &Path) -> Result<Self, BenchError> {
        let site = Self { dir: dir.to_owned(), port: 0, running: None };
        let mut seed = [0; 32];
        entropy(&mut seed);
        let hosts = ["127.0.0.1".to_owned()];
        files::create(&site.keys_dir(), &site.data_dir(), &Keys::from_seed(seed), &hosts, clock()).map_err(failed)?;
        let new = NewCounty { name: "云溪县".to_owned(), url: String::new(), epoch: 1 };
        drop(County::create(&site.data_dir(), &site.keys_dir(), &new, clock()).map_err(failed)?);
        site.started()
    }

    /// A copy of a county that is not running, serving where the other one did.
    pub fn copy_of(other: &Path, dir: &Path, port: u16) -> Result<Self, BenchError> {
        copy_dir(other, dir)?;
        Self { dir: dir.to_owned(), port, running: None }.started()
    }

    fn started(mut self) -> Result<Self, BenchError> {
        let county = Arc::new(County::open(&self.data_dir(), &self.keys_dir()).map_err(failed)?);
        let listen = Listen { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: self.port, any_port: false };
        let server =
            Server::start(county.clone(), &self.keys_dir(), Vec::new(), &listen, Log::Quiet).map_err(failed)?;
        self.port = server.address().port();
        county.set_url(&format!("https://127.0.0.1:{}", self.port)).map_err(failed)?;
        self.running = Some((county, server));
        Ok(self)
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.join("county")
    }
    fn keys_dir(&self) -> PathBuf {
        self.dir.join("county-keys")
    }

    /// The county.
    pub fn county(&self) -> &Arc<County> {
        let (county, _) = self.running.as_ref().expect("a site serves until it is stopped");
        county
    }
    /// Port that it serves on.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// Stops serving; the files stay.
    pub fn stop(self) {
        drop(self.running);
    }

    /// Lets a worker work in these grids, and makes a code for a phone.
    pub fn invite(&self, user: &str, grids: &[Scope]) -> Result<String, BenchError> {
        let (county, user) = (self.county(), UserId::from(user));
        county.add_user(&user, &user.0, clock()).map_err(failed)?;
        for grid in grids {
            county.add_region(grid, &grid.0).map_err(failed)?;
            county.assign(&user, Role::GW, grid, clock()).map_err(failed)?;
        }
        Ok(county.invite(&user, None, clock(), &mut entropy).map_err(failed)?.to_string())
    }
}

/// The key of every phone here: what is measured does not depend on it.
const KEY: [u8; 32] = *b"a key of the bench, not a secret";

/// Opens a phone in a directory.
pub fn phone(dir: &Path, link: Arc<dyn Link>) -> Result<App, BenchError> {
    fs::create_dir_all(dir).map_err(|e| BenchError::new("phone", e))?;
    App::open(dir, &KEY, Arc::new(SystemEnv), link).map_err(|e| BenchError::new("phone", e))
}

/// Opens a phone that reaches its county over TLS.
pub fn phone_over_tls(dir: &Path) -> Result<App, BenchError> {
    phone(dir, Arc::new(HttpLink))
}

/// Copies a directory with everything in it.
pub fn copy_dir(from: &Path, to: &Path) -> Result<(), BenchError> {
    let copy = || {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                copy_dir(&entry.path(), &target).map_err(std::io::Error::other)?;
            } else {
                fs::copy(entry.path(), target)?;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    copy().map_err(|e| BenchError::new("copy", e))
}
