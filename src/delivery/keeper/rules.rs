//! What the keeper does next: no clipboard, no clock and no pipe here, so that
//! every interleaving can be tried.

use std::time::Duration;

/// The longest nap between two looks at the clock: a timer alone would stand
/// still while the machine sleeps.
const LOOK: Duration = Duration::from_millis(500);

/// What happens to a keeper that was given its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The content is there and ours.
    Held,
    /// Somebody else has put something there.
    Replaced,
    /// The place is gone or does not take the content, and why.
    Lost(String),
    /// The owner wants it cleared now.
    Clear,
    /// A newer copy is held by another keeper.
    Stop,
    /// The program has closed its pipe: it quit, or it died.
    ProgramGone,
}

/// What the keeper does about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Goes on.
    Go,
    /// Says this and goes on.
    Say(&'static str),
    /// Clears what is still ours, says so and ends.
    LetGo,
    /// Says this and ends.
    End(String),
}

/// One secret being kept.
pub(super) struct Keeping {
    deadline: Option<Duration>,
    own_place: bool,
    held: bool,
}

impl Keeping {
    /// `deadline` is in the time of the sleep-proof clock; none means until it
    /// is replaced. `own_place`: see [`super::Board::OWN_PLACE`].
    pub(super) fn new(deadline: Option<Duration>, own_place: bool) -> Self {
        Self {
            deadline,
            own_place,
            held: false,
        }
    }

    /// Whether the time is over.
    pub(super) fn due(&self, now: Duration) -> Option<Next> {
        self.deadline
            .is_some_and(|deadline| now >= deadline)
            .then_some(Next::LetGo)
    }

    /// How long to wait for an event before the clock is looked at again.
    pub(super) fn patience(&self, now: Duration) -> Duration {
        match self.deadline {
            Some(deadline) => deadline.saturating_sub(now).min(LOOK),
            None => Duration::from_secs(3600),
        }
    }

    /// Takes one event.
    pub(super) fn on(&mut self, event: Event) -> Next {
        match event {
            Event::Held if self.held => Next::Go,
            Event::Held => {
                self.held = true;
                Next::Say("held")
            }
            // Also before "held": then the owner has copied something else in
            // the meantime, and the program learns that nothing of ours is there.
            Event::Replaced => Next::End("replaced".into()),
            Event::Lost(why) => Next::End(format!("error {why}")),
            Event::Clear => Next::LetGo,
            Event::Stop | Event::ProgramGone if self.own_place => Next::LetGo,
            Event::Stop => Next::End("stopped".into()),
            Event::ProgramGone => Next::Go,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Something that happens around a clipboard.
    #[derive(Clone, Debug)]
    enum Happening {
        Copy,
        Foreign,
        Wait(u64),
        ClearNow,
        ProgramEnds,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            Just(Happening::Copy),
            Just(Happening::Foreign),
            (1u64..40).prop_map(Happening::Wait),
            Just(Happening::ClearNow),
            Just(Happening::ProgramEnds),
        ]
    }

    /// What a clipboard contains.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Content {
        Nothing,
        Foreign,
        Of(usize),
    }

    /// A clipboard of one of the two sorts, the keepers around it, a program.
    struct World {
        content: Content,
        /// X11 and Wayland: the end of its owner empties it, and an owner is
        /// told when it is replaced. Else: content stays, nobody is told.
        owned: bool,
        keepers: Vec<Option<Keeping>>,
        times: Vec<Duration>,
        program: bool,
        now: Duration,
    }

    impl World {
        fn act(&mut self, keeper: usize, next: Next) {
            match next {
                Next::Go | Next::Say(_) => {}
                Next::LetGo => {
                    if self.content == Content::Of(keeper) {
                        self.content = Content::Nothing;
                    }
                    self.keepers[keeper] = None;
                }
                Next::End(_) => {
                    if self.owned && self.content == Content::Of(keeper) {
                        self.content = Content::Nothing;
                    }
                    self.keepers[keeper] = None;
                }
            }
        }

