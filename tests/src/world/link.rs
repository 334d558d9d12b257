//! The way between a phone and the county without sockets: the server's own functions, called in place, and the faults
//! of a real network.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use wangge_core::{
    app::Link,
    model::Millis,
    net::{Transport, TransportError},
};
use wangge_server::{County, api};

use super::clock::{Clock, Rng};

/// What the network does to the next requests of one phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// No signal.
    pub offline: bool,
    /// So many of the next replies are lost after the server has done its work.
    pub lose_replies: u32,
    /// Every request reaches the server twice.
    pub twice: bool,
}

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that reached the server.
    pub requests: u64,
    /// Bytes of request bodies.
    pub up: u64,
    /// Bytes of reply bodies.
    pub down: u64,
}

/// Where the county is reached: it may be closed and opened again behind the same address.
#[derive(Debug)]
pub struct Desk(RwLock<Option<Arc<County>>>);

impl Desk {
    /// An open county.
    pub fn new(county: County) -> Self {
        Self(RwLock::new(Some(Arc::new(county))))
    }
    /// The county.
    ///
    /// # Panics
    /// While it is closed.
    pub fn county(&self) -> Arc<County> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone().expect("the county is open")
    }
    /// Closes the county and puts another in its place, which `open` makes. Nobody may be talking to it.
    pub fn reopen<E>(&self, open: impl FnOnce() -> Result<County, E>) -> Result<(), E> {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        drop(place.take());
        *place = Some(Arc::new(open()?));
        Ok(())
    }
}

struct Line {
    county: Arc<Desk>,
    clock: Arc<Clock>,
    rng: Mutex<Rng>,
    weather: Mutex<Weather>,
    requests: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
}

/// One phone's line to the county.
#[derive(Clone)]
pub struct LocalLink(Arc<Line>);

impl LocalLink {
    /// A line in fair weather.
    pub fn new(county: Arc<Desk>, clock: Arc<Clock>, rng: Rng) -> Self {
        Self(Arc::new(Line {
            county,
            clock,
            rng: Mutex::new(rng),
            weather: Mutex::default(),
            requests: AtomicU64::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
        }))
    }
    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        *self.0.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }
    /// What went over the wire so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.0.requests.load(Relaxed),
            up: self.0.up.load(Relaxed),
            down: self.0.down.load(Relaxed),
        }
    }
}

impl Line {
    fn serve(&self, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = api::handle(&self.county.county(), path, body, self.clock.now(), &mut |bytes| rng.fill(bytes));
        self.requests.fetch_add(1, Relaxed);
        self.up.fetch_add(body.len() as u64, Relaxed);
        self.down.fetch_add(reply.1.len() as u64, Relaxed);
        reply
    }
}

impl Link for LocalLink {
    fn connect(
        &self,
        _url: &str,
        root: [u8; 32],
        _server_time: Option<Millis>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        if root != self.0.county.county().keys().root_pin() {
            return Err(TransportError::WrongCertificate("another county's root".to_owned()));
        }
        Ok(Arc::new(self.clone()))
    }
}

impl Transport for LocalLink {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        let weather = *self.0.weather.lock().unwrap_or_else(PoisonError::into_inner);
        if weather.offline {
            return Err(TransportError::Offline("no signal".to_owned()));
        }
        let reply = self.0.serve(path, &body);
        if weather.twice {
            // The copy is a replay: nobody hears its answer, and it must change nothing.
            self.0.serve(path, &body);
        }
        if weather.lose_replies > 0 {
            self.set(Weather { lose_replies: weather.lose_replies - 1, ..weather });
            return Err(TransportError::Timeout);
        }
        Ok(reply)
    }
}
