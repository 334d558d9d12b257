//! Writes the surface for another language: `uniffi-bindgen LANGUAGE LIBRARY OUT_DIR`, for example
//! `cargo run -p wangge-ffi --example uniffi-bindgen -- python target/debug/libwangge_ffi.so target/python`.
//!
//! An example and not a program of its own, so that the generator has the very version of the library and no phone carries
//! it. The library must not be stripped: its description stands in its symbols.

use std::{env, process::ExitCode};

use camino::Utf8PathBuf;
use uniffi_bindgen::{
    BindgenPaths, BindgenPathsLayer,
    bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths},
};

/// `uniffi.toml` stands beside `Cargo.toml`. The generator could ask cargo where, at the price of cargo's own libraries.
struct Beside;
impl BindgenPathsLayer for Beside {
    fn get_crate_root(&self, _: &str) -> Option<Utf8PathBuf> {
        Some(env!("CARGO_MANIFEST_DIR").into())
    }
}

const USAGE: &str = "uniffi-bindgen kotlin|swift|python LIBRARY OUT_DIR";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [language, library, out_dir] = &words[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let language = match language.as_str() {
        "kotlin" => TargetLanguage::Kotlin,
        "swift" => TargetLanguage::Swift,
        "python" => TargetLanguage::Python,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match generate(language, library, out_dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(language: TargetLanguage, library: &str, out_dir: &str) -> Result<(), String> {
    let mut paths = BindgenPaths::default();
    paths.add_layer(Beside);
    let options = GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: out_dir.into(),
        ..GenerateOptions::default()
    };
    generate_with_bindgen_paths(options, paths).map_err(|error| format!("{error:#}"))
}
