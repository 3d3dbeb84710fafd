//! Whole journeys over the real program: few, each told as a story.

mod api;
mod elsewhere;
mod faults;
mod kill;
mod postgres;
mod program;
mod replicas;
mod terraform;
