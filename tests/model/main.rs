//! The whole program as a model, on random ways: the real screen (`app::update`
//! and its drawing), ledger and journal, over a model of the runtime and of the
//! server, where orders, answers, faults, other owners, signals and kills
//! interleave at random. After each step the three promises are looked at.
//!
//! The ways are the same each time. Other ways: `ORGWARD_SEED` and
//! `ORGWARD_STEPS`; a failure says the seed and the step.

mod order;
mod promises;
mod random;
mod server;
mod world;

use random::Random;
use world::World;

/// The fewest steps of a run.
const STEPS: usize = 100_000;
/// Steps from one fresh machine.
const LIFE: usize = 2_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

#[test]
fn no_way_through_the_program_breaks_a_promise() {
    let first = number("ORGWARD_SEED").unwrap_or(1);
    let steps = number("ORGWARD_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let mut reached = world::Reached::default();
    let mut done = 0;
    let mut seed = first;
    while done < steps {
        let mut world = World::new(Random::new(seed));
        for step in 0..LIFE {
            world.place = format!("ORGWARD_SEED={seed} ORGWARD_STEPS={LIFE}, at step {step}");
            world.step();
            done += 1;
        }
        reached.add(&world.reached);
        seed += 1;
    }
    println!("{done} steps from seed {first}: {reached:?}");
    // Or nothing of interest was looked at.
    if steps >= STEPS {
        reached.is_enough();
    }
}
