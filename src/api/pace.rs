//! As fast as the host allows, and no faster.
//!
//! The limit belongs to the account on the host, so each client has one pace.
//! Requests are spread evenly instead of sent in bursts: a burst meets 429 and
//! then everybody waits. Background reads keep to their share, so that what the
//! owner asks for finds room at once; it goes first as well. A machine that had
//! no time for this program makes up for it, but in no second is more sent than
//! the limit. Written on tokio's clock, so that tests need not wait. PROTOCOL.md, 5.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// The owner asked for it: goes first and may take the whole limit.
    Owner,
    /// Nobody is waiting: keeps to the configured share.
    Background,
}

/// What the screen can say about waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Requests that have not been sent yet.
    pub requests: usize,
    /// How long the host still wants silence.
    pub pause: Option<Duration>,
}

/// Requests a second while no answer has told: the documented limit.
const ASSUMED: f64 = 30.0;
/// Requests in flight on a host that states no limit.
const UNLIMITED_IN_FLIGHT: usize = 16;
/// Requests in flight anywhere: sockets are not free either.
const MOST_IN_FLIGHT: usize = 64;
/// A host that says "none remaining" without refusing is believed this long.
const LONGEST_HINT: Duration = Duration::from_secs(5);
/// Requests that may go at once, beyond the even spread.
const AT_ONCE: u32 = 2;
/// How much time that the machine had for others is made up for.
const CATCH_UP: Duration = Duration::from_secs(1);
/// The time that a stated limit is about.
const WINDOW: Duration = Duration::from_secs(1);
/// Limits beyond this are not counted request by request.
const COUNTED: f64 = 1_000.0;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Assumed,
    Stated(f64),
    NoneStated,
}

/// Evenly spaced permits: `next` is when the next would be due, and one may be
/// taken up to [`AT_ONCE`] spaces early.
struct Meter {
    next: Instant,
}

impl Meter {
    fn ready_at(&self, space: Duration) -> Instant {
        self.next.checked_sub(space * AT_ONCE).unwrap_or(self.next)
    }

    /// Takes a permit for somebody who has waited for it since then. Whoever is
    /// late because nothing ran here delays nobody: the next one is due as if
    /// this one had gone in time. Time in which nobody waited counts for nothing.
    fn take(&mut self, now: Instant, since: Instant, space: Duration) {
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        self.next = self.next.max(since).max(earliest) + space;
    }

    /// Until then something else than the pace held everybody up.
    fn held_until(&mut self, then: Instant) {
        self.next = self.next.max(then);
    }
}

/// When the requests of the last second went.
#[derive(Default)]
struct Recent(VecDeque<Instant>);

impl Recent {
    /// When one more fits into any second at this rate; nothing for at once.
    fn full_until(&mut self, now: Instant, rate: f64) -> Option<Instant> {
        while self.0.front().is_some_and(|first| *first + WINDOW <= now) {
            self.0.pop_front();
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and COUNTED"
        )]
        let most = rate.clamp(1.0, COUNTED) as usize;
        let first = self.0.len().checked_sub(most)?;
        Some(*self.0.get(first)? + WINDOW)
    }

    fn note(&mut self, now: Instant, rate: f64) {
        if rate <= COUNTED {
            self.0.push_back(now);
        }
    }
}

struct State {
    limit: Limit,
    all: Meter,
    background: Meter,
    recent: Recent,
    paused_until: Option<Instant>,
    in_flight: usize,
    owners_waiting: usize,
    backgrounds_waiting: usize,
}

impl State {
    fn waiting(&mut self, urgency: Urgency) -> &mut usize {
        match urgency {
            Urgency::Owner => &mut self.owners_waiting,
            Urgency::Background => &mut self.backgrounds_waiting,
        }
    }
}

/// When to look again.
enum Wait {
    Until(Instant),
    Change,
}

pub(super) struct Pace {
    share: f64,
    state: Mutex<State>,
    changed: Notify,
    // Tokio's mutexes are fair: whoever asked first is served first.
    owners: tokio::sync::Mutex<()>,
    backgrounds: tokio::sync::Mutex<()>,
}

