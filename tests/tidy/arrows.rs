//! Who may import whom: packages, modules of the core, and the one importer of each large dependency.

use super::{
    rust::{Rust, is_word},
    tree::{File, Finding, line_of_key},
};

/// The arrows between packages (ARCHITECTURE.md).
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("core", "wangge-core", &[]),
    ("bindings", "wangge-ffi", &["wangge-core"]),
    ("sync-server", "wangge-server", &["wangge-core"]),
    ("tests", "wangge-harness", &["wangge-core", "wangge-server"]),
];

/// The arrows inside the core: app ▶ {doc, store, sync, net} ▶ merge ▶ model.
const MODULES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("merge", &["model"]),
    ("doc", &["merge", "model"]),
    ("store", &["merge", "model"]),
    ("sync", &["merge", "model"]),
    ("net", &["merge", "model"]),
    ("app", &["doc", "store", "sync", "net", "merge", "model"]),
];

/// A dependency, the packages that may list it, and the places in their sources that may name it.
struct Importer {
    name: &'static str,
    packages: &'static [&'static str],
    places: &'static [&'static str],
}

/// The harness measures floors on a plain database, so `tests/` may name rusqlite as well.
const IMPORTERS: &[Importer] = &[
    Importer { name: "automerge", packages: &["core"], places: &["core/src/doc"] },
    Importer {
        name: "rusqlite",
        packages: &["core", "sync-server", "tests"],
        places: &["core/src/store", "sync-server/src/db"],
    },
    Importer { name: "reqwest", packages: &["core"], places: &["core/src/net"] },
    Importer {
        name: "tokio",
        packages: &["core", "sync-server"],
        places: &["core/src/net", "sync-server/src/serve", "sync-server/src/main"],
    },
    Importer { name: "axum", packages: &["sync-server"], places: &["sync-server/src/serve"] },
    Importer { name: "uniffi", packages: &["bindings"], places: &["bindings/src"] },
];

/// Which package may depend on which, and who may list the large dependencies.
pub fn packages(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, _, may_use) in PACKAGES {
        let Some(file) = files.iter().find(|file| file.path == format!("{folder}/Cargo.toml")) else {
            findings.push(Finding::new(folder, 1, "package without Cargo.toml; see ARCHITECTURE.md for the layout"));
            continue;
        };
        for name in dependency_names(file) {
            let ours = PACKAGES.iter().any(|(_, package, _)| *package == name);
            if ours && !may_use.contains(&name.as_str()) {
                let what = format!("{folder} may not depend on {name}; the arrows stand in ARCHITECTURE.md");
                findings.push(Finding::new(&file.path, line_of_key(&file.text, &name), what));
            }
            if let Some(rule) = IMPORTERS.iter().find(|rule| rule.name == name && !rule.packages.contains(folder)) {
                let what = format!("{name} belongs to {}; call what they offer instead", rule.packages.join(", "));
                findings.push(Finding::new(&file.path, line_of_key(&file.text, &name), what));
            }
        }
    }
    findings
}

/// Every name under a `dependencies` table, also of targets and for development.
fn dependency_names(file: &File) -> Vec<String> {
    fn walk(table: &toml::Table, names: &mut Vec<String>) {
        for (key, value) in table {
            let Some(inner) = value.as_table() else { continue };
            if key.ends_with("dependencies") {
                names.extend(inner.keys().cloned());
            } else {
                walk(inner, names);
            }
        }
    }
    let mut names = Vec::new();
    walk(&file.text.parse().unwrap_or_default(), &mut names);
    names
}

/// Which module of the core may name which.
pub fn modules(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("core/src/") && file.is_rust()) {
        let path = module_path(&file.path);
        let Some(own) = path.first() else { continue };
        let Some((_, may_use)) = MODULES.iter().find(|(name, _)| name == own) else {
            let what = format!("module {own} has no place among the arrows; add it to ARCHITECTURE.md and tests/tidy");
            findings.push(Finding::new(&file.path, 1, what));
            continue;
        };
        for (line, name) in names_from_root(&Rust::read(&file.text), path.len()) {
            if name == *own || may_use.contains(&name.as_str()) {
                continue;
            }
            let what = if MODULES.iter().any(|(module, _)| *module == name) {
                format!("{own} may not import {name}: app ▶ {{doc, store, sync, net}} ▶ merge ▶ model")
            } else {
                format!("`crate::{name}` hides which module it comes from; write the module's name")
            };
            findings.push(Finding::new(&file.path, line, what));
        }
    }
    findings
}

