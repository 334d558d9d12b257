//! The phone that gets killed: syncs in a process of its own and stops with the first reply in its hand.

use std::{io::Write as _, path::Path, sync::Arc, time::Duration};

use wangge_core::{
    app::{App, HttpLink, Link, SystemEnv, Transport, TransportError},
    model::{Millis, ids::from_hex},
};

use super::day::said;
use crate::CountyError;

/// Printed when the server has answered and the phone has stored nothing of it.
pub const REPLIED: &str = "replied";

struct Stalled;

struct StalledTransport(Arc<dyn Transport>);

impl Link for Stalled {
    fn connect(&self, url: &str, root: [u8; 32], time: Option<Millis>) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(StalledTransport(HttpLink.connect(url, root, time)?)))
    }
}

impl Transport for StalledTransport {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        let reply = self.0.post(path, body)?;
        say!("{REPLIED}");
        let _ = std::io::stdout().flush();
        std::thread::sleep(Duration::from_secs(30));
        Ok(reply)
    }
}

/// Syncs the phone in `dir`; its key comes by the environment, so that no list of processes shows it.
pub fn run(dir: &Path) -> Result<(), CountyError> {
    let key = std::env::var("WANGGE_DEMO_PHONE_KEY").ok().and_then(|hex| from_hex::<32>(&hex));
    let key = key.ok_or_else(|| CountyError::invalid("缺少手机密钥", "the phone's key is missing"))?;
    let app = App::open(dir, &key, Arc::new(SystemEnv), Arc::new(Stalled)).map_err(said)?;
    app.sync(&()).map_err(said)?;
    Ok(())
}
