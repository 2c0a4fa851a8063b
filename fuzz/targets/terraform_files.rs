//! The Terraform CLI's files: HCL1 and JSON are read, a credential is stored.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgward::credentials::fuzzing::files(bytes));
