//! Foreign text: safe for a terminal, within its width, and the same when it is
//! made safe again.
#![no_main]

use orgward::text::{fit, safe, safe_bytes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let shown = safe_bytes(bytes);
    assert!(shown.chars().all(|c| !c.is_control()));
    let again = safe(&shown);
    assert_eq!(again.trim_end_matches('…'), shown.trim_end_matches('…'));
    for width in [0, 1, 2, 7, 80] {
        let fitted = fit(&shown, width, false);
        assert!(unicode_width::UnicodeWidthStr::width(fitted.as_str()) <= width);
    }
});
