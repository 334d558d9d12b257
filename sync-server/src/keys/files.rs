//! The keys directory: seed, root certificate, server certificate; readable by the owner alone.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use wangge_core::model::{
    Millis,
    ids::{from_hex, to_hex},
};
use zeroize::Zeroizing;

use super::{
    Keys,
    tls::{SERVER_DAYS, ServerCertificate},
};
use crate::CountyError;

const SEED: &str = "county.key";
const ROOT: &str = "root.crt";
const CHAIN: &str = "server.crt";
const KEY: &str = "server.key";
const ABOUT: &str = "server.json";

#[derive(Serialize, Deserialize)]
struct About {
    hosts: Vec<String>,
    issued_at: Millis,
}

/// Where the keys are unless somebody says otherwise: beside the data, under its name.
pub fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push("-keys");
    PathBuf::from(name)
}

/// Writes a new keys directory. Refuses a place inside the data directory, and one that already holds keys.
pub fn create(dir: &Path, data: &Path, keys: &Keys, hosts: &[String], now: Millis) -> Result<(), CountyError> {
    if absolute(dir)?.starts_with(absolute(data)?) {
        return Err(CountyError::invalid(
            "密钥目录不能放在数据目录里面：备份数据时会把密钥一起带走",
            "the keys directory must not be inside the data directory: a copy of the data would carry its own keys",
        ));
    }
    if dir.join(SEED).exists() {
        return Err(CountyError::Exists(dir.display().to_string()));
    }
    write_all(dir, keys, hosts, now).inspect_err(|_| discard(dir))
}

fn write_all(dir: &Path, keys: &Keys, hosts: &[String], now: Millis) -> Result<(), CountyError> {
    make_private_dir(dir)?;
    write_private(&dir.join(SEED), format!("{}\n", to_hex(keys.seed())).as_bytes())?;
    write_private(&dir.join(ROOT), keys.root().certificate_pem()?.as_bytes())?;
    server_certificate(dir, keys, hosts, now)?;
    sync_dir(dir)
}

/// Takes back what [`create`] wrote, after a later step of founding a county failed.
pub fn discard(dir: &Path) {
    for name in [SEED, ROOT, CHAIN, KEY, ABOUT] {
        let _ = fs::remove_file(dir.join(name));
    }
    let _ = fs::remove_dir(dir);
}

/// Reads the seed and derives the keys.
pub fn load(dir: &Path) -> Result<Keys, CountyError> {
    let path = dir.join(SEED);
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CountyError::not_found(
            format!("找不到县级密钥 {}：请用 --keys 指明密钥目录，或用恢复单重建（init --recover）", path.display()),
            format!("no county keys at {}: name them with --keys, or rebuild them (init --recover)", path.display()),
        ),
        _ => CountyError::file(&path, error),
    })?);
    from_hex(text.trim()).map(Keys::from_seed).ok_or_else(|| {
        CountyError::invalid(
            format!("密钥文件 {} 已损坏：请用恢复单重建（init --recover）", path.display()),
            format!("key file {} is damaged: rebuild it from the recovery sheet (init --recover)", path.display()),
        )
    })
}

/// The server certificate on disk, made anew where it is missing, older than half its time, or lacks a host.
pub fn server_certificate(
    dir: &Path,
    keys: &Keys,
    hosts: &[String],
    now: Millis,
) -> Result<ServerCertificate, CountyError> {
    let about: Option<About> = fs::read(dir.join(ABOUT)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut wanted: Vec<String> = hosts.to_vec();
    if let Some(about) = about {
        let fresh =
            now.0 >= about.issued_at.0 && now.0 < about.issued_at.plus(Millis::DAY * i64::from(SERVER_DAYS) / 2).0;
        let chain = fs::read_to_string(dir.join(CHAIN));
        let key = fs::read_to_string(dir.join(KEY));
        if let (true, Ok(chain_pem), Ok(key_pem)) = (fresh && hosts.iter().all(|h| about.hosts.contains(h)), chain, key)
        {
            return Ok(ServerCertificate { chain_pem, key_pem: Zeroizing::new(key_pem) });
        }
        wanted.extend(about.hosts);
    }
    wanted.sort();
    wanted.dedup();
    let made = keys.root().issue(&wanted, now)?;
    write_private(&dir.join(KEY), made.key_pem.as_bytes())?;
    write_private(&dir.join(CHAIN), made.chain_pem.as_bytes())?;
    let about = serde_json::to_vec(&About { hosts: wanted, issued_at: now }).expect("plain data");
    write_private(&dir.join(ABOUT), &about)?;
    Ok(made)
}

/// Makes a directory that only its owner can enter.
pub fn make_private_dir(dir: &Path) -> Result<(), CountyError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| CountyError::file(dir, error))
}

/// Writes a file that only its owner can read: beside its place first, then renamed, so that no half file is left.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CountyError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| CountyError::file(path, error))
}

/// Makes sure that new names in a directory outlive a power cut.
pub fn sync_dir(dir: &Path) -> Result<(), CountyError> {
    if cfg!(unix) {
        File::open(dir).and_then(|handle| handle.sync_all()).map_err(|error| CountyError::file(dir, error))?;
    }
    Ok(())
}

/// The path with links followed as far as it exists.
fn absolute(path: &Path) -> Result<PathBuf, CountyError> {
    let full = std::path::absolute(path).map_err(|error| CountyError::file(path, error))?;
    let mut known = full.as_path();
    loop {
        if let Ok(real) = known.canonicalize() {
            let rest = full.strip_prefix(known).expect("taken from it by cutting names off");
            return Ok(real.join(rest));
        }
        match known.parent() {
            Some(parent) => known = parent,
            None => return Ok(full),
        }
    }
}
