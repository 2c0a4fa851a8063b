//! The one guarded action under every fault at every step, as its owner sees
//! it: what is told, what is true on the host, and where the secret is.
//!
//! The real `Actor` with the real client acts on the embedded host; journal and
//! deliveries are real files and commands in a folder of the test's own. Every
//! action of every test goes through [`stage::Stage::perform`], which lets
//! [`judge`] compare what was told with the truth; the tests themselves add
//! what is expected of each fault. Nothing here waits for a clock: hooks run
//! within requests, gates hold them.

mod delivering;
mod ending;
mod faults;
mod finding_out;
mod judge;
mod leaking;
mod matrix;
mod own;
mod proving;
mod seen;
mod stage;
mod table;
mod waiting;
