//! What fronts ask every second: whether to send clients here.

use crate::support::binary::{Binary, get, origin, settings};

#[test]
fn a_check_that_finds_all_well_leaves_no_line_and_any_other_does() {
    let (confluence, _) = origin("a.png", 10);
    let mut settings = settings(&confluence);
    settings.insert("PROXY_ACCESS_LOG".into(), "-".into());
    settings.insert("PROXY_SHUTDOWN_DELAY_SECONDS".into(), "300".into());
    let (mut binary, address) = Binary::serving(&settings);
    binary.line("logged in as=");
    for target in ["/readyz", "/readyz?upstream", "/readyz", "/healthz"] {
        assert_eq!(get(address, target).status, 200, "{target}");
    }
    binary.line("\"GET /healthz HTTP/1.1\" 200");
    binary.signal("TERM");
    binary.line("stopping in 300 s");
    assert_eq!(get(address, "/readyz").status, 503);
    binary.line("\"GET /readyz HTTP/1.1\" 503");
    binary.line("served path=/readyz status=503");
    let ended = binary.stop_impatiently("TERM");
    assert_eq!(ended.lines(" served ").len(), 2, "{:#?}", ended.stderr);
    assert_eq!(ended.stdout.len(), 2, "{:#?}", ended.stdout);

    settings.insert("RUST_LOG".into(), "debug".into());
    let (mut binary, address) = Binary::serving(&settings);
    get(address, "/readyz");
    binary.line("served path=/readyz status=200");
}
