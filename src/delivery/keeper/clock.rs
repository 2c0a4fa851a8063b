//! A clock that goes on while the machine sleeps.

use std::time::Duration;

/// Time since some fixed moment; only differences mean something.
#[cfg(unix)]
pub(super) fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    // Apple's monotonic clock counts sleep; the other systems without a boot
    // clock have none that does.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "openbsd"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "openbsd")))]
    let clock = ClockId::Monotonic;
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Time since some fixed moment; Windows' counter goes on during sleep.
#[cfg(windows)]
pub(super) fn now() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
