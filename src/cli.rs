//! The arguments.
