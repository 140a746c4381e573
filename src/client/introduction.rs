//! The way to a service that expects a header of the PROXY protocol from this host.

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Transport};

/// The header of version 2 that says LOCAL: whoever connects does so for himself.
const OWN: &[u8; 16] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Begins a connection as the service expects, before TLS.
#[derive(Debug)]
pub(super) struct Introduction {
    /// Whether it expects the header.
    pub(super) is_expected: bool,
}

impl<In: Transport> Connector<In> for Introduction {
    type Out = In;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<In>, Error> {
        let Some(mut transport) = chained else {
            return Ok(None);
        };
        if self.is_expected {
            transport.buffers().output()[..OWN.len()].copy_from_slice(OWN);
            transport.transmit_output(OWN.len(), details.timeout)?;
        }
        Ok(Some(transport))
    }
}
