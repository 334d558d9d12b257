//! The phones: enrolled over TLS, worked offline, synced in any order; one of them is killed at the worst moment.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use wangge_core::{
    app::{App, HttpLink, SystemEnv},
    model::{Millis, ids::to_hex},
};

use super::{
    Voice,
    cast::{Chance, Member},
    day::said,
};
use crate::{
    County, CountyError,
    serve::{clock, entropy},
};

/// One phone.
pub struct Phone {
    /// Whose.
    pub member: Member,
    /// When its day began.
    pub began: Millis,
    /// Bytes of all requests and replies.
    pub bytes: u64,
    /// Requests answered.
    pub rounds: u64,
    dir: PathBuf,
    key: [u8; 32],
    app: Option<App>,
}

impl Phone {
    /// The running app.
    pub fn app(&self) -> Result<&App, CountyError> {
        self.app.as_ref().ok_or_else(|| CountyError::Storage("the phone is off".to_owned()))
    }

    fn open(&mut self) -> Result<(), CountyError> {
        let app = App::open(&self.dir, &self.key, Arc::new(SystemEnv), Arc::new(HttpLink)).map_err(said)?;
        self.app = Some(app);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), CountyError> {
        let report = self.app()?.sync(&()).map_err(said)?;
        if let Some(fault) = report.fault {
            return Err(said(fault));
        }
        self.bytes += report.bytes_up + report.bytes_down;
        self.rounds += u64::from(report.summary.rounds);
        Ok(())
    }
}

/// Invites, enrols and fills every phone.
pub fn enrol_all(county: &County, cast: &[Member], dir: &Path) -> Result<Vec<Phone>, CountyError> {
    let mut phones = Vec::new();
    for member in cast {
        let mut key = [0; 32];
        entropy(&mut key);
        let began = clock();
        let dir = dir.join(&member.id.0);
        let mut phone = Phone { member: member.clone(), began, bytes: 0, rounds: 0, dir, key, app: None };
        phone.open()?;
        let code = county.invite(&member.id, Some(member.role), began, &mut entropy)?;
        phone.app()?.enrol(&code.to_string(), &format!("{} 的手机", member.name)).map_err(said)?;
        phone.sync()?;
        phones.push(phone);
    }
    Ok(phones)
}

/// Everybody comes back into signal: in random order, some twice, one killed between the server's commit and its own.
pub fn sync_all(phones: &mut [Phone], mut chance: Chance, voice: &Voice) -> Result<(), CountyError> {
    let mut order: Vec<usize> = (0..phones.len()).collect();
    chance.shuffle(&mut order);
    let unlucky = order[chance.below(order.len())];
    for index in order {
        if index == unlucky {
            kill_in_mid_sync(&mut phones[index], voice)?;
        }
        for _ in 0..=chance.below(2) {
            phones[index].sync()?;
        }
    }
    // Who came first has not seen yet what the later ones brought.
    phones.iter_mut().try_for_each(Phone::sync)
}

/// Another process of the same program syncs this phone and dies with the reply in its hand: the server has the work,
/// the phone does not know it.
fn kill_in_mid_sync(phone: &mut Phone, voice: &Voice) -> Result<(), CountyError> {
    phone.app = None;
    let program = std::env::current_exe().map_err(|e| CountyError::file(Path::new("wangge-server"), e))?;
    let mut child = Command::new(program)
        .args(["demo-phone", "--dir"])
        .arg(&phone.dir)
        .env("WANGGE_DEMO_PHONE_KEY", to_hex(&phone.key))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| CountyError::file(&phone.dir, e))?;
    let lines = child.stdout.take().map(BufReader::new);
    let replied =
        lines.is_some_and(|lines| lines.lines().map_while(Result::ok).any(|line| line == super::child::REPLIED));
    child.kill().and_then(|()| child.wait()).map_err(|e| CountyError::file(&phone.dir, e))?;
    if !replied {
        return Err(CountyError::Storage("the phone to be killed never reached the server".to_owned()));
    }
    let name = phone.member.name;
    voice.say(&format!("{name} 的手机在同步途中被强行关机，重新打开"), "one phone killed in mid-sync and reopened");
    phone.open()
}
