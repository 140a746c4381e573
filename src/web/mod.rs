//! The pages people see (pure: text in, text out).

mod home;

pub use home::{Exhibit, SECURITY, Showcase, home};
