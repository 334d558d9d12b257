//! Time and chance as the world gives them: one clock for the county, one for each phone, one seed for all.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use wangge_core::{app::Env, model::Millis};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine. Nothing here needs to be secret.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.number() % n.max(1)
    }
    /// Fills bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.number().to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
    /// A stream of its own, so that what one part draws does not move another.
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }
}

/// True time. It only runs forward.
#[derive(Debug)]
pub struct Clock(AtomicI64);

impl Clock {
    /// A clock that stands at `now`.
    pub fn new(now: Millis) -> Self {
        Self(AtomicI64::new(now.0))
    }
    /// Now.
    pub fn now(&self) -> Millis {
        Millis(self.0.load(SeqCst))
    }
    /// Moves on to `at`, never back.
    pub fn reach(&self, at: Millis) -> Millis {
        Millis(self.0.fetch_max(at.0, SeqCst).max(at.0))
    }
    /// Moves on by `ms`.
    pub fn pass(&self, ms: i64) -> Millis {
        Millis(self.0.fetch_add(ms, SeqCst) + ms)
    }
}

/// What one phone sees of time and chance. Its clock may be wrong by a constant.
#[derive(Debug)]
pub struct PhoneEnv {
    clock: Arc<Clock>,
    offset: AtomicI64,
    own: Clock,
    rng: Mutex<Rng>,
}

impl PhoneEnv {
    /// A phone in the world of `clock`, wrong by `offset` milliseconds.
    pub fn new(clock: Arc<Clock>, offset: i64, rng: Rng) -> Self {
        let own = Clock::new(Millis(i64::MIN));
        own.reach(clock.now());
        Self { clock, offset: AtomicI64::new(offset), own, rng: Mutex::new(rng) }
    }
    /// An offline phone lives on while the county's clock stands still: moves this phone's time alone.
    pub fn live_until(&self, at: Millis) {
        self.own.reach(at);
    }
    /// Back in contact: this phone's time is the world's.
    pub fn meet(&self) {
        let met = self.clock.reach(self.own.now());
        self.own.reach(met);
    }
    /// True time on this phone, without the error of its clock.
    pub fn true_time(&self) -> Millis {
        self.own.now()
    }
    /// How wrong this phone's clock is.
    pub fn offset(&self) -> i64 {
        self.offset.load(SeqCst)
    }
}

impl Env for PhoneEnv {
    fn now(&self) -> Millis {
        self.own.now().plus(self.offset())
    }
    fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
    fn wait(&self, ms: u64) {
        self.own.pass(i64::try_from(ms).unwrap_or(i64::MAX));
        self.meet();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_stream_and_known_numbers() {
        // First outputs of SplitMix64 for seed 1234567, as published with the reference implementation.
        let mut rng = Rng::new(1_234_567);
        assert_eq!([rng.number(), rng.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        let (mut a, mut b) = (Rng::new(9), Rng::new(9));
        let (mut left, mut right) = ([0; 13], [0; 13]);
        a.fill(&mut left);
        b.fill(&mut right);
        assert_eq!(left, right);
        assert_ne!(left, [0; 13]);
    }

    #[test]
    fn a_phone_offline_lives_on_and_then_meets_the_world() {
        let clock = Arc::new(Clock::new(Millis(1_000)));
        let phone = PhoneEnv::new(clock.clone(), 50, Rng::new(1));
        assert_eq!(phone.now(), Millis(1_050));
        phone.live_until(Millis(5_000));
        assert_eq!((phone.now(), clock.now()), (Millis(5_050), Millis(1_000)));
        phone.meet();
        assert_eq!(clock.now(), Millis(5_000));
        clock.pass(10);
        phone.live_until(Millis(2_000));
        assert_eq!(phone.true_time(), Millis(5_000), "time does not run backward");
        phone.wait(100);
        assert_eq!(clock.now(), Millis(5_100));
    }
}
