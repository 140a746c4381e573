//! The hits whose cost is recorded.

/// One kind of hit.
#[derive(Clone, Copy)]
pub struct Hit {
    /// What `figures.txt` calls it.
    pub name: &'static str,
    /// Bytes of the file.
    pub bytes: usize,
    /// What the client wants of it.
    pub wants: Wants,
    /// Keep-alive connections that ask at the same time.
    pub connections: usize,
    /// Whether clients speak TLS.
    pub tls: bool,
    /// Whether each request is a line of the log, as it is unless RUST_LOG says otherwise.
    pub logged: bool,
}

/// What a client wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// The file: 200.
    All,
    /// To know that its own copy is current: 304.
    Change,
    /// A hundred bytes of it: 206.
    Part,
}

const SMALL: Hit = Hit {
    name: "1 KB",
    bytes: 1024,
    wants: Wants::All,
    connections: 1,
    tls: false,
    logged: false,
};

/// All of them.
pub const HITS: &[Hit] = &[
    SMALL,
    Hit {
        name: "1 KB, logged",
        logged: true,
        ..SMALL
    },
    Hit {
        name: "1 KB, 16 connections",
        connections: 16,
        ..SMALL
    },
    Hit {
        name: "1 KB, TLS",
        tls: true,
        ..SMALL
    },
    Hit {
        name: "100 KB",
        bytes: 100 * 1024,
        ..SMALL
    },
    Hit {
        name: "300 KB", // the kernel sends it
        bytes: 300 * 1024,
        ..SMALL
    },
    Hit {
        name: "304",
        wants: Wants::Change,
        ..SMALL
    },
    Hit {
        name: "206",
        wants: Wants::Part,
        ..SMALL
    },
];
