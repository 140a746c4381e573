//! The pages people and monitors see (pure: text in, text out).

mod catalogue;
mod gallery;
mod gallery_json;
mod home;
mod moment;
mod shell;
mod size;
mod warm_json;
mod watch;

pub use catalogue::{Catalogue, CatalogueFile, View};
pub use gallery::{Entrance, gallery};
pub use gallery_json::gallery_json;
pub use home::{Exhibit, Place, Showcase, home};
pub use shell::{ICON, ICON_TYPE, Language, Shell, policy};
pub use size::sized;
pub use warm_json::{WarmReport, WarmState};
pub use watch::{METRICS_TYPE, ShutGuard, Standing, metrics, status};
