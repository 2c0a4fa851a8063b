//! The local record of orders and outcomes; never with a secret in it.
