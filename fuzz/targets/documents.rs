//! The answers of a host: whatever it sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| orgward::api::fuzzing::documents(body));
