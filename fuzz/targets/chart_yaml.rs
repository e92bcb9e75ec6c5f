//! Feeds `bodies::chart_yaml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::chart_yaml(data));
