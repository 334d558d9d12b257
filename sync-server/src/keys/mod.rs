//! The county's keys: all of them follow from one 32-byte seed, which the recovery sheet carries (DESIGN 9).
//!
//! They live in a directory of their own, outside the data directory, so that a copy of the data alone opens nothing.

pub mod files;
pub mod sheet;
pub mod tls;

use curve25519_dalek::montgomery::MontgomeryPoint;
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wangge_core::{model::Envelope, sync::wire::Tag};
use zeroize::Zeroizing;

/// Id of the tag key that this program writes with.
pub const TAG_KEY: u32 = 1;

/// Everything derived from the county's seed; never printed, never serialised.
pub struct Keys {
    seed: Zeroizing<[u8; 32]>,
    identity: SigningKey,
    tag: Zeroizing<[u8; 32]>,
    database: Zeroizing<[u8; 32]>,
    index: Zeroizing<[u8; 32]>,
    sealing_public: [u8; 32],
    root: tls::Root,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Derives all keys. The same seed gives the same keys on every machine and in every version of this program.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let sealing = derive(&seed, "sealing/1");
        Self {
            identity: SigningKey::from_bytes(&derive(&seed, "identity/1")),
            tag: derive(&seed, "tag/1"),
            database: derive(&seed, "database/1"),
            index: derive(&seed, "index/1"),
            sealing_public: MontgomeryPoint::mul_base_clamped(*sealing).to_bytes(),
            root: tls::Root::from_secret(|attempt| derive(&seed, &format!("tls-root/1/{attempt}"))),
            seed,
        }
    }

    /// The seed itself, for the recovery sheet and the key file.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
    /// Signs replies and the control log.
    pub fn identity(&self) -> &SigningKey {
        &self.identity
    }
    /// Public half of the identity, as enrolment codes carry it.
    pub fn identity_public(&self) -> [u8; 32] {
        self.identity.verifying_key().to_bytes()
    }
    /// Raw key of the database.
    pub fn database(&self) -> &[u8; 32] {
        &self.database
    }
    /// X25519 public key to which phones seal their outbox.
    pub fn sealing_public(&self) -> [u8; 32] {
        self.sealing_public
    }
    /// The TLS root.
    pub fn root(&self) -> &tls::Root {
        &self.root
    }
    /// What phones pin: SHA-256 of the TLS root's SubjectPublicKeyInfo. It is the same after a recovery, which a hash of
    /// the whole certificate would not be, because ECDSA signatures are randomised.
    pub fn root_pin(&self) -> [u8; 32] {
        self.root.pin()
    }
    /// What a key of the index of likely duplicates is stored as. Without the county's key nobody can search the index
    /// for a number, not even by trying all of them.
    pub fn index(&self, key: &str) -> [u8; 16] {
        let mut mac = <Hmac<Sha256>>::new_from_slice(self.index.as_slice()).expect("HMAC takes keys of any length");
        mac.update(key.as_bytes());
        mac.finalize().into_bytes()[..16].try_into().expect("sixteen of thirty-two bytes")
    }
    /// The tag over an envelope: proof for later that this county accepted it.
    pub fn tag(&self, envelope: &Envelope) -> Tag {
        let mut mac = <Hmac<Sha256>>::new_from_slice(self.tag.as_slice()).expect("HMAC takes keys of any length");
        mac.update(b"wangge/tag/1\0");
        mac.update(&envelope.to_bytes());
        let full = mac.finalize().into_bytes();
        Tag { key: TAG_KEY, mac: full[..8].try_into().expect("eight of thirty-two bytes") }
    }
}

fn derive(seed: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(b"wangge/county/1"), seed)
        .expand(label.as_bytes(), out.as_mut_slice())
        .expect("32 bytes are within the bound of HKDF");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_keys_and_labels_separate() {
        let (a, b, c) = (Keys::from_seed([7; 32]), Keys::from_seed([7; 32]), Keys::from_seed([8; 32]));
        assert_eq!(a.identity_public(), b.identity_public());
        assert_eq!((a.root_pin(), a.sealing_public(), a.database()), (b.root_pin(), b.sealing_public(), b.database()));
        assert_ne!(a.identity_public(), c.identity_public());
        assert_ne!(a.root_pin(), c.root_pin());
        assert_ne!(a.database(), &*a.tag, "two labels must not give one key");
        let number = "id|11010519491231002";
        assert_eq!(a.index(number), b.index(number));
        assert_ne!(a.index(number), c.index(number), "another county's index says nothing");
        assert_ne!(a.index(number), a.index("id|11010519491231003"));
    }

    #[test]
    fn derivation_never_changes() {
        let keys = Keys::from_seed([7; 32]);
        let hex = wangge_core::model::ids::to_hex;
        let shown = [
            hex(&keys.identity_public()),
            hex(&keys.root_pin()),
            hex(&keys.sealing_public()),
            hex(&*keys.tag),
            hex(keys.database()),
        ];
        assert_eq!(hex(&keys.index("id|11010519491231002")), "76c954e6e6cbc2644dc58ee0b10d8242");
        // A county's sheet must still fit after an upgrade.
        assert_eq!(shown, GOLDEN);
    }
    const GOLDEN: [&str; 5] = [
        "165180e96e326569fe5b38c6181827b2c82e824f9f0d7b0430af7bc65942a883",
        "c4bf57c2f666706455f17233558de15dca85929c0821b3dccaa71780ca9727fd",
        "fefeb422a7e5acdd56890aac70a6a5bd19b33ff462915cb315ddb4fb3399036c",
        "11c9587badcd1625028f535948c1ebfea82439ef720d20a6033875607c3d7e85",
        "350192e154e88bd360d4b605255d91b714b8d1c6babbf32ed19e57f3090eb9d0",
    ];
}