/// `core/src/doc/chunk.rs` is `[doc, chunk]`, `core/src/doc/mod.rs` is `[doc]`, `core/src/lib.rs` is empty.
fn module_path(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("core/src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| !matches!(*part, "mod" | "lib")).collect()
}

/// First segments of paths that start at the crate's root, by `crate::` or by enough `super::`.
fn names_from_root(rust: &Rust, depth: usize) -> Vec<(usize, String)> {
    let words = rust.words();
    let mut names = Vec::new();
    for (index, (at, line, word)) in words.iter().enumerate() {
        let follows_super = *at >= 2 && rust.starts_with(at - 2, "::") && index > 0 && words[index - 1].2 == "super";
        let mut after = at + word.len();
        match word.as_str() {
            "crate" => {}
            "super" if !follows_super => {
                let mut supers = 1;
                while rust.starts_with(after, "::super") {
                    supers += 1;
                    after += "::super".len();
                }
                if supers < depth + rust.inline_depth(*line) {
                    continue;
                }
            }
            _ => continue,
        }
        if rust.starts_with(after, "::") {
            names.extend(segments(rust, after + 2).into_iter().map(|name| (*line, name)));
        }
    }
    names
}

/// The segment at `at`, or those of a group `{a, b::c}`; macros and `*` are nobody's module.
fn segments(rust: &Rust, at: usize) -> Vec<String> {
    let starts = if rust.code.get(at) == Some(&'{') {
        let (close, mut depth, mut starts) = (rust.closing(at).unwrap_or(at), 0, vec![at + 1]);
        for (offset, c) in rust.code[at..close].iter().enumerate() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => starts.push(at + offset + 1),
                _ => {}
            }
        }
        starts
    } else {
        vec![at]
    };
    let word_at = |start: usize| {
        let word: String =
            rust.code[start..].iter().skip_while(|c| c.is_whitespace()).take_while(|c| is_word(**c)).collect();
        let is_macro = rust.code[start..].iter().skip_while(|c| c.is_whitespace()).nth(word.len()) == Some(&'!');
        (!word.is_empty() && word != "self" && !is_macro).then_some(word)
    };
    starts.into_iter().filter_map(word_at).collect()
}

/// A large dependency is named in one place only, so that it can be replaced, pinned and guarded there.
pub fn importers(files: &[File]) -> Vec<Finding> {
    let product = ["core/src/", "core/examples/", "bindings/src/", "sync-server/src/", "tests/src/"];
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && product.iter().any(|folder| file.path.starts_with(folder)))
    {
        let rust = Rust::read(&file.text);
        for (at, line, word) in rust.words() {
            let Some(rule) = IMPORTERS.iter().find(|rule| rule.name == word) else { continue };
            let in_harness = file.path.starts_with("tests/src/") && rule.packages.contains(&"tests");
            if in_harness || is_inner_segment(&rust, at) || !names_a_crate(&rust, at, &word) {
                continue;
            }
            if !rule.places.iter().any(|place| file.path.starts_with(place)) {
                let what = format!("only {} may name {word}; ask that module instead", rule.places.join(" and "));
                findings.push(Finding::new(&file.path, line, what));
            }
        }
    }
    findings
}

/// Where the core may ask the machine for the time or for random bytes; everywhere else they are parameters.
const ENVIRONMENT: [&str; 2] = ["core/src/app/env.rs", "core/src/net/"];

/// What is read from the machine cannot be replayed, so that a simulated day could not be run twice.
pub fn environment(files: &[File]) -> Vec<Finding> {
    let readers = ["SystemTime", "Instant", "getrandom", "OsRng", "SysRng", "sleep"];
    let inside = |file: &&File| file.path.starts_with("core/src/") && file.is_rust() && !file.is_test();
    let mut findings = Vec::new();
    for file in files.iter().filter(inside).filter(|file| !ENVIRONMENT.iter().any(|may| file.path.starts_with(may))) {
        let rust = Rust::read(&file.text);
        for (_, line, word) in rust.words() {
            if readers.contains(&word.as_str()) && !rust.in_tests(line) {
                let what = format!("{word} asks the machine; take time and randomness as parameters (`Env`)");
                findings.push(Finding::new(&file.path, line, what));
            }
        }
    }
    findings
}

/// `x::tokio` is somebody's module; `::tokio` is the crate.
fn is_inner_segment(rust: &Rust, at: usize) -> bool {
    at >= 3 && rust.starts_with(at - 2, "::") && is_word(rust.code[at - 3])
}

