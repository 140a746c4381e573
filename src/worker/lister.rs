//! The other deed of the fetch crew: it finds out which files a page has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use log::{debug, info, warn};

use super::crew::{CrewShared, NO_TURN};
use super::failure::Failure;
use super::gallery;
use super::listings::{Caller, Order};
use super::table::Found;
use crate::confluence::UpstreamError;
use crate::meters::Number;

impl CrewShared {
    /// Finds out which files a page has, and answers everybody who waits for that.
    pub(super) fn list(&self, order: &Order) {
        let crew = &self.desk.meters.crew;
        crew.taken.add(1);
        let _busy = crew.busy.enter();
        let found = catch_unwind(AssertUnwindSafe(|| self.look_up(order)));
        let found = found.unwrap_or(Err(Failure::Internal));
        for caller in self.listings.end(order, &found) {
            match caller {
                Caller::Guest(guest) => gallery::serve(&self.desk, guest, &found),
                Caller::Warmer(listing) => listing.tell(found.clone()),
            }
        }
    }

    /// Finds out which files a page has, and says so in the log.
    fn look_up(&self, order: &Order) -> Found {
        crate::sabotage::point("listing job");
        let (started, page) = (Instant::now(), order.page);
        if self.patience < order.ordered.elapsed() {
            warn!("listing ended page={page} reason=\"{NO_TURN}\"");
            return Err(Failure::Crowded);
        }
        let published = self.allows(self.desk.publication.judge_page(page));
        let found = match published {
            Ok(true) => gallery::look_up(&self.desk.confluence, page),
            Ok(false) => {
                info!("not published page={page}");
                return Err(Failure::NotPublished);
            }
            Err(error) => Err(error),
        };
        let ms = started.elapsed().as_millis();
        match found {
            Ok(catalogue) => {
                let files = catalogue.files().len();
                info!("listed page={page} files={files} ms={ms}");
                return Ok(Arc::new(catalogue));
            }
            Err(UpstreamError::Interrupted) => {}
            Err(UpstreamError::NotFound) => info!("not found page={page} ms={ms}"),
            // As for files: who shut the guard, or was asked for the pause, has said so.
            Err(ref error) if error.is_unasked() => {
                debug!("not asked page={page} reason=\"{error}\"")
            }
            Err(ref error) => warn!("listing failed page={page} ms={ms} reason=\"{error}\""),
        }
        found.map(Arc::new).map_err(Failure::Upstream)
    }
}
