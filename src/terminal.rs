//! Raw mode, alternate screen, and getting out of them again.
