//! The host's pace limit: so many requests in a window, for each credential.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::ids::Digest;

/// So many requests per window; HCP Terraform's is 30 in a second.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many.
    pub requests: u32,
    /// In what time; counted by the system's steady clock.
    pub window: Duration,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            requests: 30,
            window: Duration::from_secs(1),
        }
    }
}

/// What one request is told.
pub(super) struct Verdict {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    pub reset: Duration,
}

/// The windows under way.
#[derive(Default)]
pub(super) struct Windows(HashMap<Option<Digest>, (Instant, u32)>);

impl Windows {
    pub fn count(&mut self, who: Option<Digest>, limit: Limit, now: Instant) -> Verdict {
        // Wrong credentials must not fill the memory.
        if self.0.len() > 1000 {
            self.0
                .retain(|_, (start, _)| now.duration_since(*start) < limit.window);
        }
        let window = self.0.entry(who).or_insert((now, 0));
        if now.duration_since(window.0) >= limit.window {
            *window = (now, 0);
        }
        let allowed = window.1 < limit.requests;
        if allowed {
            window.1 += 1;
        }
        Verdict {
            allowed,
            limit: limit.requests,
            remaining: limit.requests.saturating_sub(window.1),
            reset: limit.window.saturating_sub(now.duration_since(window.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_credential_has_its_own_window() {
        let limit = Limit {
            requests: 2,
            window: Duration::from_secs(1),
        };
        let start = Instant::now();
        let mut windows = Windows::default();
        let mut ask = |who: u8, ms| {
            let verdict = windows.count(Some([who; 32]), limit, start + Duration::from_millis(ms));
            (
                verdict.allowed,
                verdict.remaining,
                verdict.reset.as_millis(),
            )
        };
        assert_eq!(ask(1, 0), (true, 1, 1000));
        assert_eq!(ask(1, 100), (true, 0, 900));
        assert_eq!(ask(1, 200), (false, 0, 800));
        assert_eq!(ask(2, 200), (true, 1, 1000));
        assert_eq!(ask(1, 1000), (true, 1, 1000));
    }
}
