//! Believes a server whose certificate stands under the pinned county root, whatever its address is.
//!
//! The certificate names `wangge.county`, a name that no resolver knows: the address may then change, and a renewed
//! certificate is believed, without touching a phone (core/docs/adr/0004).

use std::{sync::Arc, time::Duration};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use sha2::{Digest as _, Sha256};

use crate::model::Millis;

/// The name that every certificate of a county server carries.
pub const SERVER_NAME: &str = "wangge.county";

/// A phone's clock is believed as long as it is within this of what the server last said.
const BELIEVABLE: u64 = 400 * 86_400;

/// The verifier.
#[derive(Debug)]
pub struct PinVerifier {
    root: [u8; 32],
    server_time: Option<Millis>,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    /// Pins the SHA-256 of the root's SubjectPublicKeyInfo.
    pub fn new(root: [u8; 32], server_time: Option<Millis>, provider: Arc<CryptoProvider>) -> Self {
        Self { root, server_time, provider }
    }

    fn is_root(&self, certificate: &CertificateDer<'_>) -> bool {
        ParsedCertificate::try_from(certificate)
            .is_ok_and(|parsed| Sha256::digest(parsed.subject_public_key_info().as_ref())[..] == self.root)
    }

    /// A phone whose clock says 2099 must still hand over its work.
    fn time(&self, clock: UnixTime) -> UnixTime {
        let Some(said) = self.server_time.and_then(|t| u64::try_from(t.0 / 1000).ok()) else { return clock };
        if clock.as_secs().abs_diff(said) <= BELIEVABLE {
            clock
        } else {
            UnixTime::since_unix_epoch(Duration::from_secs(said))
        }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let root = intermediates
            .iter()
            .find(|certificate| self.is_root(certificate))
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        let under_root = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|_| Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let name = ServerName::try_from(SERVER_NAME).map_err(|e| Error::General(e.to_string()))?;
        under_root.verify_server_cert(end_entity, &[], &name, ocsp, self.time(now))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_years_away_from_the_servers_is_not_believed() {
        let at = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let said = 1_780_000_000;
        let pin = PinVerifier::new([0; 32], Some(Millis(said as i64 * 1000)), provider.clone());
        assert_eq!(pin.time(at(said + 86_400)), at(said + 86_400));
        assert_eq!(pin.time(at(4_070_908_800)), at(said), "2099");
        assert_eq!(pin.time(at(0)), at(said), "1970");
        let fresh = PinVerifier::new([0; 32], None, provider);
        assert_eq!(fresh.time(at(0)), at(0), "nothing to compare with");
    }
}
