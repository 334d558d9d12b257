//! Reads bytes and variable-length numbers with every bound checked.

use super::chunk::ChunkError;

/// A position in bytes.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ChunkError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(ChunkError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ChunkError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ChunkError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
    fn byte(&mut self) -> Result<u8, ChunkError> {
        self.array().map(|[byte]| byte)
    }

    /// An unsigned LEB128 number in its shortest form.
    pub fn unsigned(&mut self) -> Result<u64, ChunkError> {
        let mut value = 0_u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(ChunkError::Number);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let overlong = shift > 0 && byte == 0;
                return if overlong { Err(ChunkError::Number) } else { Ok(value) };
            }
            shift += 7;
        }
    }

    /// A signed LEB128 number in its shortest form.
    pub fn signed(&mut self) -> Result<i64, ChunkError> {
        let mut value = 0_i64;
        let mut shift = 0;
        let mut sign_before = None;
        loop {
            let byte = self.byte()?;
            // The tenth byte has room for one bit, which must also be the sign.
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(ChunkError::Number);
            }
            value |= i64::from(byte & 0x7f) << shift;
            let negative = byte & 0x40 != 0;
            if byte & 0x80 == 0 {
                let padding = if negative { 0x7f } else { 0 };
                if sign_before == Some(negative) && byte == padding {
                    return Err(ChunkError::Number);
                }
                if negative && shift < 57 {
                    value |= -1 << (shift + 7);
                }
                return Ok(value);
            }
            sign_before = Some(negative);
            shift += 7;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(bytes: &[u8]) -> Result<u64, ChunkError> {
        Cursor::new(bytes).unsigned()
    }
    fn signed(bytes: &[u8]) -> Result<i64, ChunkError> {
        Cursor::new(bytes).signed()
    }

    #[test]
    fn unsigned_numbers_have_one_form_and_an_end() {
        assert_eq!(unsigned(&[0]), Ok(0));
        assert_eq!(unsigned(&[0x7f]), Ok(127));
        assert_eq!(unsigned(&[0x80, 1]), Ok(128));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(unsigned(&most), Ok(u64::MAX));
        assert_eq!(unsigned(&[0x81, 0]), Err(ChunkError::Number), "written longer than needed");
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(unsigned(&over), Err(ChunkError::Number));
        assert_eq!(unsigned(&[0x80; 30]), Err(ChunkError::Number));
        assert_eq!(unsigned(&[0xff]), Err(ChunkError::Truncated));
    }

    #[test]
    fn signed_numbers_have_one_form_and_an_end() {
        let cases: [(&[u8], i64); 7] = [
            (&[0], 0),
            (&[0x7f], -1),
            (&[0x3f], 63),
            (&[0x40], -64),
            (&[0x80, 0x40], -8192),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], i64::MAX),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], i64::MIN),
        ];
        for (bytes, number) in cases {
            assert_eq!(signed(bytes), Ok(number), "{bytes:x?}");
        }
        assert_eq!(signed(&[0xbf, 0]), Err(ChunkError::Number), "63 written longer than needed");
        assert_eq!(signed(&[0x81, 0xff, 0x7f]), Err(ChunkError::Number));
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Err(ChunkError::Number));
        assert_eq!(signed(&[0x80; 30]), Err(ChunkError::Number));
        assert_eq!(signed(&[0x90]), Err(ChunkError::Truncated));
    }
}
