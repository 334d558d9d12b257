//! What the core needs from the machine it runs on: time, chance, a signing key, a way to the server.

use std::sync::Arc;

use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};

use crate::{
    model::Millis,
    net::{HttpTransport, Transport, TransportError},
    sync::frame::MAX_WIRE,
};

/// Time and chance. Nothing else in the core reads either.
pub trait Env: Send + Sync {
    /// Now by this machine's clock.
    fn now(&self) -> Millis;
    /// Fills bytes that nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
    /// Waits.
    fn wait(&self, ms: u64);
}

/// The system's clock and randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a system without randomness cannot keep secrets");
    }
    fn wait(&self, ms: u64) {
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }
}

/// The device's P-256 signing key. On a phone it lives in the platform's key store.
pub trait DeviceKey: Send + Sync {
    /// Public key, SEC1 compressed (33 bytes).
    fn public(&self) -> Vec<u8>;
    /// ECDSA over SHA-256 of the bytes, 64 bytes r ‖ s.
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String>;
}

/// A signing key in software, for desktops and tests; its scalar is kept in the encrypted store.
pub struct SoftwareKey(SigningKey);

impl SoftwareKey {
    /// A new key from a source of random bytes.
    pub fn generate(fill: &mut dyn FnMut(&mut [u8])) -> Self {
        loop {
            let mut bytes = [0; 32];
            fill(&mut bytes);
            if let Some(key) = Self::from_bytes(&bytes) {
                return key;
            }
        }
    }
    /// The key of a scalar; none for zero or a number past the group's order.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }
    /// The scalar, for the encrypted store.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }
}

impl DeviceKey for SoftwareKey {
    fn public(&self) -> Vec<u8> {
        self.0.verifying_key().to_sec1_point(true).as_bytes().to_vec()
    }
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let signature: Signature = self.0.sign(bytes);
        Ok(signature.to_bytes().to_vec())
    }
}

/// Makes the way to a server.
pub trait Link: Send + Sync {
    /// A transport to an address under a pinned root; `server_time` is what the server last said of the time.
    fn connect(
        &self,
        url: &str,
        root: [u8; 32],
        server_time: Option<Millis>,
    ) -> Result<Arc<dyn Transport>, TransportError>;
}

/// HTTPS.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpLink;

impl Link for HttpLink {
    fn connect(
        &self,
        url: &str,
        root: [u8; 32],
        server_time: Option<Millis>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(HttpTransport::new(url, root, server_time, MAX_WIRE)?))
    }
}
