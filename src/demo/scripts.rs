//! Which behaviour is in force for which request.

use std::collections::HashMap;

use super::behaviour::Behaviour;
use super::content::Pages;
use super::switch::Switch;
use super::target::{Place, Target};

/// The faults in force.
#[derive(Default)]
pub(super) struct Scripts {
    pub(super) everywhere: Behaviour,
    /// What people have chosen on the switchboard; the scripts of tests go before it.
    pub(super) switch: Switch,
    pub(super) login: Behaviour,
    pub(super) rest: Behaviour,
    pub(super) media: Behaviour,
    /// Where Cloud's downloads are sent to instead of the media host.
    pub(super) downloads_to: Option<String>,
    pub(super) files: HashMap<u64, HashMap<String, Behaviour>>,
}

impl Scripts {
    /// Finds the behaviour for a request: the whole site's, else that of the login test, of REST or of the file.
    pub(super) fn find(&self, target: &Target, pages: &Pages) -> &Behaviour {
        if !matches!(self.everywhere, Behaviour::Good) {
            return &self.everywhere;
        }
        match &target.place {
            Place::Attachment { page, name } | Place::Thumbnail { page, name } => {
                self.of_file(*page, name)
            }
            Place::Titled {
                space,
                title,
                posted,
                name,
            } => match pages.titled(space, title, *posted) {
                Some(page) => self.of_file(page, name),
                None => &Behaviour::Good,
            },
            Place::RestDownload { attachment, .. } | Place::ThumbnailById { attachment } => {
                match pages.attachment_by_id(*attachment) {
                    Some((page, name, _)) => self.of_file(page, name),
                    None => &Behaviour::Good,
                }
            }
            Place::CurrentUser if !matches!(self.login, Behaviour::Good) => &self.login,
            Place::CurrentUser
            | Place::Manifest
            | Place::Search
            | Place::Content { .. }
            | Place::Children { .. } => &self.rest,
            Place::Login | Place::Elsewhere | Place::Refused | Place::Outside => &Behaviour::Good,
        }
    }

    fn of_file(&self, page: u64, name: &str) -> &Behaviour {
        let files = self.files.get(&page);
        files
            .and_then(|files| files.get(name))
            .unwrap_or(&Behaviour::Good)
    }
}
