//! Unified social credit codes 统一社会信用代码 of firms and other bodies (GB 32100-2015): two characters of the register,
//! six digits of place, nine of the body, one check character.

/// The characters in the order of their values; I, O, S, V and Z look like others and are left out.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Powers of 3 modulo 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// The first rule that a code breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsccError {
    /// Not 18 characters.
    Length,
    /// A character out of the alphabet, or a letter among the digits of the place.
    Characters,
    /// The last character does not follow from the others.
    CheckCharacter,
}

/// Checks a code in its stored form: half-width, capital letters, no spaces.
pub fn check(text: &str) -> Result<(), UsccError> {
    if text.chars().count() != 18 {
        return Err(UsccError::Length);
    }
    let value = |byte: u8| ALPHABET.iter().position(|known| *known == byte);
    let values: Vec<usize> = text.bytes().map(value).collect::<Option<_>>().ok_or(UsccError::Characters)?;
    if !text.as_bytes()[2..8].iter().all(u8::is_ascii_digit) {
        return Err(UsccError::Characters);
    }
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    if (31 - sum % 31) % 31 == values[17] { Ok(()) } else { Err(UsccError::CheckCharacter) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn any_code() -> impl Strategy<Value = String> {
        ("[0-9A-HJ-NP-RTUW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RTUW-Y]{9}").prop_map(|head: String| {
            let value = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap();
            let sum: usize = head.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
            format!("{head}{}", ALPHABET[(31 - sum % 31) % 31] as char)
        })
    }

    #[test]
    fn the_worked_example_of_the_standard() {
        assert_eq!(check("91350100M000100Y43"), Ok(()));
        assert_eq!(check("91350100M000100Y4Z"), Err(UsccError::Characters), "Z is no character of the alphabet");
        assert_eq!(check("91350100M000100Y42"), Err(UsccError::CheckCharacter));
    }

    #[test]
    fn codes_in_use_pass() {
        for code in ["91110000802100433B", "914403001922038216", "9144030071526726XG", "12100000400000624D"] {
            assert_eq!(check(code), Ok(()), "{code}");
        }
    }

    #[test]
    fn the_failing_rule_is_named() {
        for (code, rule) in [
            ("", UsccError::Length),
            ("350100100000001", UsccError::Length),
            ("91350100M000100Y433", UsccError::Length),
            ("91350100m000100y43", UsccError::Characters),
            ("9135O100M000100Y43", UsccError::Characters),
            ("913501A0M000100Y43", UsccError::Characters),
            ("91350100M000100Y4３", UsccError::Characters),
        ] {
            assert_eq!(check(code), Err(rule), "{code}");
        }
    }

    #[test]
    fn weights_are_powers_of_three() {
        let mut power = 1;
        for weight in WEIGHTS {
            assert_eq!(weight, power);
            power = power * 3 % 31;
        }
    }

    proptest! {
        #[test]
        fn every_single_wrong_character_is_caught(code in any_code()) {
            prop_assert_eq!(check(&code), Ok(()));
            for (at, old) in code.char_indices() {
                for new in ALPHABET.iter().map(|b| *b as char).filter(|new| *new != old) {
                    let mut wrong = code.clone();
                    wrong.replace_range(at..=at, &new.to_string());
                    prop_assert!(check(&wrong).is_err(), "{} for {}", wrong, code);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = check(&text);
        }
    }
}
