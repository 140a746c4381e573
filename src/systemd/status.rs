//! How it goes, in one line for `systemctl status` (pure).

use std::net::SocketAddr;

/// Longest line in characters: what a person reads at a glance, and far from what the service manager refuses.
const LINE_CHARACTERS_MAX: usize = 600;

/// How the account of the other side stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// Confluence has not been asked yet.
    Untested,
    /// It is let in.
    Accepted,
    /// It is refused, or Confluence does not answer: why, and what to do.
    Trouble(String),
}

/// What the line is made of.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Where clients connect.
    pub address: SocketAddr,
    /// How the account stands.
    pub account: Account,
    /// Client connections that are open now.
    pub connections: u64,
    /// Requests for attachments that were answered.
    pub requests: u64,
    /// Which part of them Confluence was not asked for; `None` before the first one.
    pub spared: Option<f64>,
}

/// Writes the line. What is wrong stands first: it is what an operator looks for.
pub fn status_line(figures: &Figures) -> String {
    let Figures {
        address,
        account,
        connections,
        requests,
        spared,
    } = figures;
    let account = match account {
        Account::Untested => "Confluence has not answered yet",
        Account::Accepted => "account accepted",
        Account::Trouble(words) => words,
    };
    let spared = match spared {
        Some(ratio) => format!(", {:.0} % without asking Confluence", 100.0 * ratio),
        None => String::new(),
    };
    let line = format!(
        "{account}; serving {address}: {connections} connections, {requests} requests for files{spared}"
    );
    one_line(&line)
}

/// A line break would begin another message to the service manager.
fn one_line(text: &str) -> String {
    let characters = text.chars().take(LINE_CHARACTERS_MAX);
    characters
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_wrong_and_what_was_spared() {
        let mut figures = Figures {
            address: SocketAddr::from(([0, 0, 0, 0], 8080)),
            account: Account::Untested,
            connections: 0,
            requests: 0,
            spared: None,
        };
        assert_eq!(
            status_line(&figures),
            "Confluence has not answered yet; serving 0.0.0.0:8080: 0 connections, 0 requests for files"
        );
        figures = Figures {
            account: Account::Accepted,
            connections: 12,
            requests: 3000,
            spared: Some(0.978),
            ..figures
        };
        assert_eq!(
            status_line(&figures),
            "account accepted; serving 0.0.0.0:8080: 12 connections, 3000 requests for files, \
             98 % without asking Confluence"
        );
    }

    #[test]
    fn nothing_in_it_begins_another_message() {
        let figures = Figures {
            address: SocketAddr::from(([0, 0, 0, 0], 8080)),
            account: Account::Trouble(format!("a\nFDSTOREREMOVE=1\r\n{}", "x".repeat(1000))),
            connections: 0,
            requests: 0,
            spared: None,
        };
        let line = status_line(&figures);
        assert!(line.starts_with("a FDSTOREREMOVE=1  xxx"), "{line}");
        assert!(line.len() == LINE_CHARACTERS_MAX && !line.contains(char::is_control));
    }
}
