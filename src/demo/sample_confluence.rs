//! The running sample Confluence and everything that can be asked of it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::account::Account;
use super::behaviour::Behaviour;
use super::file::File;
use super::journal::Exchange;
use super::listener::Listener;
use super::media::Media;
use super::options::{Kind, Options};
use super::samples::{sample_pages, samples};
use super::site::{Host, Product, Site};
use super::switchboard::{self, Neighbour};

/// A running sample Confluence.
///
/// Dropping it ends it at once: connections are closed, whatever waits at a latch goes, all threads are joined.
pub struct SampleConfluence {
    site: Arc<Site>,
    listener: Listener,
    media: Option<Listener>,
}

impl SampleConfluence {
    /// Starts an empty one.
    ///
    /// # Errors
    /// When the port is taken, or no thread can be started.
    pub fn start(options: Options) -> io::Result<SampleConfluence> {
        let socket = TcpListener::bind((options.host, options.port))?;
        let url = format!("http://{}{}", socket.local_addr()?, options.context_path);
        let account = Account::new(options.kind, options.username, options.token);
        let (product, beside) = match options.kind {
            Kind::Server => (Product::Server, None),
            Kind::Cloud => {
                let socket = TcpListener::bind((options.host, 0))?;
                let media = Arc::new(Media::new(socket.local_addr()?));
                (Product::Cloud(media.clone()), Some((socket, media)))
            }
        };
        let site = Arc::new(Site::new(product, url, options.context_path, account));
        let listener = Listener::start(socket, site.clone(), Host::Wiki)?;
        let start = |(socket, media)| Listener::start(socket, site.clone(), Host::Media(media));
        let media = beside.map(start).transpose()?;
        Ok(SampleConfluence {
            site,
            listener,
            media,
        })
    }

    /// Starts one with the embedded [`samples`] on their pages.
    ///
    /// # Errors
    /// As [`SampleConfluence::start`].
    pub fn with_samples(options: Options) -> io::Result<SampleConfluence> {
        let confluence = SampleConfluence::start(options)?;
        for page in sample_pages() {
            confluence.name_page(page.id, page.space, page.title);
        }
        for sample in samples() {
            let file = File::new(sample.media_type, sample.bytes());
            confluence.put(sample.page, sample.name, file);
        }
        Ok(confluence)
    }