impl Pace {
    /// `share` of the limit is for background reads.
    pub(super) fn new(share: f64) -> Self {
        let share = if share.is_finite() { share } else { 1.0 };
        let now = Instant::now();
        Self {
            share: share.clamp(0.01, 1.0),
            state: Mutex::new(State {
                limit: Limit::Assumed,
                all: Meter { next: now },
                background: Meter { next: now },
                recent: Recent::default(),
                paused_until: None,
                in_flight: 0,
                owners_waiting: 0,
                backgrounds_waiting: 0,
            }),
            changed: Notify::new(),
            owners: tokio::sync::Mutex::default(),
            backgrounds: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place. The permit is held until the answer is complete.
    pub(super) async fn permit(&self, urgency: Urgency) -> Permit<'_> {
        let _queued = Queued::new(self, urgency);
        let since = Instant::now();
        let turn = match urgency {
            Urgency::Owner => &self.owners,
            Urgency::Background => &self.backgrounds,
        };
        let _turn = turn.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening before looking, or a change in between is missed.
            changed.as_mut().enable();
            match self.try_take(urgency, since) {
                Ok(()) => return Permit(self),
                Err(Wait::Change) => changed.await,
                Err(Wait::Until(at)) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = changed => {}
                },
            }
        }
    }

    /// `since` is when whoever asks has begun to wait.
    fn try_take(&self, urgency: Urgency, since: Instant) -> Result<(), Wait> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(until) = state.paused_until {
            if until > now {
                return Err(Wait::Until(until));
            }
            state.paused_until = None;
            state.all.held_until(until);
            state.background.held_until(until);
        }
        if urgency == Urgency::Background && state.owners_waiting > 0 {
            state.background.held_until(now);
            return Err(Wait::Change);
        }
        let rate = match state.limit {
            Limit::NoneStated => None,
            Limit::Assumed => Some(ASSUMED),
            Limit::Stated(rate) => Some(rate),
        };
        let most = if rate.is_some() {
            MOST_IN_FLIGHT
        } else {
            UNLIMITED_IN_FLIGHT
        };
        if state.in_flight >= most {
            state.all.held_until(now);
            state.background.held_until(now);
            return Err(Wait::Change);
        }
        if let Some(rate) = rate {
            let space = Duration::from_secs_f64(1.0 / rate);
            let share = Duration::from_secs_f64(1.0 / (rate * self.share));
            let mut ready = state.all.ready_at(space);
            if urgency == Urgency::Background {
                ready = ready.max(state.background.ready_at(share));
            }
            if ready > now {
                return Err(Wait::Until(ready));
            }
            if let Some(until) = state.recent.full_until(now, rate) {
                return Err(Wait::Until(until));
            }
            state.recent.note(now, rate);
            state.all.take(now, since, space);
            if urgency == Urgency::Background {
                state.background.take(now, since, share);
            }
        }
        state.in_flight += 1;
        Ok(())
    }

    /// Learns from the headers of any answer.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        let limit = number(headers, "x-ratelimit-limit").filter(|l| (0.1..=1e5).contains(l));
        let spent = number(headers, "x-ratelimit-remaining").is_some_and(|left| left < 1.0);
        let reset = number(headers, "x-ratelimit-reset").and_then(seconds);
        {
            let mut state = self.state();
            match limit {
                Some(limit) => state.limit = Limit::Stated(limit),
                // Hosts that state their limit need not do so on every answer.
                None if state.limit == Limit::Assumed => state.limit = Limit::NoneStated,
                None => {}
            }
        }
        if spent && let Some(reset) = reset {
            self.pause(reset.min(LONGEST_HINT));
        }
        self.changed.notify_waiters();
    }

    /// Nothing more is sent for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(until));
    }

    pub(super) fn waiting(&self) -> Waiting {
        let state = self.state();
        Waiting {
            requests: state.owners_waiting + state.backgrounds_waiting,
            pause: state
                .paused_until
                .map(|until| until.duration_since(Instant::now()))
                .filter(|left| !left.is_zero()),
        }
    }

    /// The stated limit, in requests a second.
    pub(super) fn limit(&self) -> Option<f64> {
        match self.state().limit {
            Limit::Stated(limit) => Some(limit),
            _ => None,
        }
    }
}

/// A place among the requests in flight.
pub(super) struct Permit<'a>(&'a Pace);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_waiters();
    }
}

/// Counts a waiter, also one that gives up.
struct Queued<'a>(&'a Pace, Urgency);

