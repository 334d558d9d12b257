//! The county's TLS root and the server certificates under it.

use std::{net::IpAddr, time::Duration};

use p256::pkcs8::EncodePrivateKey as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SanType, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use wangge_core::model::Millis;
use zeroize::Zeroizing;

use crate::CountyError;

/// The name that every server certificate carries and every phone asks for, whatever address it dials.
pub const SERVER_NAME: &str = "wangge.county";
/// How long a server certificate is good for, in days.
pub const SERVER_DAYS: u32 = 825;

/// The key pair at the top.
pub struct Root {
    key: KeyPair,
}

/// A certificate and its private key, both PEM.
pub struct ServerCertificate {
    /// Server certificate, then the root.
    pub chain_pem: String,
    /// PKCS#8.
    pub key_pem: Zeroizing<String>,
}

impl Root {
    /// The first attempt that is a valid P-256 scalar; all but one in 2^32 seeds take the first.
    pub(super) fn from_secret(mut secret: impl FnMut(u32) -> Zeroizing<[u8; 32]>) -> Self {
        let scalar = (0..)
            .find_map(|attempt| p256::SecretKey::from_slice(secret(attempt).as_slice()).ok())
            .expect("an endless row of attempts holds a valid one");
        let der = scalar.to_pkcs8_der().expect("a P-256 key has a PKCS#8 form");
        let key = KeyPair::try_from(der.as_bytes()).expect("ring reads the PKCS#8 form of a P-256 key");
        Self { key }
    }

    /// SHA-256 of SubjectPublicKeyInfo.
    pub fn pin(&self) -> [u8; 32] {
        Sha256::digest(self.key.subject_public_key_info()).into()
    }

    /// The root certificate: fixed name, serial and dates, so that a recovered county differs in the signature alone.
    pub fn certificate_pem(&self) -> Result<String, CountyError> {
        Ok(Self::params().self_signed(&self.key).map_err(broken)?.pem())
    }

    fn params() -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("Wangge county root 网格县级根证书");
        params.serial_number = Some(1_u64.into());
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2055, 1, 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }

    /// A new server certificate for these host names and addresses.
    pub fn issue(&self, hosts: &[String], now: Millis) -> Result<ServerCertificate, CountyError> {
        let key = KeyPair::generate().map_err(broken)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(SERVER_NAME);
        params.subject_alt_names = names(hosts)?;
        let issued = date_time_ymd(1970, 1, 1) + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
        params.not_before = issued - Duration::from_hours(24);
        params.not_after = issued + Duration::from_hours(24 * u64::from(SERVER_DAYS - 1));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let root = Self::params();
        let certificate = params.signed_by(&key, &Issuer::from_params(&root, &self.key)).map_err(broken)?;
        Ok(ServerCertificate {
            chain_pem: certificate.pem() + &self.certificate_pem()?,
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }
}

fn name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

fn names(hosts: &[String]) -> Result<Vec<SanType>, CountyError> {
    let mut out = vec![SanType::DnsName(SERVER_NAME.try_into().map_err(broken)?)];
    for host in hosts.iter().filter(|host| *host != SERVER_NAME) {
        out.push(match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) if is_host_name(host) => SanType::DnsName(host.as_str().try_into().map_err(broken)?),
            Err(_) => {
                let zh = format!("主机名写法有误：{host}");
                return Err(CountyError::invalid(zh, format!("not a host name or address: {host}")));
            }
        });
    }
    Ok(out)
}

fn is_host_name(host: &str) -> bool {
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(good)
}

fn broken(error: rcgen::Error) -> CountyError {
    CountyError::invalid(format!("无法生成证书：{error}"), format!("cannot make the certificate: {error}"))
}
