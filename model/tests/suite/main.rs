//! The model's behaviour on real files, on generated values and on hostile text.

mod cel;
mod compatibility;
mod conversion;
mod fixtures;
mod hostile;
mod messages;
mod registry;
mod round_trip;
mod rules;
mod schemas;
mod verdicts;
