//! The journal: a damaged one is read as far as it goes, and safe to show.
#![no_main]

use orgward::journal::{LeftOpen, entries, records};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for entry in entries(&records(bytes)) {
        for text in [&entry.host, &entry.organization, &entry.kind] {
            assert!(text.chars().all(|c| !c.is_control()));
        }
        let left = LeftOpen { running: true, entry };
        assert!(left.words().chars().all(|c| !c.is_control()));
    }
});
