//! Bringing a secret to its destination.