        fn tell(&mut self, keeper: usize, event: Event) {
            if let Some(keeping) = &mut self.keepers[keeper] {
                let next = keeping.on(event);
                self.act(keeper, next);
            }
        }

        fn put(&mut self, content: Content) {
            let before = std::mem::replace(&mut self.content, content);
            if let Content::Of(keeper) = before
                && self.owned
            {
                self.tell(keeper, Event::Replaced);
            }
        }

        fn happen(&mut self, happening: &Happening, clear_after: u64) {
            match happening {
                Happening::Copy if self.program => {
                    let new = self.keepers.len();
                    let deadline = self.now + Duration::from_secs(clear_after);
                    self.keepers.push(Some(Keeping::new(Some(deadline), false)));
                    self.times.push(deadline);
                    self.put(Content::Of(new));
                    self.tell(new, Event::Held);
                    for old in 0..new {
                        self.tell(old, Event::Stop);
                    }
                }
                Happening::Foreign => self.put(Content::Foreign),
                Happening::Wait(seconds) => {
                    for _ in 0..*seconds {
                        self.now += Duration::from_secs(1);
                        for keeper in 0..self.keepers.len() {
                            if let Some(next) =
                                self.keepers[keeper].as_ref().and_then(|k| k.due(self.now))
                            {
                                self.act(keeper, next);
                            }
                        }
                    }
                }
                Happening::ClearNow if self.program => {
                    for keeper in 0..self.keepers.len() {
                        self.tell(keeper, Event::Clear);
                    }
                }
                Happening::ProgramEnds => {
                    self.program = false;
                    for keeper in 0..self.keepers.len() {
                        self.tell(keeper, Event::ProgramGone);
                    }
                }
                Happening::Copy | Happening::ClearNow => {}
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn foreign_content_survives_and_ours_ends_in_time(
            owned in any::<bool>(),
            clear_after in 1u64..60,
            story in proptest::collection::vec(happening(), 1..30),
        ) {
            let mut world = World {
                content: Content::Nothing,
                owned,
                keepers: Vec::new(),
                times: Vec::new(),
                program: true,
                now: Duration::ZERO,
            };
            for happening in &story {
                let before = world.content;
                world.happen(happening, clear_after);
                if before == Content::Foreign && !matches!(happening, Happening::Copy) {
                    prop_assert_eq!(world.content, Content::Foreign);
                }
                match world.content {
                    Content::Of(keeper) => {
                        prop_assert!(world.now < world.times[keeper], "left after its time");
                        prop_assert!(world.keepers[keeper].is_some(), "nobody clears it");
                    }
                    Content::Foreign => {}
                    Content::Nothing => {}
                }
                if matches!(happening, Happening::ClearNow) && world.program {
                    prop_assert!(!matches!(world.content, Content::Of(_)));
                }
            }
            // Whatever happened: some time later nobody is left.
            world.happen(&Happening::Wait(60), clear_after);
            prop_assert!(world.keepers.iter().all(Option::is_none));
            prop_assert!(!matches!(world.content, Content::Of(_)));
        }
    }

    #[test]
    fn a_place_of_our_own_goes_with_the_program_and_with_a_newer_copy() {
        for event in [Event::ProgramGone, Event::Stop] {
            let mut keeping = Keeping::new(None, true);
            assert_eq!(keeping.on(Event::Held), Next::Say("held"));
            assert_eq!(keeping.on(event), Next::LetGo);
        }
    }

    #[test]
    fn naps_are_short_and_never_pass_the_deadline() {
        let keeping = Keeping::new(Some(Duration::from_secs(10)), false);
        assert_eq!(keeping.patience(Duration::from_secs(2)), LOOK);
        assert_eq!(
            keeping.patience(Duration::from_millis(9900)),
            Duration::from_millis(100)
        );
        assert_eq!(keeping.due(Duration::from_millis(9999)), None);
        assert_eq!(keeping.due(Duration::from_secs(10)), Some(Next::LetGo));
    }
}
