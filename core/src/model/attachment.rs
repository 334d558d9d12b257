//! What is said of a photo or a recording, as one text (`core/schema/attachment.toml`).

/// The keys of the parts, in the order of the text.
pub const PARTS: [&str; 5] = ["sha256", "mime", "size", "taken_at", "taken_by"];
/// The largest file that is taken.
pub const MAX_SIZE: u64 = 64 << 20;
/// Formats that a phone makes and every screen shows.
const FORMATS: [&str; 7] =
    ["image/jpeg", "image/png", "image/webp", "audio/mp4", "audio/mpeg", "application/pdf", "application/geo+json"];

/// A photo, a recording, a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// SHA-256 of the bytes in lower-case hexadecimal; names them.
    pub sha256: String,
    /// Format, for example `image/jpeg`.
    pub mime: String,
    /// Number of bytes.
    pub size: u64,
    /// When it was made, in milliseconds since 1970 UTC, where known.
    pub taken_at: Option<i64>,
    /// Who made it, by the name of the account, where known.
    pub taken_by: Option<String>,
}

impl Attachment {
    /// Reads `sha256,mime,size,taken_at,taken_by`; the last two may be empty. One attachment has one text.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(',').collect();
        let [sha256, mime, size, taken_at, taken_by] = parts[..] else { return None };
        let hex = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let user =
            taken_by.len() <= 64 && taken_by.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
        let size: u64 = size.parse().ok()?;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let taken_at = match taken_at {
            "" => None,
            ms => Some(ms.parse().ok()?),
        };
        let sound = hex && user && FORMATS.contains(&mime) && (1..=MAX_SIZE).contains(&size);
        let read = Self { sha256: sha256.to_owned(), mime: mime.to_owned(), size, taken_at, taken_by: some(taken_by) };
        (sound && read.to_text() == text).then_some(read)
    }

    /// The one text of this attachment.
    pub fn to_text(&self) -> String {
        let at = self.taken_at.map(|ms| ms.to_string()).unwrap_or_default();
        let by = self.taken_by.as_deref().unwrap_or_default();
        format!("{},{},{},{at},{by}", self.sha256, self.mime, self.size)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Schema;

    #[test]
    fn one_attachment_has_one_text() {
        let sha = "ab".repeat(32);
        let text = format!("{sha},image/jpeg,123456,1781087820000,zhang.wei");
        let read = Attachment::parse(&text).unwrap();
        assert_eq!(
            (read.size, read.taken_at, read.taken_by.as_deref()),
            (123_456, Some(1_781_087_820_000), Some("zhang.wei"))
        );
        assert_eq!(read.to_text(), text);
        let bare = format!("{sha},audio/mp4,1,,");
        assert_eq!(Attachment::parse(&bare).unwrap().to_text(), bare);
        for wrong in [
            String::new(),
            sha.clone(),
            format!("{sha},image/jpeg,1,"),
            format!("{sha},image/jpeg,1,,,"),
            format!("{},image/jpeg,1,,", "AB".repeat(32)),
            format!("{},image/jpeg,1,,", "ab".repeat(31)),
            format!("{sha},text/html,1,,"),
            format!("{sha},image/jpeg,0,,"),
            format!("{sha},image/jpeg,01,,"),
            format!("{sha},image/jpeg,{},,", MAX_SIZE + 1),
            format!("{sha},image/jpeg,1,+5,"),
            format!("{sha},image/jpeg,1,,zhang wei"),
        ] {
            assert_eq!(Attachment::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_parts_are_those_of_the_schema_file() {
        let said: Vec<_> = Schema::built_in().attachment.fields.iter().map(|field| field.key.as_str()).collect();
        assert_eq!(said, PARTS);
    }
}
