//! Passwords of administrators: argon2id, 64 MiB, three passes.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

use crate::CountyError;

/// Fewest characters.
pub const SHORTEST: usize = 10;

/// The stored form of a new password. The salt must be fresh random bytes.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, CountyError> {
    if password.chars().count() < SHORTEST {
        return Err(CountyError::invalid(
            format!("密码至少 {SHORTEST} 个字符"),
            format!("the password needs at least {SHORTEST} characters"),
        ));
    }
    let hash = argon().hash_password_with_salt(password.as_bytes(), &salt);
    Ok(hash.expect("fixed parameters within the bounds of argon2").to_string())
}

/// Whether a password fits its stored form.
pub fn verify(password: &str, stored: &str) -> bool {
    argon().verify_password(password.as_bytes(), stored).is_ok()
}

fn argon() -> Argon2<'static> {
    let params = Params::new(64 * 1024, 3, 1, None).expect("fixed parameters within the bounds of argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fits_only_itself() {
        let stored = super::hash("correct horse 电池", [3; 16]).expect("long enough");
        assert!(stored.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
        assert!(super::verify("correct horse 电池", &stored));
        assert!(!super::verify("correct horse 电瓶", &stored));
        assert!(!super::verify("correct horse 电池", "not a hash"));
        assert!(super::hash("short", [0; 16]).is_err());
    }
}