fn names_a_crate(rust: &Rust, at: usize, word: &str) -> bool {
    let before: String = rust.code[at.saturating_sub(13)..at].iter().collect();
    let before = before.trim_end_matches("::").trim_end();
    rust.starts_with(at + word.len(), "::") || before.ends_with("use") || before.ends_with("extern crate")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(findings: &[Finding]) -> Vec<(usize, &str)> {
        findings.iter().map(|finding| (finding.line, finding.what.as_str())).collect()
    }
    fn core(path: &str, text: &str) -> Vec<Finding> {
        modules(&[File::new(path, text)])
    }

    #[test]
    fn a_package_against_the_arrow_is_found() {
        let manifest = |folder: &str, text: &str| File::new(&format!("{folder}/Cargo.toml"), text);
        let files = [
            manifest(
                "core",
                "[dependencies]\nserde.workspace = true\n[dev-dependencies]\nwangge-server.workspace = true",
            ),
            manifest("bindings", "[dependencies]\nwangge-core.workspace = true\nautomerge.workspace = true"),
            manifest("sync-server", "[target.'cfg(unix)'.dependencies]\nwangge-ffi.workspace = true"),
            manifest("tests", "[dependencies]\nwangge-core.workspace = true\nwangge-server.workspace = true"),
        ];
        let found = packages(&files);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!((found[0].line, found[1].line, found[2].line), (4, 3, 2));
        assert!(found[1].what.contains("automerge belongs to core"));
        assert_eq!(packages(&files[..3]).len(), 4, "a package without manifest");
    }

    #[test]
    fn a_module_against_the_arrow_is_found() {
        assert_eq!(core("core/src/doc/chunk.rs", "use crate::model::Value;\nuse crate::store::Store;")[0].line, 2);
        assert_eq!(core("core/src/merge/mod.rs", "fn f() { super::doc::read() }").len(), 1);
        assert_eq!(core("core/src/sync/machine.rs", "use super::super::net;").len(), 1);
        assert_eq!(core("core/src/store/read.rs", "use crate::{model::{A, B},\n sync::wire, merge};").len(), 1);
        assert_eq!(core("core/src/model/mod.rs", "#[cfg(test)]\nmod tests {\n use super::super::app;\n}").len(), 1);
        assert!(core("core/src/extra/mod.rs", "")[0].what.contains("no place"));
    }

    #[test]
    fn a_hidden_module_is_found() {
        assert!(whats(&core("core/src/doc/mod.rs", "use crate::Store;"))[0].1.contains("hides"));
    }

    #[test]
    fn arrows_that_run_down_pass() {
        let text = "use crate::{model::{Value}, merge};\nuse super::chunk;\n// crate::store\nconst A: &str = \"crate::store\";\nmod tests {\n use super::*;\n use super::super::chunk;\n}";
        assert_eq!(whats(&core("core/src/doc/guard.rs", text)), []);
        assert_eq!(core("core/src/app/mod.rs", "use crate::{doc, store, sync, net, model};"), []);
        assert_eq!(core("core/src/lib.rs", "pub use crate::app::App;"), []);
    }

    #[test]
    fn a_second_importer_is_found() {
        let name = |path: &str, text: &str| importers(&[File::new(path, text)]).len();
        assert_eq!(name("core/src/app/mod.rs", "use automerge::Automerge;"), 1);
        assert_eq!(name("core/src/app/mod.rs", "fn f() -> ::rusqlite::Result<()> { todo() }"), 1);
        assert_eq!(name("sync-server/src/api.rs", "#[tokio::main]\nfn main() {}"), 1);
        assert_eq!(name("tests/src/bench.rs", "use reqwest;"), 1);
        assert_eq!(name("core/src/model/mod.rs", "#[derive(uniffi::Record)]\nstruct A;"), 1);
    }

    #[test]
    fn a_clock_inside_is_found() {
        let read = |path: &str| environment(&[File::new(path, "fn f() {}\nlet now = std::time::Instant::now();")]);
        assert_eq!(read("core/src/sync/machine.rs")[0].line, 2);
        assert_eq!(read("core/src/app/env.rs"), []);
        let test = "#[cfg(test)]\nmod tests {\n use std::time::Instant;\n}";
        assert_eq!(environment(&[File::new("core/src/doc/mod.rs", test)]), []);
    }

    #[test]
    fn the_one_importer_passes() {
        let name = |path: &str, text: &str| importers(&[File::new(path, text)]).len();
        assert_eq!(name("core/src/doc/mod.rs", "use automerge::Automerge;"), 0);
        assert_eq!(name("sync-server/src/db/mod.rs", "use rusqlite::Connection;"), 0);
        assert_eq!(name("tests/src/floor.rs", "use rusqlite::Connection;"), 0);
        assert_eq!(name("core/src/app/mod.rs", "use self::automerge::x; let tokio = 1; // uniffi::x\n"), 0);
    }
}
