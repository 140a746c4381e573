//! What the service opens before anybody is served: its port, and its access log.

use std::net::{SocketAddr, TcpListener};

use super::error::StartError;
use super::threads::{Spawner, Stage};
use crate::config::Config;
use crate::gate::{self, Certificate, Facing, LeftTo};
use crate::logging::{self, Access, AccessHandle};
use crate::systemd::{self, Given, Listening};

/// Where clients connect, bound and not yet served; and who takes those that wait there when the service stops.
pub(super) fn listen(
    config: &Config,
    given: &mut Given,
) -> Result<(TcpListener, SocketAddr, LeftTo), StartError> {
    let wanted = SocketAddr::new(config.proxy.host, config.proxy.port);
    let listening = systemd::listener(given, wanted, gate::listen);
    let Listening { socket, is_kept } =
        listening.map_err(|error| StartError::Listen(wanted, error))?;
    let address = socket.local_addr().map_err(StartError::System)?;
    let listener = gate::prepare(socket).map_err(|error| StartError::Listen(address, error))?;
    let left_to = match is_kept {
        true => LeftTo::Next,
        false => LeftTo::Nobody,
    };
    Ok((listener, address, left_to))
}

/// What clients meet at the gates.
pub(super) fn facing(
    config: &Config,
    certificate: Option<Certificate>,
    access: Option<Access>,
) -> Facing {
    Facing {
        certificate,
        connections_max: config.proxy.connections_max,
        trusted: config.proxy.trusted_proxies.clone(),
        operators: config.proxy.operators.clone(),
        proxy_protocol: config.proxy.proxy_protocol,
        access,
    }
}

/// Opens the access log and starts its writer, if one is wanted.
pub(super) fn start_access_log(
    spawner: &mut Spawner,
    config: &Config,
) -> Result<(Option<Access>, Option<AccessHandle>), StartError> {
    let Some(wanted) = &config.proxy.access_log else {
        return Ok((None, None));
    };
    let (access, handle, actor) = logging::open_access(wanted, scheme(config))
        .map_err(|error| StartError::AccessLog(wanted.to.clone(), error))?;
    spawner
        .start(Stage::Log, "access".into(), move || actor.run())
        .map_err(StartError::System)?;
    Ok((Some(access), Some(handle)))
}

/// What addresses of this service begin with.
pub(super) fn scheme(config: &Config) -> &'static str {
    match config.proxy.tls {
        Some(_) => "https",
        None => "http",
    }
}
