//! The model's behaviour on real files.

mod verdicts;
