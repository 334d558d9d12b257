//! Every name and signature that other languages see, against `tests/golden/surface.txt`.
//!
//! `UPDATE_GOLDEN=1 cargo test -p wangge-ffi --test golden` writes it anew; a reviewer then sees what changes for the apps.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use uniffi_bindgen::{
    BindgenLoader, BindgenPaths, BindgenPathsLayer, ComponentInterface, GlobalConfig,
    bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths},
    interface::{AsType as _, Callable, Field, Type, Variant},
};

/// The library beside this test, built by the same run.
fn library() -> String {
    let test = env::current_exe().expect("the test runs from a file");
    let name = format!("{}wangge_ffi{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    test.with_file_name(name).into_os_string().into_string().expect("the path is text")
}

fn interface() -> ComponentInterface {
    let loader = BindgenLoader::new(BindgenPaths::default(), GlobalConfig::default());
    let metadata = loader.load_metadata(library().as_str().into()).expect("the library holds its description");
    let mut interfaces = loader.load_cis(metadata).expect("the description is consistent");
    assert_eq!(interfaces.len(), 1, "one crate carries the surface");
    interfaces.remove(0)
}

fn type_name(of: &Type) -> String {
    match of {
        Type::Optional { inner_type } => format!("{}?", type_name(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", type_name(inner_type)),
        Type::Map { key_type, value_type } => format!("[{}: {}]", type_name(key_type), type_name(value_type)),
        named => named.name().map_or_else(|| format!("{named:?}"), str::to_owned),
    }
}

fn signature(word: &str, name: &str, call: &dyn Callable) -> String {
    let argument = |name: &str, of: &Type, default: bool| {
        format!("{name}: {}{}", type_name(of), if default { " = …" } else { "" })
    };
    let arguments: Vec<_> = call
        .arguments()
        .iter()
        .map(|arg| argument(arg.name(), &arg.as_type(), arg.default_value().is_some()))
        .collect();
    let result = call.return_type().map_or_else(String::new, |of| format!(" -> {}", type_name(of)));
    let throws = call.throws_type().map_or_else(String::new, |of| format!(" throws {}", type_name(of)));
    format!("  {word} {name}({}){result}{throws}\n", arguments.join(", "))
}

fn fields(out: &mut String, indent: &str, fields: &[Field]) {
    for field in fields {
        let default = if field.default_value().is_some() { " = …" } else { "" };
        let _ = writeln!(out, "{indent}{}: {}{default}", field.name(), type_name(&field.as_type()));
    }
}

/// Every definition as one paragraph.
fn surface(interface: &ComponentInterface) -> String {
    let mut paragraphs = Vec::new();
    for object in interface.object_definitions() {
        let word = if object.has_callback_interface() { "foreign trait" } else { "object" };
        let mut out = format!("{word} {}\n", object.name());
        object.constructors().iter().for_each(|call| out += &signature("constructor", call.name(), *call));
        object.methods().iter().for_each(|call| out += &signature("fn", call.name(), *call));
        paragraphs.push(out);
    }
    for record in interface.record_definitions() {
        let mut out = format!("record {}\n", record.name());
        fields(&mut out, "  ", record.fields());
        record.methods().iter().for_each(|call| out += &signature("fn", call.name(), call));
        paragraphs.push(out);
    }
    for choice in interface.enum_definitions() {
        let word = if interface.is_name_used_as_error(choice.name()) { "error" } else { "enum" };
        let mut out = format!("{word} {}\n", choice.name());
        for variant in choice.variants() {
            let _ = writeln!(out, "  {}", variant.name());
            fields(&mut out, "    ", variant.fields());
        }
        choice.methods().iter().for_each(|call| out += &signature("fn", call.name(), call));
        paragraphs.push(out);
    }
    let customs = interface.iter_local_types().filter_map(|of| match of {
        Type::Custom { name, builtin, .. } => Some(format!("name {name} = {}\n", type_name(builtin))),
        _ => None,
    });
    paragraphs.extend(customs);
    paragraphs.extend(interface.function_definitions().iter().map(|call| signature("fn", call.name(), call)));
    paragraphs.sort();
    paragraphs.join("\n")
}

#[test]
fn the_surface_is_the_one_that_was_agreed() {
    let found = surface(&interface());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/surface.txt");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).expect("the golden file can be written");
    }
    let agreed = fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(found, agreed, "the surface changed: write the golden file anew and tell those who use it");
}

#[test]
fn every_name_is_documented() {
    let interface = interface();
    let mut bare: Vec<String> = Vec::new();
    let mut note = |name: String, doc: Option<&str>| {
        if doc.is_none_or(str::is_empty) {
            bare.push(name);
        }
    };
    for object in interface.object_definitions() {
        note(object.name().to_owned(), object.docstring());
        object.methods().iter().for_each(|call| note(format!("{}.{}", object.name(), call.name()), call.docstring()));
    }
    for record in interface.record_definitions() {
        note(record.name().to_owned(), record.docstring());
        record.fields().iter().for_each(|f| note(format!("{}.{}", record.name(), f.name()), f.docstring()));
    }
    for choice in interface.enum_definitions() {
        note(choice.name().to_owned(), choice.docstring());
        choice.variants().iter().for_each(|v| note(format!("{}.{}", choice.name(), v.name()), v.docstring()));
    }
    assert!(bare.is_empty(), "no word on: {bare:?}");
}

/// `uniffi.toml` stands beside `Cargo.toml`.
struct Beside;
impl BindgenPathsLayer for Beside {
    fn get_crate_root(&self, _: &str) -> Option<camino::Utf8PathBuf> {
        Some(env!("CARGO_MANIFEST_DIR").into())
    }
}

/// Kotlin is compiled and run by `bindings/kotlin`; of the others this is all that is promised today.
#[test]
fn every_language_can_be_generated() {
    let languages = [
        (TargetLanguage::Kotlin, "org/wangge/core/wangge_ffi.kt", "package org.wangge.core"),
        (TargetLanguage::Swift, "wangge_ffi.swift", "open class Wangge"),
        (TargetLanguage::Python, "wangge_ffi.py", "class Wangge("),
    ];
    for (language, file, holds) in languages {
        let dir = tempfile::tempdir().expect("there is room for a directory");
        let mut paths = BindgenPaths::default();
        paths.add_layer(Beside);
        let options = GenerateOptions {
            languages: vec![language],
            source: library().into(),
            out_dir: dir.path().to_str().expect("the path is text").into(),
            ..GenerateOptions::default()
        };
        generate_with_bindgen_paths(options, paths).expect("the surface can be written in this language");
        let code = fs::read_to_string(dir.path().join(file)).expect("the file is named after the crate");
        assert!(code.contains(holds), "{file} lacks {holds}");
    }
}

/// Names that Kotlin, Python or Swift cannot take (measured): the generated code would not compile.
#[test]
fn no_name_breaks_a_language() {
    let interface = interface();
    for choice in interface.enum_definitions().iter().filter(|e| interface.is_name_used_as_error(e.name())) {
        for field in choice.variants().iter().flat_map(Variant::fields) {
            assert!(!matches!(field.name(), "message" | "cause"), "{}.{}", choice.name(), field.name());
        }
    }
    for record in interface.record_definitions() {
        let defaults: Vec<bool> = record.fields().iter().map(|f| f.default_value().is_some()).collect();
        assert!(defaults.is_sorted(), "{}: a required field after one with a default", record.name());
    }
    for object in interface.object_definitions() {
        let taken = object.methods().iter().any(|call| matches!(call.name(), "close" | "destroy" | "finalize"));
        assert!(!taken, "{}: the name belongs to the generated object", object.name());
    }
}
