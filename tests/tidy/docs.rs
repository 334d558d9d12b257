//! What the documents say is true: links lead somewhere, the example of CONTRIBUTING.md is accepted as it stands, and the
//! picture of README.md shows the sentence that phones show.

use wangge_core::{
    merge,
    model::{
        Actor, Audience, ChangeBody, ChangeHash, DocId, Meta, Millis, Observation, RecordId, Role, Schema, SchemaFiles,
        Source, UserId, Value,
    },
};

use super::tree::{File, Finding};

/// Relative links in Markdown point at files or folders of the tree.
pub fn links(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        for (index, line) in file.text.lines().enumerate() {
            let markdown = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            let pictures = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for target in markdown.chain(pictures) {
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

/// Where the numbered sections are that comments name, as in `DESIGN 3` or `DOMAIN 3.8`.
const NUMBERED: &[(&str, &str)] =
    &[("DESIGN", "core/docs/design.md"), ("DOMAIN", "core/docs/domain.md"), ("SECURITY", "SECURITY.md")];

/// A comment that sends the reader to a section sends them to one that is there.
pub fn sections(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, path) in NUMBERED {
        let text = files.iter().find(|file| file.path == *path).map_or("", |file| file.text.as_str());
        let there: Vec<&str> = text.lines().filter_map(section_number).collect();
        for file in files.iter().filter(|file| !file.names_the_forbidden()) {
            for (index, line) in file.text.lines().enumerate() {
                for number in line.split(&format!("{name} ")).skip(1).map(leading_number) {
                    if !number.is_empty() && !there.contains(&number) {
                        let what = format!("{path} has no section {number}; name one that is there");
                        findings.push(Finding::new(&file.path, index + 1, what));
                    }
                }
            }
        }
    }
    findings
}

/// `## 3. Records` and `### 3.8 Deny list` are 3 and 3.8.
fn section_number(line: &str) -> Option<&str> {
    let number = leading_number(line.trim_start_matches('#').strip_prefix(' ')?);
    (line.starts_with('#') && !number.is_empty()).then_some(number)
}

fn leading_number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].trim_end_matches('.')
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
        .filter(|(name, _)| !matches!(*name, "codes.toml" | "access.toml" | "checklists.toml" | "flow.toml"))
        .map(|(name, text)| (name, if name == "place.toml" { format!("{text}\n{block}") } else { text }))
        .collect();
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let line = guide.lines().position(|line| line.contains("```toml")).map_or(1, |index| index + 1);
    let finding = |what: String| Finding::new("CONTRIBUTING.md", line, what);
    let schema = SchemaFiles {
        kinds: &kinds,
        lists: text("core/schema/codes.toml"),
        access: text("core/schema/access.toml"),
        checklists: text("core/schema/checklists.toml"),
        flows: text("core/schema/flow.toml"),
    };
    match Schema::parse(1, schema) {
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

/// The pictures say, in both languages, what the resolver says of the edits they show.
pub fn pictures(files: &[File]) -> Vec<Finding> {
    let (zh, en) = sentence();
    let mut findings = Vec::new();
    for (name, sentences) in [("one-edit-twice.svg", vec![&zh, &en]), ("one-edit-twice.zh-CN.svg", vec![&zh])] {
        let path = format!("core/docs/{name}");
        let svg = files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
        let said = text_of(svg);
        for sentence in sentences.into_iter().filter(|sentence| !said.contains(&squeezed(sentence))) {
            findings.push(Finding::new(&path, 1, format!("the picture should say: {sentence}")));
        }
    }
    findings
}

/// What an SVG says, without blanks: lines are broken for the eye.
fn text_of(svg: &str) -> String {
    let texts = svg.split("<text").skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once("</text>"));
    let said: String = texts.map(|(text, _)| text).collect();
    squeezed(&said.replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&"))
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// 张维 was recorded; 李娜 and 王强, who saw that and not each other, correct it from documents on 8 March 2026.
fn sentence() -> (String, String) {
    const TWO_PAST_TEN: i64 = 1_772_935_320_000; // 2026-03-08 10:02 in China
    let schema = Schema::built_in();
    let kind = schema.kind("resident").expect("residents are built in");
    let doc = DocId { record: RecordId([1; 16]), audience: Audience::Personal, generation: 0 };
    let observation = |number: u8, name: &str, author: &str, at: i64, deps: Vec<ChangeHash>| {
        let body = ChangeBody {
            hash: ChangeHash([number; 32]),
            start_op: if deps.is_empty() { 1 } else { 3 },
            deps,
            actor: Actor([number; 16]),
            seq: 1,
            time: Millis(at),
            meta: Meta {
                source: Source::DocumentSeen,
                recorded_at: Millis(at),
                schema: schema.version,
                ..Meta::default()
            },
            puts: vec![("name".to_owned(), Value::from(name))],
        };
        Observation::pending(body, UserId::from(author), Role::GW, Millis(at))
    };
    let before = observation(1, "张维", "导入", TWO_PAST_TEN - 30 * Millis::DAY, Vec::new());
    let seen = vec![before.body.hash];
    let observations = [
        before,
        observation(2, "张玮", "李娜", TWO_PAST_TEN, seen.clone()),
        observation(3, "张伟", "王强", TWO_PAST_TEN + 338 * 60_000, seen),
    ];
    let resolved = merge::resolve(schema, kind, doc, &observations);
    let item = resolved.attention.first().expect("two documents against each other are an item");
    (item.zh.clone(), item.en.clone())
}

#[cfg(test)]
mod tests {
    use wangge_core::model::files::BUILT_IN;

    use super::*;

    #[test]
    fn a_dead_link_is_found() {
        let files = [
            File::new(
                "a/b.md",
                "[x](c.md) [y](../d/e.md#part) [z](https://example.org) [f](../d) [g](#here)\n[h](../gone.md)\n<img src=\"c.md\"><img src=\"gone.svg\">",
            ),
            File::new("a/c.md", ""),
            File::new("d/e.md", ""),
        ];
        let found = links(&files);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 3], "{found:?}");
    }

    #[test]
    fn a_section_that_is_not_there_is_found() {
        let files = [
            File::new("core/docs/design.md", "# Design\n## 3. A record\n### 3.1 More\n"),
            File::new("core/src/a.rs", "// DESIGN 3 and (DESIGN 3.1).\n// DESIGN 4. DESIGNER 5, DOMAIN of names"),
        ];
        let found = sections(&files);
        assert_eq!((found.len(), found[0].line), (1, 2), "{found:?}");
    }

    #[test]
    fn a_picture_that_says_something_else_is_found() {
        let svg = |text: &str| {
            vec![File::new("core/docs/one-edit-twice.svg", text), File::new("core/docs/one-edit-twice.zh-CN.svg", text)]
        };
        let (zh, en) = sentence();
        let en = en.replace('"', "&quot;");
        let (left, right) = zh.split_at(zh.find('；').expect("a sentence of two parts"));
        let good = format!("<text x=\"1\">{left}</text>\n<text>{right}</text><text>{en}</text>");
        assert_eq!(pictures(&svg(&good)), []);
        assert_eq!(pictures(&svg(&good.replace("张玮", "张三"))).len(), 3);
    }

    #[test]
    fn a_wrong_example_is_found() {
        let with = |guide: &str| {
            let mut files = vec![File::new("CONTRIBUTING.md", guide)];
            let rest = [
                ("codes.toml", BUILT_IN.lists),
                ("access.toml", BUILT_IN.access),
                ("checklists.toml", BUILT_IN.checklists),
                ("flow.toml", BUILT_IN.flows),
            ];
            let all = BUILT_IN.kinds.iter().copied().chain(rest);
            files.extend(all.map(|(name, text)| File::new(&format!("core/schema/{name}"), text)));
            example_field(&files)
        };
        assert_eq!(with("no example at all").len(), 1);
        assert!(!with("```toml\n[[field]]\nkey = \"alarm\"\n```").is_empty(), "an example without its type");
    }
}