impl<'a> Queued<'a> {
    fn new(pace: &'a Pace, urgency: Urgency) -> Self {
        *pace.state().waiting(urgency) += 1;
        Self(pace, urgency)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        *self.0.state().waiting(self.1) -= 1;
        self.0.changed.notify_waiters();
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    let number: f64 = text(headers, name)?.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// The time in an HTTP date.
pub(super) fn http_date(headers: &HeaderMap, name: &str) -> Option<Timestamp> {
    let time = jiff::fmt::rfc2822::parse(text(headers, name)?).ok()?;
    Some(time.timestamp())
}

/// How long a 429 wants us to wait: `X-RateLimit-Reset`, else `Retry-After` in
/// seconds or as a date (by the server's own clock), else a second; at most
/// `longest`.
pub(super) fn told_wait(headers: &HeaderMap, longest: Duration) -> Duration {
    let date = || {
        let then = http_date(headers, "retry-after")?;
        let now = http_date(headers, "date").unwrap_or_else(Timestamp::now);
        let wait = then.duration_since(now);
        Some(Duration::try_from(wait).unwrap_or_default())
    };
    number(headers, "x-ratelimit-reset")
        .or_else(|| number(headers, "retry-after"))
        // Beyond what a duration holds is beyond `longest` as well.
        .map(|number| seconds(number).unwrap_or(longest))
        .or_else(date)
        .unwrap_or(Duration::from_secs(1))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                let name = reqwest::header::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect()
    }

    fn stating(limit: &str) -> HeaderMap {
        headers(&[("x-ratelimit-limit", limit)])
    }

    #[tokio::test(start_paused = true)]
    async fn background_reads_keep_to_their_share_and_lose_nothing() {
        let pace = Pace::new(0.8);
        pace.learn(&stating("30"));
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..241 {
            drop(pace.permit(Urgency::Background).await);
            sent.push(start.elapsed());
        }
        // 240 spaces at 24 a second, less what may catch up.
        assert!(start.elapsed() <= Duration::from_millis(10_100));
        assert!(start.elapsed() >= Duration::from_millis(9_800));
        for window in sent.windows(31) {
            assert!(window[30] - window[0] > Duration::from_secs(1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_owner_goes_first_and_may_take_all() {
        let pace = Arc::new(Pace::new(0.5));
        pace.learn(&stating("10"));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for urgency in [[Urgency::Background; 10], [Urgency::Owner; 10]].concat() {
            let (pace, order) = (pace.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let _permit = pace.permit(urgency).await;
                order.lock().unwrap().push((urgency, Instant::now()));
            }));
            tokio::task::yield_now().await;
        }
        assert!(pace.waiting().requests > 0);
        let start = Instant::now();
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap();
        let last_owner = order
            .iter()
            .rposition(|(urgency, _)| *urgency == Urgency::Owner)
            .unwrap();
        let late = order[..last_owner]
            .iter()
            .filter(|(urgency, at)| *urgency == Urgency::Background && *at > start)
            .count();
        assert_eq!(late, 0, "no background read while the owner waits");
        assert!(order[last_owner].1 - start <= Duration::from_millis(1_100));
        assert_eq!(pace.waiting(), Waiting::default());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_stated_limit_the_requests_in_flight_are_bounded() {
        let pace = Pace::new(0.8);
        pace.learn(&HeaderMap::new());
        let mut held = Vec::new();
        for _ in 0..UNLIMITED_IN_FLIGHT {
            held.push(pace.permit(Urgency::Background).await);
        }
        let hour = Duration::from_secs(3600);
        let more = tokio::time::timeout(hour, pace.permit(Urgency::Owner)).await;
        assert!(more.is_err());
        held.pop();
        let _more = pace.permit(Urgency::Owner).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_and_is_shown() {
        let pace = Pace::new(0.8);
        pace.pause(Duration::from_secs(7));
        let pause = pace.waiting().pause.unwrap();
        assert_eq!(pause, Duration::from_secs(7));
        let start = Instant::now();
        drop(pace.permit(Urgency::Owner).await);
        assert!(start.elapsed() >= Duration::from_secs(7));
        assert_eq!(pace.waiting().pause, None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_no_trace() {
        let pace = Pace::new(0.8);
        pace.pause(Duration::from_secs(50));
        let second = Duration::from_secs(1);
        let gave_up = tokio::time::timeout(second, pace.permit(Urgency::Owner)).await;
        assert!(gave_up.is_err());
        assert_eq!(pace.waiting().requests, 0);
        drop(pace.permit(Urgency::Background).await);
        assert_eq!(pace.state().in_flight, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_spent_limit_pauses_but_not_for_ever() {
        let pace = Pace::new(1.0);
        let reset = |value| {
            headers(&[
                ("x-ratelimit-limit", "30"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", value),
            ])
        };
        pace.learn(&reset("0.199"));
        assert_eq!(pace.waiting().pause, Some(Duration::from_millis(199)));
        pace.learn(&reset("1e300"));
        pace.learn(&reset("99999"));
        assert_eq!(pace.waiting().pause, Some(LONGEST_HINT));
    }

    #[tokio::test(start_paused = true)]
    async fn nonsense_is_no_limit() {
        for nonsense in ["0", "-1", "NaN", "inf", "thirty", ""] {
            let pace = Pace::new(0.8);
            pace.learn(&stating(nonsense));
            assert_eq!(pace.limit(), None, "{nonsense}");
        }
    }

    /// Background reads that all wait from now on; the times at which they went
    /// are noted.
    fn queue(pace: &Arc<Pace>, count: usize) -> Arc<Mutex<Vec<Instant>>> {
        let sent = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..count {
            let (pace, sent) = (pace.clone(), sent.clone());
            tokio::spawn(async move {
                drop(pace.permit(Urgency::Background).await);
                sent.lock().unwrap().push(Instant::now());
            });
        }
        sent
    }

    /// Nothing runs for so long; then everything that can.
    async fn stand_still(time: Duration) {
        tokio::time::advance(time).await;
        for _ in 0..2_000 {
            tokio::task::yield_now().await;
        }
    }

    fn most_in_a_second(sent: &[Instant]) -> usize {
        let second = Duration::from_secs(1);
        let within = |from: Instant| {
            let is_within = |at: &&Instant| **at >= from && **at < from + second;
            sent.iter().filter(is_within).count()
        };
        sent.iter().map(|from| within(*from)).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_has_no_time_loses_nothing_of_the_pace() {
        // Of the longest, two are within a second, which holds 30 at most.
        for (stall, least) in [
            (50, 0.95),
            (130, 0.95),
            (300, 0.95),
            (600, 0.9),
            (900, 0.65),
        ] {
            let pace = Arc::new(Pace::new(0.8));
            pace.learn(&stating("30"));
            let sent = queue(&pace, 400);
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(9) {
                stand_still(Duration::from_millis(stall)).await;
            }
            let sent = sent.lock().unwrap();
            let due = start.elapsed().as_secs_f64() * 24.0;
            #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
            let share = sent.len() as f64 / due;
            assert!(share > least, "{stall} ms: {} of {due}", sent.len());
            assert!(most_in_a_second(&sent) <= 30, "{stall} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_is_not_saved_up() {
        let pace = Arc::new(Pace::new(0.8));
        pace.learn(&stating("30"));
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        let sent = queue(&pace, 48);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 48);
        let early = sent
            .iter()
            .filter(|at| **at < start + Duration::from_millis(500));
        assert!(early.count() <= 15);
        assert!(most_in_a_second(&sent) <= 27);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_there_is_no_burst() {
        let pace = Arc::new(Pace::new(0.8));
        pace.learn(&stating("30"));
        let sent = queue(&pace, 100);
        stand_still(Duration::from_millis(500)).await;
        pace.pause(Duration::from_secs(5));
        let until = Instant::now() + Duration::from_secs(5);
        let before = sent.lock().unwrap().len();
        tokio::time::sleep(Duration::from_secs(20)).await;
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 100);
        assert!(sent[before] >= until);
        let first = sent[before..].iter();
        let first = first.filter(|at| **at < until + Duration::from_millis(500));
        assert!(first.count() <= 15);
    }

    #[tokio::test(start_paused = true)]
    async fn in_no_second_is_more_sent_than_the_limit_whatever_the_machine_does() {
        for share in [0.3, 0.8, 1.0] {
            let pace = Arc::new(Pace::new(share));
            pace.learn(&stating("30"));
            let sent = queue(&pace, 300);
            let mut seed = 7_u64;
            for turn in 0..60 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                stand_still(Duration::from_millis((seed >> 33) % 700)).await;
                if turn % 5 == 0 {
                    let (pace, sent) = (pace.clone(), sent.clone());
                    tokio::spawn(async move {
                        for _ in 0..20 {
                            drop(pace.permit(Urgency::Owner).await);
                            sent.lock().unwrap().push(Instant::now());
                        }
                    });
                }
            }
            let sent = sent.lock().unwrap();
            assert!(most_in_a_second(&sent) <= 30, "{share}");
        }
    }

    #[test]
    fn every_form_of_a_told_wait() {
        let minute = Duration::from_secs(60);
        let wait = |list: &[(&'static str, &str)]| told_wait(&headers(list), minute);
        let ms = Duration::from_millis;
        assert_eq!(wait(&[("x-ratelimit-reset", "0.199")]), ms(199));
        assert_eq!(wait(&[("retry-after", "2.5")]), ms(2_500));
        assert_eq!(wait(&[("retry-after", "3")]), ms(3_000));
        assert_eq!(
            wait(&[("x-ratelimit-reset", "1"), ("retry-after", "9")]),
            ms(1_000)
        );
        assert_eq!(
            wait(&[("x-ratelimit-reset", "soon"), ("retry-after", "9")]),
            ms(9_000)
        );
        let date = ("date", "Tue, 24 Nov 2026 10:00:00 GMT");
        let later = ("retry-after", "Tue, 24 Nov 2026 10:00:07 GMT");
        let earlier = ("retry-after", "Tue, 24 Nov 2026 09:00:00 GMT");
        assert_eq!(wait(&[date, later]), ms(7_000));
        assert_eq!(wait(&[date, earlier]), ms(0));
        assert_eq!(wait(&[]), ms(1_000));
        assert_eq!(wait(&[("retry-after", "later")]), ms(1_000));
        assert_eq!(wait(&[("retry-after", "1e300")]), minute);
        assert_eq!(wait(&[("x-ratelimit-reset", "1764000000")]), minute);
    }
}
