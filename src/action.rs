//! The one guarded action.
