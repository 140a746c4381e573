//! One call of the HTTP library, and the only repetition there is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use super::error::UpstreamError;
use super::failure;

/// Calls, and once more if the connection came from the pool and was dead before an answer. Blocks until there is a
/// head. `request` makes the request anew each time.
///
/// # Errors
/// Whatever comes in place of an answer; [`UpstreamError::Interrupted`] once `interrupted` is set.
pub(super) fn call(
    agent: &Agent,
    interrupted: &AtomicBool,
    request: impl Fn() -> Request<()>,
) -> Result<Response<Body>, UpstreamError> {
    let is_interrupted = || interrupted.load(Ordering::Relaxed);
    let mut result = agent.run(request());
    if matches!(&result, Err(error) if failure::is_stale_connection(error)) && !is_interrupted() {
        // Its neighbours in the pool are probably dead too: an idle age of zero throws them out.
        let again = agent.configure_request(request());
        result = agent.run(again.max_idle_age(Duration::ZERO).build());
    }
    result.map_err(|error| match is_interrupted() {
        true => UpstreamError::Interrupted,
        false => failure::before_answer(error),
    })
}
