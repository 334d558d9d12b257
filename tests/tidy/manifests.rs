//! Cargo.toml files: versions exact and in one place, lints inherited.

use super::tree::{File, Finding, line_of_key};

fn parse(file: &File) -> toml::Table {
    file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

/// Dependency tables of a manifest, with their entries.
fn dependencies(table: &toml::Table) -> Vec<(String, toml::Value)> {
    let mut all = Vec::new();
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if key.ends_with("dependencies") {
            all.extend(inner.iter().map(|(name, entry)| (name.clone(), entry.clone())));
        } else {
            all.extend(dependencies(inner));
        }
    }
    all
}

/// The root says every version once and exactly; packages take it from there.
pub fn versions(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let root = file.path == "Cargo.toml";
        for (name, entry) in dependencies(&parse(file)) {
            let field = |key: &str| entry.get(key).and_then(toml::Value::as_str);
            let ok = if root {
                let version = entry.as_str().or_else(|| field("version"));
                version.map_or_else(|| field("path").is_some(), is_exact)
            } else {
                entry.get("workspace").and_then(toml::Value::as_bool) == Some(true) && field("version").is_none()
            };
            if !ok {
                let what = if root {
                    format!("write the exact version of {name}: \"=1.2.3\"")
                } else {
                    format!("write `{name}.workspace = true` and its version in the root Cargo.toml")
                };
                findings.push(Finding::new(&file.path, line_of_key(&file.text, &name), what));
            }
        }
    }
    findings
}

fn is_exact(version: &str) -> bool {
    version.strip_prefix('=').is_some_and(|number| number.split('.').count() >= 3)
}

/// Every package inherits the lints of the workspace, which themselves forbid unsafe code.
pub fn lints(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let table = parse(file);
        let at = |keys: &[&str]| {
            let mut value = toml::Value::Table(table.clone());
            for key in keys {
                value = value.get(*key)?.clone();
            }
            Some(value)
        };
        if table.contains_key("package") && at(&["lints", "workspace"]) != Some(toml::Value::Boolean(true)) {
            findings.push(Finding::new(&file.path, 1, "add `[lints]` with `workspace = true`"));
        }
        let unsafe_code = at(&["workspace", "lints", "rust", "unsafe_code"]);
        if table.contains_key("workspace") && unsafe_code != Some("forbid".into()) {
            findings.push(Finding::new(&file.path, 1, "[workspace.lints.rust] must keep unsafe_code = \"forbid\""));
        }
    }
    findings
}

#[test]
fn a_loose_or_second_version_is_found() {
    let root = "[workspace.dependencies]\na = \"=1.2.3\"\nb = \"1\"\nc = { version = \"=1.2\" }\nd = { path = \"d\" }";
    let found = versions(&[File::new("Cargo.toml", root)]);
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [3, 4], "{found:?}");
    let package =
        "[dependencies]\na.workspace = true\nb = \"=1.2.3\"\n[target.x.dev-dependencies]\nc = { version = \"1\" }";
    assert_eq!(versions(&[File::new("core/Cargo.toml", package)]).len(), 2);
}

#[test]
fn lints_left_out_are_found() {
    assert_eq!(lints(&[File::new("core/Cargo.toml", "[package]\nname = \"x\"")]).len(), 1);
    assert_eq!(lints(&[File::new("core/Cargo.toml", "[package]\nname = \"x\"\n[lints]\nworkspace = true")]), []);
    assert_eq!(lints(&[File::new("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"warn\"")]).len(), 1);
}