    /// Its address for `CONFLUENCE_URL`, context path included.
    pub fn url(&self) -> String {
        self.site.url().to_owned()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Where the media host listens; only Cloud has one.
    pub fn media_address(&self) -> Option<SocketAddr> {
        self.media.as_ref().map(Listener::address)
    }

    /// Uploads a file; the same name on the same page again makes a new version.
    pub fn put(&self, page: u64, name: &str, file: File) {
        self.site.pages().put(page, name, file);
    }

    /// Deletes a file with all its versions, or hides it: Confluence answers 404 to both.
    pub fn remove(&self, page: u64, name: &str) {
        self.site.pages().remove(page, name);
    }

    /// Puts a page into a space under a title, for addresses by title and for the page's metadata.
    pub fn name_page(&self, page: u64, space: &str, title: &str) {
        self.site.pages().name(page, space, title, None);
    }

    /// Makes a page a blog post: in a space, posted on a day (year, month, day), under a title. Addresses by title and
    /// searches then need the day and the type.
    pub fn name_blog_post(&self, page: u64, space: &str, posted: (u16, u8, u8), title: &str) {
        self.site.pages().name(page, space, title, Some(posted));
    }

    /// Lets anonymous users see a page: its downloads and its own REST answers then need no login. Who sends a wrong
    /// password is told so in `X-Seraph-LoginReason` and is served all the same. Searches still need the account.
    pub fn publish(&self, page: u64) {
        self.site.pages().publish(page);
    }

    /// Makes REST answer 404 about a page whose files can be downloaded, as it does for the content behind avatars.
    pub fn hide_from_rest(&self, page: u64) {
        self.site.pages().hide_from_rest(page);
    }

    /// Sets how downloads of one file behave, by whichever address, until the next call. On Cloud that is the step
    /// that tells where the bytes are.
    pub fn script(&self, page: u64, name: &str, behaviour: impl Into<Behaviour>) {
        let mut scripts = self.site.scripts();
        let files = scripts.files.entry(page).or_default();
        files.insert(name.to_owned(), behaviour.into());
    }

    /// Sets how `/rest/api/user/current` behaves, until the next call. While that is `Good`, it goes by
    /// [`SampleConfluence::script_rest`] like the rest of REST.
    pub fn script_login(&self, behaviour: impl Into<Behaviour>) {
        self.site.scripts().login = behaviour.into();
    }

    /// Sets how everything below `/rest/` behaves, until the next call; downloads go on, also those
    /// of Cloud, which go by [`SampleConfluence::script`].
    pub fn script_rest(&self, behaviour: impl Into<Behaviour>) {
        self.site.scripts().rest = behaviour.into();
    }

    /// Sets how the media host of Cloud behaves, until the next call.
    pub fn script_media(&self, behaviour: impl Into<Behaviour>) {
        self.site.scripts().media = behaviour.into();
    }

    /// Sends Cloud's downloads and thumbnails to any place instead of the media host, written as it is given; `None`
    /// ends it.
    pub fn redirect_downloads_to(&self, location: Option<String>) {
        self.site.scripts().downloads_to = location;
    }

    /// Sets how the whole site behaves, without the media host, before all other scripts; `None` ends it.
    pub fn script_all(&self, behaviour: Option<Behaviour>) {
        self.site.scripts().everywhere = behaviour.unwrap_or_default();
    }

    /// Tells the page `/switchboard` which proxy stands before this Confluence.
    pub fn introduce(&self, neighbour: Neighbour) {
        *self.site.neighbour() = Some(neighbour);
    }

    /// Where people can make it fail.
    pub fn switchboard(&self) -> String {
        format!("{}{}", self.site.url(), switchboard::PATH)
    }

    /// Changes the account's password.
    pub fn set_token(&self, token: &str) {
        self.site.account().set_token(token);
    }

    /// Does what a human does who logs in through the web: the account may log in again.
    pub fn clear_captcha(&self) {
        self.site.account().clear_captcha();
    }

    /// Sets how far the `Date` of every answer is off; nothing else goes by that clock. Dates stay within the years
    /// 1970 to 9999.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.site.set_clock_offset(seconds);
    }

    /// How many requests have carried an `Authorization` field: attempts to log in, good and bad.
    pub fn logins(&self) -> usize {
        self.site.journal().logins()
    }

    /// Failed logins since the last good one. From the third on nobody gets in, except on Cloud.
    pub fn failed_logins(&self) -> u32 {
        self.site.account().failures()
    }

    /// The latest exchanges (some thousands) in order of arrival. A request is in here before its answer starts.
    pub fn journal(&self) -> Vec<Exchange> {
        self.site.journal().exchanges()
    }

    /// How many requests have come in.
    pub fn requests(&self) -> usize {
        self.site.journal().count()
    }

    /// How many bytes of bodies have gone out: files, pages and JSON, those of the media host among them. Whatever has
    /// arrived somewhere is counted; a piece whose connection broke is counted whole.
    pub fn bytes_sent(&self) -> u64 {
        self.site.bytes_sent().load(Ordering::Relaxed)
    }

    /// How many connections have been taken, not counting those to the media host.
    pub fn connections_seen(&self) -> u64 {
        self.listener.connections_seen()
    }

    /// How many connections are open now, not counting those to the media host.
    pub fn connections_open(&self) -> usize {
        self.listener.connections_open()
    }

    /// Closes all open connections, idle or busy, as a restart of Confluence does. New ones are welcome.
    pub fn close_connections(&self) {
        self.listener.close_connections();
        if let Some(media) = &self.media {
            media.close_connections();
        }
    }

    /// How many sessions it has made: one for each request without a valid session cookie.
    pub fn sessions_created(&self) -> u64 {
        self.site.sessions()
    }

    /// Blocks until `n` requests have come in since the start. `false`: it took longer than `deadline`.
    pub fn wait_for_requests(&self, n: usize, deadline: Duration) -> bool {
        self.site.journal().wait_for(n, deadline)
    }
}
