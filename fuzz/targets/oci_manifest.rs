//! Feeds `bodies::oci_manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::oci_manifest(data));
