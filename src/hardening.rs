//! What happens before any thread: no core dumps, no tracing by other processes.
