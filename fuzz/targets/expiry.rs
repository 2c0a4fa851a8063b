//! The field for an expiry: what is read is sent in whole seconds, later than
//! now and within the policy.
#![no_main]

use std::time::Duration;

use jiff::Timestamp;
use orgward::expiry::Expiry;

libfuzzer_sys::fuzz_target!(|input: (&str, i32, Option<u32>)| {
    let (text, now, policy) = input;
    let now = Timestamp::from_second(now.into()).expect("the calendar is wider");
    let policy = policy.map(|seconds| Duration::from_secs(seconds.into()));
    let Ok(expiry) = Expiry::parse(text) else {
        return;
    };
    assert!(expiry.words().chars().all(|c| !c.is_control()));
    if let Ok(Some(time)) = expiry.resolve(now, policy) {
        assert!(time > now && time.subsec_nanosecond() == 0);
        if let Some(latest) = policy.and_then(|policy| orgward::slot::add(now, policy)) {
            assert!(time <= latest);
        }
    }
});
