//! A small county in one process: the real server functions, real phones on real encrypted stores, one clock, one seed.

mod clock;
mod ledger;
mod link;

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;
use wangge_core::{
    app::{App, AppError, SyncReport},
    merge::{self, Edit},
    model::{KindName, Millis, RecordId, Role, Schema, Scope, Source, UserId, Value},
};
use wangge_server::{
    County, CountyError, Keys,
    county::{CommandDone, CommandOrder, NewCounty, ServerRecord},
    import::write::AUTHOR,
    keys::files,
};

pub use clock::{Clock, PhoneEnv, Rng};
pub use ledger::{Ledger, Logged};
pub use link::{Desk, LocalLink, Traffic, Weather};

/// Why a world could not be made: never a verdict about the product, always worth reading.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WorldError(pub String);

impl WorldError {
    pub(crate) fn new(what: &str, error: impl Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// A county and the people whose phones are enrolled in it.
pub struct World {
    desk: Arc<Desk>,
    /// True time.
    pub clock: Arc<Clock>,
    /// Everybody's phone, in order of enrolment.
    pub phones: Vec<Phone>,
    rng: Rng,
    dir: TempDir,
}

/// One person's phone.
pub struct Phone {
    /// The person's name.
    pub name: String,
    /// Account.
    pub user: UserId,
    /// Role.
    pub role: Role,
    /// Grids.
    pub scopes: Vec<Scope>,
    /// The core itself.
    pub app: App,
    /// Its time and chance.
    pub env: Arc<PhoneEnv>,
    /// Its line to the county.
    pub link: LocalLink,
    home: PathBuf,
    key: [u8; 32],
}

impl Phone {
    /// Meets the county's time and syncs.
    pub fn sync(&self) -> Result<SyncReport, AppError> {
        self.env.meet();
        self.app.sync(&())
    }
}

impl World {
    /// A new county whose clock stands at `start`. Everything random in it follows from the seed. Its files lie in
    /// memory where the system offers that: a story asks what is stored, not how fast a disk is.
    pub fn new(seed: u64, start: Millis) -> Result<Self, WorldError> {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Self::in_dir(dir.map_err(|e| WorldError::new("temporary directory", e))?, seed, start)
    }

    /// The same with its files in a directory of the caller's choice.
    pub fn in_dir(dir: TempDir, seed: u64, start: Millis) -> Result<Self, WorldError> {
        let mut rng = Rng::new(seed);
        let county = county(dir.path(), &mut rng, start)?;
        let clock = Arc::new(Clock::new(start));
        Ok(Self { desk: Arc::new(Desk::new(county)), clock, phones: Vec::new(), rng, dir })
    }

    /// The county's own functions.
    pub fn county(&self) -> Arc<County> {
        self.desk.county()
    }

    /// Closes the county and opens it again under another dictionary.
    pub fn reopen_county(&self, schema: &'static Schema) -> Result<(), WorldError> {
        let (data, keys) = county_dirs(self.dir.path());
        let open = || Ok::<_, CountyError>(County::open(&data, &keys)?.with_schema(schema));
        self.desk.reopen(open).map_err(|error| WorldError::new("county", error))
    }

    /// The grid of a number: a code of the shape of DOMAIN 3.7.
    pub fn grid(number: usize) -> Scope {
        Scope(format!("990123001001{number:03}"))
    }

    /// Enrols a phone. Its clock is wrong by `offset` milliseconds.
    pub fn enrol(&mut self, name: &str, role: Role, scopes: &[Scope], offset: i64) -> Result<&Phone, WorldError> {
        self.enrol_under(Schema::built_in(), name, role, scopes, offset)
    }

    /// The same under another dictionary than the one that ships.
    pub fn enrol_under(
        &mut self,
        schema: &'static Schema,
        name: &str,
        role: Role,
        scopes: &[Scope],
        offset: i64,
    ) -> Result<&Phone, WorldError> {
        let failed = |error: &dyn Display| WorldError::new(&format!("enrolment of {name}"), error);
        let user = UserId(name.to_owned());
        let now = self.clock.now();
        self.county().add_user(&user, name, now).map_err(|e| failed(&e))?;
        for scope in scopes {
            self.county().add_region(scope, &scope.0).map_err(|e| failed(&e))?;
            self.county().assign(&user, role, scope, now).map_err(|e| failed(&e))?;
        }
        let mut rng = self.rng.fork();
        let code =
            self.county().invite(&user, Some(role), now, &mut |bytes| rng.fill(bytes)).map_err(|e| failed(&e))?;
        let env = Arc::new(PhoneEnv::new(self.clock.clone(), offset, rng.fork()));
        let link = LocalLink::new(self.desk.clone(), self.clock.clone(), rng.fork());
        let (home, mut key) = (self.dir.path().join(format!("phone{}", self.phones.len() + 1)), [0; 32]);
        rng.fill(&mut key);
        std::fs::create_dir_all(&home).map_err(|e| failed(&e))?;
        let app = App::open(&home, &key, env.clone(), Arc::new(link.clone())).map_err(|e| failed(&e))?;
        let app = app.with_schema(schema);
        app.enrol(&code.to_string(), name).map_err(|e| failed(&e))?;
        let phone = Phone { name: name.to_owned(), user, role, scopes: scopes.to_vec(), app, env, link, home, key };
        self.phones.push(phone);
        Ok(&self.phones[self.phones.len() - 1])
    }

    /// A phone gets another edition of the program, with another dictionary.
    pub fn update_phone(&mut self, name: &str, schema: &'static Schema) -> Result<(), WorldError> {
        let failed = |error| WorldError::new("new edition of the program", error);
        for phone in self.phones.iter_mut().filter(|phone| phone.name == name) {
            phone.app.close().map_err(failed)?;
            let app = App::open(&phone.home, &phone.key, phone.env.clone(), Arc::new(phone.link.clone()));
            phone.app = app.map_err(failed)?.with_schema(schema);
        }
        Ok(())
    }

    /// Lets an enrolled person work in one grid more.
    pub fn assign(&mut self, name: &str, scope: &Scope, at: Millis) -> Result<(), WorldError> {
        let failed = |error| WorldError::new("assignment", error);
        let now = self.clock.reach(at);
        self.county().add_region(scope, &scope.0).map_err(failed)?;
        let county = self.county();
        for phone in self.phones.iter_mut().filter(|phone| phone.name == name) {
            county.assign(&phone.user, phone.role, scope, now).map_err(failed)?;
            if !phone.scopes.contains(scope) {
                phone.scopes.push(scope.clone());
            }
        }
        Ok(())
    }

    /// Takes an enrolled person off a grid.
    pub fn unassign(&mut self, name: &str, scope: &Scope, at: Millis) -> Result<(), WorldError> {
        let now = self.clock.reach(at);
        let county = self.county();
        for phone in self.phones.iter_mut().filter(|phone| phone.name == name) {
            let done = county.unassign(&phone.user, phone.role, scope, now);
            done.map_err(|error| WorldError::new("assignment", error))?;
            phone.scopes.retain(|known| known != scope);
        }
        Ok(())
    }

    /// What a row of a registry says of one record, written as the county's import writes it: what is new, and a
    /// confirmation of what is in force already. Gives the record, a new one where none is named.
    pub fn import(
        &mut self,
        known: Option<RecordId>,
        kind: &KindName,
        scope: &Scope,
        seen: Option<Millis>,
        at: Millis,
        fields: Vec<(String, Value)>,
    ) -> Result<RecordId, WorldError> {
        let failed = |error| WorldError::new("import", error);
        let now = self.clock.reach(at);
        let (schema, mut rng) = (self.county().schema(), self.rng.fork());
        let mut bytes = [0; 10];
        rng.fill(&mut bytes);
        let mut row = ServerRecord {
            record: known.unwrap_or_else(|| RecordId::new(now, bytes)),
            kind: kind.clone(),
            scope: scope.clone(),
            source: Source::Registry,
            observed_at: seen.unwrap_or(now),
            fields: vec![],
            seen: vec![],
        };
        let state = known.map(|record| self.county().resolve_record(&record)).transpose().map_err(failed)?;
        for (key, value) in fields {
            let field = schema.kind(&kind.0).and_then(|kind| Some((kind, kind.field(&key)?)));
            let doc = state.iter().flat_map(|state| &state.docs);
            let doc =
                field.and_then(|(kind, field)| Some((kind, doc.into_iter().find(|d| d.0.audience == field.audience)?)));
            let Some((kind, (_, resolved))) = doc else {
                row.fields.push((key, value));
                continue;
            };
            let plan = merge::plan(schema, kind, resolved, &[Edit { key, value }], false);
            row.fields.extend(plan.puts);
            row.seen.extend(plan.seen);
        }
        if let Some(state) = &state {
            row.scope.clone_from(state.scopes.first().unwrap_or(scope));
        }
        let (record, author) = (row.record, UserId::from(AUTHOR));
        let random = &mut |bytes: &mut [u8]| rng.fill(bytes);
        self.county().write_as_server(&author, Role::CC, now, random, vec![row]).map_err(failed)?;
        Ok(record)
    }

    /// What the county does in the background while it serves; gives how many changes it wrote.
    pub fn keep_up(&mut self) -> Result<u64, WorldError> {
        let (now, mut rng) = (self.clock.now(), self.rng.fork());
        let written = self.county().keep_up(now, &mut |bytes| rng.fill(bytes));
        written.map_err(|error| WorldError::new("background work of the county", error))
    }

    /// A command that somebody does at the county's desk.
    pub fn order(&mut self, order: &CommandOrder<'_>, at: Millis) -> Result<CommandDone, WorldError> {
        let (now, mut rng) = (self.clock.reach(at), self.rng.fork());
        let done = self.county().command(order, now, &mut |bytes| rng.fill(bytes));
        done.map_err(|error| WorldError(error.to_string()))
    }

    /// The phone of a person.
    pub fn phone(&self, name: &str) -> Option<&Phone> {
        self.phones.iter().find(|phone| phone.name == name)
    }

    /// What the county's logs hold.
    pub fn ledger(&self) -> Result<Ledger, WorldError> {
        Ledger::read(&self.county())
    }
}

fn county_dirs(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("county"), dir.join("county-keys"))
}

fn county(dir: &Path, rng: &mut Rng, now: Millis) -> Result<County, WorldError> {
    let failed = |error| WorldError::new("county", error);
    let (data, keys_dir) = county_dirs(dir);
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    let keys = Keys::from_seed(seed);
    files::create(&keys_dir, &data, &keys, &["localhost".to_owned()], now).map_err(failed)?;
    let new = NewCounty { name: "云溪县".to_owned(), url: "https://localhost:8443".to_owned(), epoch: 1 };
    County::create(&data, &keys_dir, &new, now).map_err(failed)
}
