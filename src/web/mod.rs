//! The pages people and monitors see (pure: text in, text out).

mod home;
mod metric;
mod metric_table;
mod metrics;
mod watch;

pub use home::{Exhibit, Place, SECURITY, Showcase, home};
pub use metric::{Kind, Metric};
pub use metric_table::METRICS;
pub use metrics::{Exposition, metrics};
pub use watch::{Report, ShutGuard, Standing, status};
