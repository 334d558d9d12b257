//! Citizen identity numbers 公民身份号码 (GB 11643-1999): six digits of place, eight of birth, three of order, one check digit.
//!
//! The place is not looked up: codes change over the years and no list of them ships here. Residence permits of Hong Kong,
//! Macao and Taiwan residents (810000, 820000, 830000) and permanent residence cards of foreigners (9) have the same
//! build.

use std::fmt;

use super::{text, validate::is_real_date};

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// The first rule that a number breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 18 characters.
    #[error("身份证号应为18位 / an ID number has 18 characters")]
    Length,
    /// Not 17 digits and a digit or X.
    #[error("身份证号只能是数字，末位可为X / an ID number has digits only, the last may be X")]
    Characters,
    /// Digits 7 to 14 are no day of the calendar.
    #[error("身份证号第7至14位不是有效日期 / digits 7 to 14 of the ID number are not a date")]
    Date,
    /// A residence permit of Hong Kong, Macao or Taiwan residents whose place is not 810000, 820000 or 830000.
    #[error(
        "港澳台居民居住证号前6位应为810000、820000或830000 / the number of a permit begins with 810000, 820000 or 830000"
    )]
    Permit,
    /// The last character does not follow from the others.
    #[error("身份证号末位校验码不符 / the check digit of the ID number does not fit")]
    CheckDigit,
}

impl IdError {
    /// Its name in reports.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Length => "id_length",
            Self::Characters => "id_characters",
            Self::Date => "id_date",
            Self::Permit => "id_permit",
            Self::CheckDigit => "id_check_digit",
        }
    }
}

/// Sex as the order number says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Odd order number.
    Male,
    /// Even order number.
    Female,
}

impl Sex {
    /// The code of GB/T 2261.1.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }
}
impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Male => "男",
            Self::Female => "女",
        })
    }
}

/// Writes a number as it is stored: full-width characters narrowed, spaces and dashes dropped, `x` as `X`.
pub fn normalise(text: &str) -> String {
    let dash = |c: &char| matches!(c, '-' | '\'' | '‐'..='―' | '·');
    text::compact(text).chars().filter(|c| !dash(c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// Checks a normalised number; says which rule fails first.
pub fn check(text: &str) -> Result<(), IdError> {
    if text.chars().count() != 18 {
        return Err(IdError::Length);
    }
    let bytes: &[u8; 18] = text.as_bytes().try_into().map_err(|_| IdError::Characters)?;
    let (digits, last) = (&bytes[..17], bytes[17]);
    if !digits.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || last == b'X') {
        return Err(IdError::Characters);
    }
    let number = |range: std::ops::Range<usize>| bytes[range].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    if !is_real_date(number(6..10), number(10..12), number(12..14)) {
        return Err(IdError::Date);
    }
    if matches!(&bytes[..2], b"81" | b"82" | b"83") && bytes[2..6] != *b"0000" {
        return Err(IdError::Permit);
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    if CHECK[sum as usize % 11] == last { Ok(()) } else { Err(IdError::CheckDigit) }
}

/// Whether a number is valid in any way of writing; the resolver lets no invalid value retire a valid one.
pub fn is_valid_id(text: &str) -> bool {
    check(&normalise(text)).is_ok()
}

/// The birth date of a valid number, as `YYYY-MM-DD`.
pub fn birth_of(text: &str) -> Option<String> {
    let id = normalise(text);
    check(&id).ok()?;
    Some(format!("{}-{}-{}", &id[6..10], &id[10..12], &id[12..14]))
}

/// The sex that a valid number says.
pub fn sex_of(text: &str) -> Option<Sex> {
    let id = normalise(text);
    check(&id).ok()?;
    Some(if id.as_bytes()[16] % 2 == 1 { Sex::Male } else { Sex::Female })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const STANDARD: [&str; 2] = ["11010519491231002X", "440524188001010014"];

    fn any_id() -> impl Strategy<Value = String> {
        let place = (10u32..=99, 0u32..=9999)
            .prop_map(|(province, rest)| province * 10_000 + if (81..=83).contains(&province) { 0 } else { rest });
        (place, 1900u32..2030, 1u32..=12, 1u32..=28, 0u32..=999).prop_map(|(place, y, m, d, order)| {
            let head = format!("{place:06}{y:04}{m:02}{d:02}{order:03}");
            let sum: u32 = head.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            format!("{head}{}", CHECK[sum as usize % 11] as char)
        })
    }

    #[test]
    fn the_examples_of_the_standard_pass() {
        for id in STANDARD {
            assert_eq!(check(id), Ok(()), "{id}");
        }
        assert_eq!(birth_of(STANDARD[0]).unwrap(), "1949-12-31");
        assert_eq!(sex_of(STANDARD[0]), Some(Sex::Female));
        assert_eq!(birth_of(STANDARD[1]).unwrap(), "1880-01-01");
        assert_eq!(sex_of(STANDARD[1]), Some(Sex::Male));
    }

    #[test]
    fn permits_of_hong_kong_macao_and_taiwan_pass() {
        for place in ["810000", "820000", "830000"] {
            let head = format!("{place}19900101000");
            let valid = (0..11).map(|i| format!("{head}{}", CHECK[i] as char)).filter(|id| is_valid_id(id)).count();
            assert_eq!(valid, 1, "exactly one check digit fits {head}");
        }
    }

    #[test]
    fn the_failing_rule_is_named() {
        for (id, rule) in [
            ("", IdError::Length),
            ("110105491231002", IdError::Length),
            ("11010519491231002X0", IdError::Length),
            ("1101051949123100AX", IdError::Characters),
            ("X1010519491231002X", IdError::Characters),
            ("11010519491231002张", IdError::Characters),
            ("11010519490231002X", IdError::Date),
            ("11010519491331002X", IdError::Date),
            ("110105190002290021", IdError::Date),
            ("110105194912310021", IdError::CheckDigit),
            ("810105194912310021", IdError::Permit),
            ("830000194912310022", IdError::CheckDigit),
        ] {
            assert_eq!(check(id), Err(rule), "{id}");
            assert!(!is_valid_id(id), "{id}");
            assert_eq!((birth_of(id), sex_of(id)), (None, None), "{id}");
        }
    }

    #[test]
    fn untidy_writing_is_understood() {
        for untidy in [
            "11010519491231002x",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105-19491231-002ｘ\u{3000}",
        ] {
            assert_eq!(normalise(untidy), STANDARD[0]);
            assert!(is_valid_id(untidy), "{untidy}");
        }
        assert_eq!(check("11010519491231002x"), Err(IdError::Characters), "stored numbers are in normal form");
    }

    proptest! {
        #[test]
        fn every_single_wrong_digit_is_caught(id in any_id()) {
            prop_assert_eq!(check(&id), Ok(()));
            for (at, old) in id.char_indices() {
                for new in "0123456789X".chars().filter(|new| *new != old) {
                    let mut wrong = id.clone();
                    wrong.replace_range(at..=at, &new.to_string());
                    prop_assert!(check(&wrong).is_err(), "{} for {}", wrong, id);
                }
            }
        }

        #[test]
        fn every_swap_of_neighbours_is_caught(id in any_id()) {
            for at in 0..17 {
                let mut bytes = id.clone().into_bytes();
                bytes.swap(at, at + 1);
                let swapped = String::from_utf8(bytes).unwrap();
                prop_assert!(swapped == id || check(&swapped).is_err(), "{} for {}", swapped, id);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = (check(&text), is_valid_id(&text), birth_of(&text), sex_of(&text));
            let normal = normalise(&text);
            prop_assert_eq!(normalise(&normal), normal);
        }
    }
}
