//! The program on random ways, where orders, answers, faults, other owners,
//! signals and kills interleave at random. After each step the three promises
//! are looked at.
//!
//! Two tests go these ways. One is long: the real screen (`app::update` and its
//! drawing), ledger and journal over a model, in which `order` performs an order
//! as `action` should and `server` answers from a table. What it proves is that
//! the screen keeps the promises whatever an order does; of `action` it proves
//! nothing. The other is shorter and has no such model: each order is performed
//! by the real `Actor` against the embedded host, delivered by the real
//! deliveries, recorded by the real journal and rescued by the real end of the
//! program. The test stands in for the rest of the runtime: the replies to the
//! screen's other effects, and the deliveries that a panel asks for.
//!
//! The choices are the same each time, and so are the ways of the long one; of
//! the other some end elsewhere, since sockets and the host's random ids are not
//! chosen. Other ways: `ORGWARD_SEED` and `ORGWARD_STEPS`; a failure says the
//! seed and the step.

mod machine;
mod order;
mod promises;
mod random;
mod server;
mod truth;
mod world;

use machine::Machine;
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

/// The fewest steps of a run with real orders.
const REAL_STEPS: usize = 46_000;
/// Steps from one fresh machine and host.
const REAL_LIFE: usize = 1_000;

#[test]
fn no_real_order_breaks_a_promise() {
    let first = number("ORGWARD_SEED").unwrap_or(1);
    let steps = number("ORGWARD_STEPS").map_or(REAL_STEPS, |n| usize::try_from(n).unwrap());
    let mut reached = machine::Reached::default();
    let mut seed = first;
    while reached.steps < steps {
        let mut machine = Machine::new(Random::new(seed));
        for step in 0..REAL_LIFE {
            machine.place =
                format!("ORGWARD_SEED={seed} ORGWARD_STEPS={REAL_LIFE}, at step {step}");
            machine.step();
        }
        reached.add(machine.reached);
        seed += 1;
    }
    println!("from seed {first}: {reached:?}");
    // Or nothing of interest was looked at.
    if steps >= REAL_STEPS {
        reached.is_enough();
        assert!(reached.orders >= 2_000, "{reached:?}");
    }
}
