//! Frames and signatures around the messages: what is checked before anything is unpacked.
//!
//! A frame is `WG1` and a newline, one byte (1: zstd), four bytes of unpacked length (big-endian), and the payload. A
//! captive portal's page does not start so and is never parsed.

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::model::DeviceId;

const MAGIC: &[u8; 4] = b"WG1\n";
const HEADER: usize = 9;
/// Longest frame on the wire.
pub const MAX_WIRE: usize = 1 << 20;
/// Longest payload after unpacking.
pub const MAX_UNPACKED: usize = 16 << 20;

/// Why bytes are not a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Another server, a captive portal, a proxy's error page.
    #[error("对方不是本县服务器 / the answer does not come from a Wangge server")]
    NotOurs,
    /// Over a size limit.
    #[error("消息超过大小限制 / message over the size limit")]
    TooLarge,
    /// Cut short or damaged.
    #[error("消息不完整或已损坏 / message incomplete or damaged: {0}")]
    Damaged(String),
    /// The signature does not fit.
    #[error("签名不符 / signature does not match")]
    BadSignature,
}

fn damaged(error: impl ToString) -> FrameError {
    FrameError::Damaged(error.to_string())
}

/// Packs a message into a frame; compressed where that helps.
pub fn pack(message: &impl Encode<()>) -> Result<Vec<u8>, FrameError> {
    let plain = minicbor::to_vec(message).map_err(damaged)?;
    if plain.len() > MAX_UNPACKED {
        return Err(FrameError::TooLarge);
    }
    let packed = zstd::bulk::compress(&plain, 3).map_err(damaged)?;
    let (flag, payload) = if packed.len() < plain.len() { (1, &packed) } else { (0, &plain) };
    if payload.len() + HEADER > MAX_WIRE {
        return Err(FrameError::TooLarge);
    }
    let mut out = Vec::with_capacity(HEADER + payload.len());
    out.extend(MAGIC);
    out.push(flag);
    out.extend((plain.len() as u32).to_be_bytes());
    out.extend(payload);
    Ok(out)
}

/// Unpacks a frame; every bound is checked before memory is taken.
pub fn unpack<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, FrameError> {
    if bytes.len() > MAX_WIRE {
        return Err(FrameError::TooLarge);
    }
    if bytes.len() < HEADER || &bytes[..4] != MAGIC {
        return Err(FrameError::NotOurs);
    }
    let length = u32::from_be_bytes(bytes[5..9].try_into().map_err(damaged)?) as usize;
    if length > MAX_UNPACKED {
        return Err(FrameError::TooLarge);
    }
    let plain = match bytes[4] {
        0 => bytes[HEADER..].to_vec(),
        1 => zstd::bulk::decompress(&bytes[HEADER..], length).map_err(damaged)?,
        other => return Err(damaged(format!("flag {other}"))),
    };
    if plain.len() != length {
        return Err(damaged("length"));
    }
    let mut decoder = minicbor::Decoder::new(&plain);
    let message = decoder.decode().map_err(damaged)?;
    if decoder.position() == plain.len() { Ok(message) } else { Err(damaged("trailing bytes")) }
}

/// A request signed by a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedRequest {
    /// Who asks.
    #[n(0)]
    pub device: DeviceId,
    /// Fresh random bytes; accepted once.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// The message, in CBOR.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// ECDSA P-256 (64 bytes) over [`SignedRequest::signed_bytes`].
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl SignedRequest {
    /// What the device signs.
    pub fn signed_bytes(path: &str, device: &DeviceId, nonce: &[u8; 16], body: &[u8]) -> Vec<u8> {
        [b"wangge/request/1\0".as_slice(), path.as_bytes(), b"\0", &device.0, nonce, &Sha256::digest(body)].concat()
    }
    /// Checks the signature against the device's registered key (SEC1).
    pub fn verify(&self, path: &str, device_key: &[u8]) -> Result<(), FrameError> {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(device_key).map_err(|_| FrameError::BadSignature)?;
        let signature = p256::ecdsa::Signature::from_slice(&self.signature).map_err(|_| FrameError::BadSignature)?;
        key.verify(&Self::signed_bytes(path, &self.device, &self.nonce, &self.body), &signature)
            .map_err(|_| FrameError::BadSignature)
    }
    /// Reads the message.
    pub fn message<T: for<'b> Decode<'b, ()>>(&self) -> Result<T, FrameError> {
        minicbor::decode(&self.body).map_err(damaged)
    }
}

/// A reply signed by the county's identity key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedReply {
    /// The message, in CBOR.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Ed25519 over the request's nonce and the body.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

impl SignedReply {
    fn signed_bytes(nonce: &[u8; 16], body: &[u8]) -> Vec<u8> {
        [b"wangge/reply/1\0".as_slice(), nonce, body].concat()
    }
    /// Signs a message as the answer to the request of that nonce.
    pub fn sign(key: &SigningKey, nonce: &[u8; 16], message: &impl Encode<()>) -> Result<Self, FrameError> {
        let body = minicbor::to_vec(message).map_err(damaged)?;
        let signature = key.sign(&Self::signed_bytes(nonce, &body)).to_bytes();
        Ok(Self { body, signature })
    }
    /// Checks that it answers our request and reads the message.
    pub fn open<T: for<'b> Decode<'b, ()>>(&self, identity: &[u8; 32], nonce: &[u8; 16]) -> Result<T, FrameError> {
        let key = VerifyingKey::from_bytes(identity).map_err(|_| FrameError::BadSignature)?;
        key.verify(&Self::signed_bytes(nonce, &self.body), &Signature::from_bytes(&self.signature))
            .map_err(|_| FrameError::BadSignature)?;
        minicbor::decode(&self.body).map_err(damaged)
    }
}
