//! What holds when an operator says nothing, each with its reason.

/// The address says it for all but sites of Cloud under a name of their own.
pub const DEFAULT_CONFLUENCE_KIND: &str = "auto";
/// Connecting inside an intranet takes milliseconds; five seconds ride out one lost packet or two.
pub const DEFAULT_CONFLUENCE_CONNECT_TIMEOUT_SECONDS: &str = "5";
/// A busy Confluence may think for many seconds about a big file; after thirty it is better to say so.
pub const DEFAULT_CONFLUENCE_READ_TIMEOUT_SECONDS: &str = "30";
/// A hundred users with four hits out of five are twenty misses at once.
pub const DEFAULT_CONFLUENCE_MAX_CONNECTIONS: &str = "20";
/// The service is there for others, so it listens on every IPv4 address.
pub const DEFAULT_PROXY_HOST: &str = "0.0.0.0";
/// The usual port of a web service that needs no privileges.
pub const DEFAULT_PROXY_PORT: &str = "8080";
/// Leaves the root to the addresses for monitoring.
pub const DEFAULT_PROXY_BASE_PATH: &str = "/proxy";
/// Some 600 browsers with six connections each, at a few kilobytes per connection.
pub const DEFAULT_PROXY_MAX_CONNECTIONS: &str = "4096";
/// Nobody asks /readyz of a service that stands alone, so there is nothing to wait for.
pub const DEFAULT_PROXY_SHUTDOWN_DELAY_SECONDS: &str = "0";
/// New clients wait in the backlog meanwhile, so a stop must not take long.
pub const DEFAULT_PROXY_DRAIN_SECONDS: &str = "10";
/// A header that nobody expects would break every request, so it is asked for.
pub const DEFAULT_PROXY_PROTOCOL: &str = "off";
/// What every tool that reads access logs understands.
pub const DEFAULT_PROXY_ACCESS_LOG_FORMAT: &str = "combined";
/// At a hundred kilobytes each they fill less than half of the default memory.
pub const DEFAULT_CACHE_MAX_ITEMS: &str = "1000";
/// One hour: a new version of a file is seen within it.
pub const DEFAULT_CACHE_TTL_SECONDS: &str = "3600";
/// Fits a small machine and the memory limit of the shipped unit with room to spare.
pub const DEFAULT_CACHE_MAX_BYTES: &str = "256MiB";
/// A quarter of the memory: one file never pushes out everything else.
pub const DEFAULT_CACHE_MAX_ITEM_BYTES: &str = "64MiB";
/// One day: a night without Confluence goes by unnoticed.
pub const DEFAULT_CACHE_STALE_SECONDS: &str = "86400";
/// Long enough to calm a page with a broken picture, short enough to upload the picture and try again.
pub const DEFAULT_CACHE_NEGATIVE_TTL_SECONDS: &str = "10";
/// Start, stop, warnings and one line per request.
pub const DEFAULT_RUST_LOG: &str = "info";
