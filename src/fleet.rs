//! Every host and organization that is configured, ready to be read.
