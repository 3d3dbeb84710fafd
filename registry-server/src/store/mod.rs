//! Storage behind the runtime core's `Store` and `Queue`.
