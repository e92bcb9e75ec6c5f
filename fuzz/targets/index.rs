//! Feeds `bodies::index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::index(data));
