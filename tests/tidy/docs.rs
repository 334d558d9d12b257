//! What the documents say is true: links lead somewhere, and the example of CONTRIBUTING.md is accepted as it stands.

use super::tree::{File, Finding};

/// Relative links in Markdown point at files or folders of the tree.
pub fn links(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        for (index, line) in file.text.lines().enumerate() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let path = target.split('#').next().unwrap_or_default();
                if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                    continue;
                }
                let full = resolve(&file.path, path);
                let there = files.iter().any(|other| other.path == full || other.path.starts_with(&format!("{full}/")));
                if !there {
                    let what = format!("the link leads to {full}, which is not there");
                    findings.push(Finding::new(&file.path, index + 1, what));
                }
            }
        }
    }
    findings
}

/// `../x` beside `a/b.md` is `x`.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The field that CONTRIBUTING.md adds to `core/schema/place.toml` passes every check of schema files.
pub fn example_field(files: &[File]) -> Vec<Finding> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let guide = text("CONTRIBUTING.md");
    let block = guide.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let kinds: Vec<(&str, String)> = files
        .iter()
        .filter(|file| file.path.starts_with("core/schema/") && file.extension() == "toml")
        .map(|file| (file.path.trim_start_matches("core/schema/"), file.text.clone()))
        .filter(|(name, _)| !matches!(*name, "codes.toml" | "access.toml"))
        .map(|(name, text)| (name, if name == "place.toml" { format!("{text}\n{block}") } else { text }))
        .collect();
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let line = guide.lines().position(|line| line.contains("```toml")).map_or(1, |index| index + 1);
    let finding = |what: String| Finding::new("CONTRIBUTING.md", line, what);
    match wangge_core::model::Schema::parse(1, &kinds, text("core/schema/codes.toml"), text("core/schema/access.toml"))
    {
        Ok(schema) => {
            let before =
                kinds.iter().filter(|(name, _)| *name == "place.toml").map(|(_, text)| text.matches("[[field]]"));
            let expected = before.map(Iterator::count).sum::<usize>();
            let found = schema.kind("place").map_or(0, |kind| kind.fields.len());
            let added = block.contains("[[field]]") && found == expected;
            if added { Vec::new() } else { vec![finding("the example adds no field to core/schema/place.toml".into())] }
        }
        Err(problems) => problems.iter().map(|problem| finding(format!("the example is refused: {problem}"))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_link_is_found() {
        let files = [
            File::new(
                "a/b.md",
                "[x](c.md) [y](../d/e.md#part) [z](https://example.org) [f](../d) [g](#here)\n[h](../gone.md)",
            ),
            File::new("a/c.md", ""),
            File::new("d/e.md", ""),
        ];
        let found = links(&files);
        assert_eq!((found.len(), found[0].line), (1, 2), "{found:?}");
    }

    #[test]
    fn a_wrong_example_is_found() {
        let kind = "name = \"place\"\nzh = \"场所\"\nen = \"Place\"\ntitle = [\"name\"]\n[[field]]\nkey = \"name\"\nzh = \"名称\"\nen = \"Name\"\ntype = \"text\"\naudience = \"open\"\nrule = \"latest\"\nretain = \"while_in_use\"\npurpose = \"p\"\n";
        let with = |guide: &str| {
            example_field(&[
                File::new("CONTRIBUTING.md", guide),
                File::new("core/schema/access.toml", "[receive]\n[write]"),
                File::new("core/schema/codes.toml", "list = []"),
                File::new("core/schema/place.toml", kind),
            ])
        };
        assert_eq!(with("no example at all").len(), 1);
        assert!(!with("```toml\n[[field]]\nkey = \"alarm\"\n```").is_empty(), "an example without its type");
    }
}
