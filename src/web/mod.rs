//! The pages people and monitors see (pure: text in, text out).

mod catalogue;
mod chart;
mod gallery;
mod gallery_json;
mod home;
mod metric;
mod metric_table;
mod metrics;
mod moment;
mod problem;
mod shell;
mod size;
mod status;
mod status_json;
mod status_page;
mod status_tables;
mod status_text;
mod status_words;
mod units;
mod warm_json;
mod watch;

pub use catalogue::{Catalogue, CatalogueFile, View};
pub use gallery::{Entrance, gallery};
pub use gallery_json::gallery_json;
pub use home::{Exhibit, Place, Showcase, home};
pub use metric::{Kind, Metric};
pub use metric_table::METRICS;
pub use metrics::{Exposition, PREFIX, metrics};
pub use problem::{Mishap, PICTURE_SECURITY, PROBLEM_SECURITY, problem_page, problem_picture};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use size::sized;
pub use status::{Reader, status};
pub use warm_json::{WarmReport, WarmState};
pub use watch::{Kept, Report, ShutGuard, Standing, Status};
