//! What writer, stream and readers synchronize with, in one place: the model in `tests/model` puts other primitives
//! here, with which it tries out the orders in which threads can meet.

pub(super) use std::sync::OnceLock;
pub(super) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};

pub(super) use crossbeam_channel::{Receiver, Sender, bounded};
