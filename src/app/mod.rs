//! The heart of the screen: state, messages, effects.
