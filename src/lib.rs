//! A caching proxy that opens Confluence attachment links for people who are not logged in.

pub mod acceptor;
pub mod arguments;
pub mod attachment;
pub mod cache;
pub mod config;
pub mod confluence;
pub mod demo;
pub mod gate;
pub mod logging;
pub mod reply;
pub mod router;
