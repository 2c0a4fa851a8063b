//! Where the owner's credential for a host comes from.
