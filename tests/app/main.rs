//! The screen as its owner lives it, without a terminal, a server or a clock:
//! keys and answers go in, orders come out, and every view is looked at.

mod deleting;
mod driver;
mod feedback;
mod fields;
mod generating;
mod health;
mod hosts;
mod journal;
mod keys;
mod leaving;
mod looking;
mod many;
mod mouse;
mod panel;
mod property;
mod replacing;
mod running;
mod sizes;
mod stages;
mod storing;
mod themes;
mod timeline;
mod views;
mod world;
