//! The house rules as tests. Each rule is a pure function over the files of the tree, with tests of its own that show
//! that it finds what it forbids; here every rule is asked about the real tree.

use std::path::Path;

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/docs.rs"]
mod docs;
#[cfg(unix)]
#[path = "tidy/doctor.rs"]
mod doctor;
#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/rust.rs"]
mod rust;
#[path = "tidy/texts.rs"]
mod texts;
#[path = "tidy/tree.rs"]
mod tree;

use tree::{File, Finding};

fn holds(rule: impl Fn(&[File]) -> Vec<Finding>) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the tree");
    let files = tree::read(top);
    assert!(files.len() > 20, "only {} files under {}", files.len(), top.display());
    let findings = rule(&files);
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} to mend:\n  {}\n", list.len(), list.join("\n  "));
}

#[test]
fn packages_follow_the_arrows() {
    holds(arrows::packages);
}
#[test]
fn modules_of_the_core_follow_the_arrows() {
    holds(arrows::modules);
}
#[test]
fn large_dependencies_have_one_importer() {
    holds(arrows::importers);
}
#[test]
fn the_core_asks_no_clock() {
    holds(arrows::environment);
}
#[test]
fn versions_are_exact_and_stand_once() {
    holds(manifests::versions);
}
#[test]
fn packages_inherit_the_lints() {
    holds(manifests::lints);
}
#[test]
fn files_are_short() {
    holds(texts::file_length);
}
#[test]
fn functions_are_short() {
    holds(texts::function_length);
}
#[test]
fn no_path_of_one_machine() {
    holds(texts::machine_paths);
}
#[test]
fn no_package_registry() {
    holds(texts::registry_hosts);
}
#[test]
fn nothing_unfinished() {
    holds(texts::unfinished);
}
#[test]
fn no_lint_is_silenced() {
    holds(texts::allowed_lints);
}
#[test]
fn no_screen_blames() {
    holds(texts::blaming_word);
}
#[test]
fn folders_explain_themselves() {
    holds(texts::headings);
}
#[test]
fn the_top_holds_what_it_should() {
    holds(texts::top_level);
}
#[test]
fn links_lead_somewhere() {
    holds(docs::links);
}
#[test]
fn sections_that_are_named_exist() {
    holds(docs::sections);
}
#[test]
fn the_example_of_the_guide_is_true() {
    holds(docs::example_field);
}
#[test]
fn the_picture_shows_what_phones_show() {
    holds(docs::pictures);
}
