//! A caching proxy that opens Confluence attachment links for people who are not logged in.

pub mod attachment;
pub mod config;
