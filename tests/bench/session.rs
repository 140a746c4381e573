//! TLS of the load: made to cost the load as little as it can.
//!
//! Records are opened in the buffer they were read into. Every client keeps its own tickets, so that each of many that
//! come at once has one to resume its session with.

use std::io::{self, Write};
use std::sync::Arc;

use rustls::client::{Resumption, UnbufferedClientConnection};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::unbuffered::ConnectionState;
use rustls::{ClientConfig, RootCertStore, version};

use super::peers::Line;

/// Longest handshake message or record that is sent.
const OUT_BYTES: usize = 4 * 1024;

/// Servers that a client keeps tickets of.
const SERVERS: usize = 1;

/// The authority of the certificate that all servers show.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/authority.pem");

/// What a client trusts and offers, and the tickets it has got.
pub struct Security(Arc<ClientConfig>);

/// One session, from the handshake on.
pub struct Session {
    tls: UnbufferedClientConnection,
    /// The beginning of a record whose end has not come.
    rest: Vec<u8>,
    /// Messages of the handshake that have not left.
    out: Vec<u8>,
    /// A request that has not left.
    owed: Vec<u8>,
}

impl Security {
    /// What the line wants: nothing, or TLS 1.3 with the one cipher that browsers and all servers here like best where
    /// the processor knows AES, so that every server does the same work.
    pub fn of(line: Line) -> io::Result<Option<Security>> {
        if line == Line::Plain {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(AUTHORITY).map_err(io::Error::other)?;
        roots.add(authority).map_err(io::Error::other)?;
        let mut provider = ring::default_provider();
        provider.cipher_suites = vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256];
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&version::TLS13])
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(SERVERS);
        Ok(Some(Security(Arc::new(config))))
    }

    /// A session that has not begun.
    pub fn session(&self) -> io::Result<Session> {
        let host = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = UnbufferedClientConnection::new(self.0.clone(), host);
        Ok(Session {
            tls: tls.map_err(io::Error::other)?,
            rest: Vec::new(),
            out: Vec::new(),
            owed: Vec::new(),
        })
    }
}

impl Session {
    /// Sends a request, or begins the handshake behind which it is sent.
    pub fn ask(&mut self, socket: &mut impl Write, request: &[u8]) -> io::Result<()> {
        self.owed.extend_from_slice(request);
        let mut rest = std::mem::take(&mut self.rest);
        self.go_on(&mut rest, socket, |_| Ok(()))
    }

    /// The place behind what is left from before, in which a read puts its bytes.
    pub fn room<'s>(&self, scratch: &'s mut [u8]) -> &'s mut [u8] {
        scratch[..self.rest.len()].copy_from_slice(&self.rest);
        &mut scratch[self.rest.len()..]
    }

    /// Hands to `take` what is inside the `count` bytes that were read into the room.
    pub fn hear(
        &mut self,
        scratch: &mut [u8],
        count: usize,
        socket: &mut impl Write,
        take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let length = self.rest.len() + count;
        self.go_on(&mut scratch[..length], socket, take)
    }

    /// Does everything that can be done with these records.
    fn go_on(
        &mut self,
        records: &mut [u8],
        socket: &mut impl Write,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut used = 0;
        let mut is_blocked = false;
        while !is_blocked {
            let status = self.tls.process_tls_records(&mut records[used..]);
            let mut discard = status.discard;
            match status.state.map_err(io::Error::other)? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(io::Error::other)?;
                        discard += record.discard;
                        take(record.payload)?;
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    let filled = self.out.len();
                    self.out.resize(filled + OUT_BYTES, 0);
                    let written = data.encode(&mut self.out[filled..]);
                    let written = written.map_err(io::Error::other)?;
                    self.out.truncate(filled + written);
                }
                ConnectionState::TransmitTlsData(data) => {
                    socket.write_all(&self.out)?; // small: the kernel takes it whole
                    self.out.clear();
                    data.done();
                }
                ConnectionState::WriteTraffic(mut traffic) if !self.owed.is_empty() => {
                    let mut record = [0; OUT_BYTES];
                    let written = traffic.encrypt(&self.owed, &mut record);
                    socket.write_all(&record[..written.map_err(io::Error::other)?])?;
                    self.owed.clear();
                }
                ConnectionState::WriteTraffic(_)
                | ConnectionState::BlockedHandshake
                | ConnectionState::PeerClosed
                | ConnectionState::Closed => is_blocked = true,
                other => return Err(io::Error::other(format!("TLS: {other:?}"))),
            }
            used += discard;
        }
        self.rest.clear();
        self.rest.extend_from_slice(&records[used..]);
        Ok(())
    }
}
