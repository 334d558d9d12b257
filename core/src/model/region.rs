//! Codes of regions (GB/T 2260, GB/T 10114) and grids: 6 digits of the county, 9 of the town, 12 of the village, 15 of
//! the grid. A unit above stands with zeros behind it (`990123000000`). No list of codes ships here.

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionError {
    /// Not 6, 9, 12 or 15 digits.
    Shape,
    /// A part that no region has: no province, a village of no town, a grid without a number.
    Part,
}

/// Checks the shape of a code and that each part can be.
pub fn check(text: &str) -> Result<(), RegionError> {
    if !matches!(text.len(), 6 | 9 | 12 | 15) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(RegionError::Shape);
    }
    let zero = |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.bytes().all(|b| b == b'0'));
    // 10, 20 … are no provinces; 50 is Chongqing.
    let no_province = text.starts_with('0') || text.as_bytes()[1] == b'0' && !text.starts_with('5');
    // Below a town that is all zeros no village can stand. Below a county of zeros a town can: some cities have none.
    let no_town = zero(6..9) && text.len() >= 12 && !text[9..].bytes().all(|b| b == b'0');
    let no_grid = text.len() == 15 && (zero(12..15) || zero(9..12) || zero(6..9));
    if no_province || no_town || no_grid { Err(RegionError::Part) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_every_level_pass() {
        for code in [
            "110105",
            "370000",
            "990000001",
            "500101",
            "500101001001001",
            "990123",
            "990123000000",
            "990123001",
            "990123001000",
            "990123001001",
            "990123001001900",
        ] {
            assert_eq!(check(code), Ok(()), "{code}");
        }
    }

    #[test]
    fn the_failing_rule_is_named() {
        for (code, rule) in [
            ("", RegionError::Shape),
            ("11010", RegionError::Shape),
            ("1101050", RegionError::Shape),
            ("11010５", RegionError::Shape),
            ("11010A", RegionError::Shape),
            ("9901230010010011", RegionError::Shape),
            ("010105", RegionError::Part),
            ("100105", RegionError::Part),
            ("990123000001", RegionError::Part),
            ("990123001000001", RegionError::Part),
            ("990123000001001", RegionError::Part),
            ("990123001001000", RegionError::Part),
        ] {
            assert_eq!(check(code), Err(rule), "{code}");
        }
    }
}
