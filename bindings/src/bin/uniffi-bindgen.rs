//! The bindings generator, of the same version as the library it reads.

fn main() {
    uniffi::uniffi_bindgen_main();
}
