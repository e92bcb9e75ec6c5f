//! Feeds `bodies::helmignore`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::helmignore(data));
