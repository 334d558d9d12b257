//! The enrolment code: what a QR holds or a worker types (DESIGN 9).

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

const PREFIX: &str = "WG1-";
/// Crockford's base 32: no I, L, O, U, so that a typed code survives bad handwriting.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const FIXED: usize = 32 + 32 + 16;
const CHECK: usize = 4;

/// Where the county's server is, how to know it, and the one-time secret.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// Address, for example `https://10.0.0.5:8443`.
    pub url: String,
    /// SHA-256 of the TLS root's SubjectPublicKeyInfo (DER).
    pub root: [u8; 32],
    /// The county's Ed25519 identity key.
    pub identity: [u8; 32],
    /// One-time secret; valid for minutes and for one phone.
    pub secret: [u8; 16],
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentCode").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not one of ours.
    #[error("这不是网格注册码 / this is not a Wangge enrolment code")]
    NotOurs,
    /// A character is missing or wrong.
    #[error("注册码有字符错误或缺失，请核对后重输 / a character of the code is wrong or missing, please check it")]
    Mistyped,
}

impl EnrolmentCode {
    /// First eight bytes of SHA-256 of the secret: how the server finds the invitation.
    pub fn invite(&self) -> [u8; 8] {
        let digest = Sha256::digest(self.secret);
        digest[..8].try_into().expect("a SHA-256 is longer than eight bytes")
    }

    fn payload(&self) -> Vec<u8> {
        [&self.root[..], &self.identity, &self.secret, self.url.as_bytes()].concat()
    }
}

fn check(payload: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(b"wangge/code/1\0").chain_update(payload).finalize();
    digest[..CHECK].try_into().expect("a SHA-256 is longer than the check")
}

impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.payload();
        bytes.extend(check(&bytes));
        f.write_str(PREFIX)?;
        let (mut buffer, mut bits) = (0u32, 0);
        for byte in bytes {
            buffer = buffer << 8 | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                fmt::Write::write_char(f, char::from(ALPHABET[(buffer >> bits) as usize & 31]))?;
            }
        }
        if bits > 0 {
            fmt::Write::write_char(f, char::from(ALPHABET[(buffer << (5 - bits)) as usize & 31]))?;
        }
        Ok(())
    }
}

impl FromStr for EnrolmentCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let tidy: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let digits = tidy.strip_prefix(PREFIX).ok_or(CodeError::NotOurs)?;
        let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
        for digit in digits.bytes().filter(|b| *b != b'-') {
            let digit = match digit {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let value = ALPHABET.iter().position(|a| *a == digit).ok_or(CodeError::Mistyped)?;
            buffer = buffer << 5 | value as u32;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push((buffer >> bits) as u8);
            }
        }
        let payload_len = bytes.len().checked_sub(CHECK).filter(|n| *n > FIXED).ok_or(CodeError::Mistyped)?;
        let (payload, sum) = bytes.split_at(payload_len);
        if check(payload) != sum {
            return Err(CodeError::Mistyped);
        }
        let part = |from: usize, to: usize| payload.get(from..to).ok_or(CodeError::Mistyped);
        Ok(Self {
            root: part(0, 32)?.try_into().map_err(|_| CodeError::Mistyped)?,
            identity: part(32, 64)?.try_into().map_err(|_| CodeError::Mistyped)?,
            secret: part(64, 80)?.try_into().map_err(|_| CodeError::Mistyped)?,
            url: String::from_utf8(payload[FIXED..].to_vec()).map_err(|_| CodeError::Mistyped)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> EnrolmentCode {
        EnrolmentCode {
            url: "https://10.1.2.3:8443".to_owned(),
            root: [7; 32],
            identity: [200; 32],
            secret: *b"0123456789abcdef",
        }
    }

    #[test]
    fn a_code_survives_typing_in_lower_case_with_groups_and_look_alikes() {
        let code = sample();
        let text = code.to_string();
        assert_eq!(text.parse::<EnrolmentCode>(), Ok(code.clone()));
        let mut typed = "wg1-".to_owned();
        for (index, c) in text[4..].to_ascii_lowercase().replace('0', "o").replace('1', "l").chars().enumerate() {
            if index % 5 == 4 {
                typed.push_str(" - ");
            }
            typed.push(c);
        }
        assert_eq!(typed.parse::<EnrolmentCode>(), Ok(code));
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        let text = sample().to_string();
        for place in 4..text.len() - 1 {
            let mut wrong: Vec<u8> = text.bytes().collect();
            wrong[place] = if wrong[place] == b'7' { b'8' } else { b'7' };
            let wrong = String::from_utf8(wrong).expect("ASCII");
            assert_eq!(wrong.parse::<EnrolmentCode>(), Err(CodeError::Mistyped), "at {place}");
        }
        assert_eq!("https://example.org".parse::<EnrolmentCode>(), Err(CodeError::NotOurs));
        assert_eq!(text[..40].parse::<EnrolmentCode>(), Err(CodeError::Mistyped));
    }

    #[test]
    fn the_code_has_golden_text() {
        assert_eq!(sample().to_string(), include_str!("../../tests/golden/enrolment_code.txt").trim());
    }
}
