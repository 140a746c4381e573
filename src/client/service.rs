//! Questions to the running service.

use std::fmt::{self, Display};
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body, Error};

use super::agent::agent;
use crate::config::LocalService;

/// Longest answer in bytes. Real ones have some KiB.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// The service to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// One on this host.
    Local(LocalService),
    /// One anywhere: the address of its base path, without a trailing slash.
    Named(String),
}

impl Service {
    /// The address of its base path, without a trailing slash.
    pub fn url(&self) -> &str {
        match self {
            Service::Local(local) => &local.url,
            Service::Named(url) => url,
        }
    }
}

/// A way to the service.
pub struct Client {
    agent: Agent,
    url: String,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// Everything behind the head.
    pub body: Vec<u8>,
}

/// Why there is no answer: the service is not there, or something else is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer(String);

impl Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Client {
    /// Finds the way; nothing is sent yet. An answer that takes longer than `patience` as a whole is none.
    pub fn new(service: &Service, patience: Duration) -> Client {
        Client {
            agent: agent(service, patience),
            url: service.url().to_owned(),
        }
    }

    /// Asks for a page at the root of its host.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn get_at_root(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.read(self.agent.get(format!("{}{path}", root(&self.url))).call())
    }

    /// Asks for something to be done below its base path, and for JSON about that.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn post(&self, path: &str) -> Result<Answer, NoAnswer> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("Accept", "application/json");
        self.read(request.send_empty())
    }

    /// What to say when there is no answer, or one that the service would not give.
    pub fn no_answer(&self, why: impl Display) -> NoAnswer {
        NoAnswer(format!(
            "the service at {} does not answer: {why}",
            self.url
        ))
    }

    fn read(&self, response: Result<Response<Body>, Error>) -> Result<Answer, NoAnswer> {
        let response = response.map_err(|error| self.no_answer(error))?;
        let status = response.status().as_u16();
        let body = response.into_body().into_with_config();
        let body = body.limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| self.no_answer(error))?;
        Ok(Answer { status, body })
    }
}

/// The part of an address before its path.
fn root(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/');
    path.map_or(url, |at| &url[..host + at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_host_is_what_stands_before_the_path() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/proxy", "http://127.0.0.1:8080"),
            ("https://[::1]:8443/a/b", "https://[::1]:8443"),
            ("https://files.example.com", "https://files.example.com"),
        ] {
            assert_eq!(root(url), expected);
        }
    }
}
