//! Lengths, words, headings and the top of the tree.

use super::{
    rust::Rust,
    tree::{File, Finding},
};

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;

/// A file that needs more is two files.
pub fn file_length(files: &[File]) -> Vec<Finding> {
    let measured = |file: &&File| matches!(file.extension(), "rs" | "kt" | "py" | "swift" | "sh");
    let long = files.iter().filter(measured).map(|file| (file, file.text.lines().count()));
    long.filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(file, lines)| {
            let what = format!("{lines} lines, at most {FILE_LINES}; split it by what the parts know");
            Finding::new(&file.path, FILE_LINES + 1, what)
        })
        .collect()
}

/// A function that needs more does two things.
pub fn function_length(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for function in Rust::read(&file.text).functions() {
            let lines = function.last - function.first + 1;
            if lines > FUNCTION_LINES {
                let what = format!("fn {} has {lines} lines, at most {FUNCTION_LINES}; take a step out", function.name);
                findings.push(Finding::new(&file.path, function.first, what));
            }
        }
    }
    findings
}

/// Findings for every line of a written file that holds one of `needles`.
fn lines_with(files: &[File], needles: &[&str], how: &str, hit: impl Fn(&str, &str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.names_the_forbidden()) {
        for (index, line) in file.text.lines().enumerate() {
            for needle in needles.iter().filter(|needle| hit(line, needle)) {
                findings.push(Finding::new(&file.path, index + 1, format!("`{needle}` {how}")));
            }
        }
    }
    findings
}

/// Nothing may work on one machine only.
pub fn machine_paths(files: &[File]) -> Vec<Finding> {
    let folders = ["/work/", "/root/", "/home/", "/Users/", "C:\\"];
    lines_with(files, &folders, "is a path of one machine; use a path from the top of the tree", |line, folder| {
        line.match_indices(folder).any(|(at, _)| {
            // `example.org/work/` and `core/home/` are no machine's paths.
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        })
    })
}

/// Whoever builds chooses the mirror, in a configuration of their own.
pub fn registry_hosts(files: &[File]) -> Vec<Finding> {
    let hosts = [
        "index.crates.io",
        "static.crates.io",
        "repo.maven.apache.org",
        "repo1.maven.org",
        "registry.npmjs.org",
        "npmmirror",
        "rsproxy",
        "tuna.tsinghua",
        "ustc.edu.cn",
        "maven.aliyun",
        "artifactory",
        "sparse+http",
    ];
    let how = "names a package registry; leave that to the configuration of the machine that builds";
    lines_with(files, &hosts, how, |line, host| line.contains(host))
}

/// What is not finished is not there, and says so in the README.
pub fn unfinished(files: &[File]) -> Vec<Finding> {
    let words = ["TODO", "FIXME", "XXX", "todo!", "unimplemented!", "dbg!"];
    lines_with(files, &words, "is unfinished work; finish it, or leave it out and say so in README.md", |line, word| {
        line.match_indices(word).any(|(at, _)| {
            let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            edge(line[..at].chars().next_back()) && edge(line[at + word.len()..].chars().next())
        })
    })
}

/// `expect` complains when its reason has gone; `allow` never does.
pub fn allowed_lints(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.names_the_forbidden()) {
        let rust = Rust::read(&file.text);
        for (at, line, word) in rust.words() {
            let before: String = rust.code[at.saturating_sub(3)..at].iter().collect();
            if word == "allow" && (before.ends_with("#[") || before.ends_with("#![")) {
                findings.push(Finding::new(&file.path, line, "write #[expect(…, reason = \"…\")] instead of #[allow]"));
            }
        }
    }
    findings
}

/// Two people who saw different things are not in conflict: a screen says 待确认.
pub fn blaming_word(files: &[File]) -> Vec<Finding> {
    let folders = ["core/", "bindings/", "sync-server/"];
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| folders.iter().any(|folder| file.path.starts_with(folder))) {
        let lines: Vec<usize> = if file.is_rust() && !file.is_test() {
            let rust = Rust::read(&file.text);
            let said = rust.strings.iter().filter(|(line, text)| text.contains("冲突") && !rust.in_tests(*line));
            said.map(|(line, _)| *line).collect()
        } else if matches!(file.extension(), "toml" | "html" | "svg") {
            let said = file.text.lines().enumerate().filter(|(_, line)| line.contains("冲突"));
            said.map(|(index, _)| index + 1).collect()
        } else {
            Vec::new()
        };
        let what = "a screen never says 冲突; say 待确认 and who saw what";
        findings.extend(lines.into_iter().map(|line| Finding::new(&file.path, line, what)));
    }
    findings
}

const HEADINGS: [&str; 5] =
    ["What it is", "What it may import", "Where to start reading", "How to test", "Laws it keeps"];

/// Every top folder explains itself under the same five headings.
pub fn headings(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in ["core", "bindings", "sync-server", "tests"] {
        let path = format!("{folder}/README.md");
        let text = files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
        let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
        // The format of scenario files is long and has its place after the five, in tests/README.md alone.
        let exact = if folder == "tests" { found.starts_with(&HEADINGS) } else { found == HEADINGS };
        if !exact {
            let what = format!("needs the headings `## {}`, in this order and no others", HEADINGS.join("`, `## "));
            findings.push(Finding::new(&path, 1, what));
        }
    }
    findings
}

const TOP: [&str; 15] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "README.zh-CN.md",
    "SECURITY.md",
    "bindings",
    "core",
    "deny.toml",
    "sync-server",
    "tests",
];

/// The top of the tree is what a newcomer sees first: all of this, and besides it only names with a dot in front.
pub fn top_level(files: &[File]) -> Vec<Finding> {
    let mut found: Vec<_> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    found.dedup();
    let extra = found.iter().filter(|name| !name.starts_with('.') && !TOP.contains(name)).map(|name| {
        Finding::new(name, 1, "is not one of the names at the top; longer texts go to docs/ of the folder they concern")
    });
    let missing = TOP.iter().filter(|name| !found.contains(name)).map(|name| Finding::new(name, 1, "is missing"));
    extra.chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<File> {
        vec![File::new(path, text)]
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(file_length(&one("core/src/a.rs", &"\n".repeat(601))).len(), 1);
        assert_eq!(file_length(&one("bindings/kotlin/A.kt", &"\n".repeat(601))).len(), 1);
        assert_eq!(file_length(&one("core/src/a.rs", &"\n".repeat(600))), []);
    }

    #[test]
    fn a_long_function_is_found() {
        let of = |lines: usize| format!("\nfn f() {{{}}}", "\n".repeat(lines - 1));
        let found = function_length(&one("a.rs", &of(71)));
        assert_eq!((found.len(), found[0].line), (1, 2));
        assert_eq!(function_length(&one("a.rs", &of(70))), []);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert_eq!(machine_paths(&one("a.md", "see /work/x")).len(), 1);
        assert_eq!(machine_paths(&one("a.sh", "cd \"/home/me/x\"; cat </root/.x")).len(), 2);
        assert_eq!(machine_paths(&one("a.md", "https://example.org/work/x, core/home/x")), []);
    }

    #[test]
    fn a_registry_is_found() {
        assert_eq!(registry_hosts(&one("pom.xml", "<url>https://repo1.maven.org/maven2</url>")).len(), 1);
        assert_eq!(registry_hosts(&one("deny.toml", "https://github.com/rust-lang/crates.io-index")), []);
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(unfinished(&one("a.rs", "// TODO: x\nfn f() { todo!() }\nlet x = dbg!(1);")).len(), 3);
        assert_eq!(unfinished(&one("a.rs", "fn into_todo() {} // AXXX mastodon")), []);
    }

    #[test]
    fn a_silent_lint_is_found() {
        assert_eq!(allowed_lints(&one("a.rs", "#[allow(dead_code)]\nfn f() {}\n#![allow(x)]")).len(), 2);
        assert_eq!(allowed_lints(&one("a.rs", "#[expect(dead_code)]\nfn allow() {} // #[allow(x)]")), []);
    }

    #[test]
    fn the_blaming_word_is_found() {
        let word = "fn f() -> &'static str {\n \"有冲突\"\n}";
        assert_eq!(blaming_word(&one("core/src/a.rs", word))[0].line, 2);
        assert_eq!(blaming_word(&one("core/schema/a.toml", "zh = \"冲突\"")).len(), 1);
        assert_eq!(blaming_word(&one("core/tests/a.rs", word)), []);
        let inside = format!("// 冲突\n#[cfg(test)]\nmod tests {{\n{word}\n}}");
        assert_eq!(blaming_word(&one("core/src/a.rs", &inside)), []);
    }

    #[test]
    fn a_readme_without_its_headings_is_found() {
        let good = format!("## {}\ntext\n", HEADINGS.join("\ntext\n## "));
        let of = |folder: &str, text: &str| File::new(&format!("{folder}/README.md"), text);
        let mut all: Vec<_> = ["core", "bindings", "sync-server"].iter().map(|folder| of(folder, &good)).collect();
        all.push(of("tests", &format!("{good}## Scenario files\n")));
        assert_eq!(headings(&all), []);
        all[0] = of("core", &format!("{good}## More\n"));
        all[1] = of("bindings", &good.replace("## How to test", "### How to test"));
        assert_eq!(headings(&all).len(), 2);
        assert_eq!(headings(&[]).len(), 4);
    }

    #[test]
    fn a_stranger_at_the_top_is_found() {
        let mut files: Vec<_> = TOP.iter().map(|name| File::new(name, "")).collect();
        files.push(File::new(".gitignore", ""));
        assert_eq!(top_level(&files), []);
        files.push(File::new("scripts/x.sh", ""));
        files.remove(0);
        assert_eq!(top_level(&files).len(), 2);
    }
}
