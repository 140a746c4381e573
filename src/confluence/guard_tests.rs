use super::*;
use crate::confluence::error::{Fault, Obstacle, Phase};

const DOWN: UpstreamError = UpstreamError::Unreachable(Obstacle::Closed);

fn refused() -> UpstreamError {
    UpstreamError::Refused(Refusal::Password)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A guard whose account was accepted at `now`.
fn good(now: Instant) -> Guard {
    let mut guard = Guard::new();
    assert_eq!(guard.admit(now), Admission::Test);
    assert_eq!(guard.tested(&Ok(Proof::Known), now), Change::None);
    guard
}

#[track_caller]
fn check_stopped(guard: &mut Guard, now: Instant, wait: u64) {
    let stop = UpstreamError::Guarded {
        why: Refusal::Password,
        retry_after: seconds(wait),
    };
    assert_eq!(guard.admit(now), Admission::Stop(stop));
}

#[test]
fn the_first_login_goes_alone_and_the_others_wait_for_it() {
    let now = Instant::now();
    let mut guard = Guard::new();
    assert_eq!(guard.admit(now), Admission::Test);
    for _ in 0..50 {
        assert_eq!(guard.admit(now), Admission::Wait);
    }
    assert_eq!(guard.tested(&Ok(Proof::Known), now), Change::None);
    for _ in 0..50 {
        assert_eq!(guard.admit(now), Admission::Go);
    }
}

#[test]
fn a_test_that_comes_to_nothing_is_told_to_those_who_waited_and_made_again_later() {
    let now = Instant::now();
    for error in [DOWN, UpstreamError::Failing { status: 503 }] {
        let mut guard = Guard::new();
        assert_eq!(guard.admit(now), Admission::Test);
        assert_eq!(guard.tests(), 0);
        assert_eq!(guard.tested(&Err(error.clone()), now), Change::None);
        assert_eq!((guard.tests(), guard.failure()), (1, Some(&error)));
        assert_eq!(guard.admit(now), Admission::Test, "no refusal: {error:?}");
        guard.tested(&Ok(Proof::Known), now);
        assert_eq!(guard.failure(), None);
    }
}

#[test]
fn the_first_refusal_shuts_the_guard_once() {
    let now = Instant::now();
    for mut guard in [good(now), Guard::new()] {
        guard.admit(now);
        assert_eq!(
            guard.heard(Some(&refused()), Credit::Full, false, now),
            Change::Shut
        );
        for after in [0, 1, 800] {
            check_stopped(&mut guard, now + seconds(after), (900 - after).min(300));
            // What was under way meanwhile neither shuts it again nor opens it.
            let heard = guard.heard(None, Credit::Full, false, now + seconds(after));
            assert_eq!(heard, Change::None);
        }
        check_stopped(&mut guard, now + seconds(900), 1);
        check_stopped(&mut guard, now + seconds(9_000_000), 1);
        let heard = guard.heard(Some(&refused()), Credit::Full, false, now);
        assert_eq!(heard, Change::None);
    }
}

/// When a shut guard tests the account by itself.
fn next_test(guard: &Guard) -> Option<Instant> {
    match guard.standing() {
        Standing::Refused(shut) => shut.next_test,
        other => panic!("it is shut: {other:?}"),
    }
}

#[test]
fn a_refused_account_is_tested_after_a_quarter_of_an_hour_and_then_twice_a_day() {
    let mut now = Instant::now();
    let page = || UpstreamError::Refused(Refusal::LoginPage);
    let mut guard = good(now);
    guard.heard(Some(&page()), Credit::Full, false, now);
    assert_eq!(next_test(&guard), Some(now + seconds(15 * 60)));
    for _ in 0..3 {
        now = next_test(&guard).expect("it goes on");
        assert_eq!(guard.tested(&Err(page()), now), Change::None);
        assert_eq!(next_test(&guard), Some(now + seconds(12 * 3600)));
    }
    // One that somebody asked for counts as well.
    now += seconds(10);
    assert_eq!(guard.tested(&Err(page()), now), Change::None);
    assert_eq!(next_test(&guard), Some(now + seconds(12 * 3600)));
    // Confluence being down is no refusal, and no pardon either.
    guard.tested(&Err(DOWN), now);
    assert_eq!(next_test(&guard), Some(now + seconds(15 * 60)));
    assert!(matches!(guard.admit(now), Admission::Stop(_)));
    guard.tested(&Ok(Proof::Known), now);
    assert_eq!(guard.admit(now), Admission::Go);
}

#[test]
fn the_third_failed_login_is_never_the_services_own() {
    let now = Instant::now();
    for refusal in [Refusal::Password, Refusal::Unauthorized, Refusal::Unknown] {
        let error = UpstreamError::Refused(refusal);
        let mut guard = good(now);
        guard.heard(Some(&error), Credit::Full, false, now);
        let second = next_test(&guard).expect("one more is harmless");
        guard.tested(&Err(error.clone()), second);
        assert_eq!(next_test(&guard), None, "{error:?}");
        // Neither time nor a Confluence that is down makes it try again.
        guard.tested(&Err(DOWN), second);
        assert_eq!(next_test(&guard), None);
        assert!(matches!(guard.admit(second), Admission::Stop(_)));
        // Somebody does: a good login starts the count anew.
        guard.tested(&Ok(Proof::Known), second);
        guard.heard(Some(&error), Credit::Full, false, second);
        assert!(next_test(&guard).is_some());
    }
    // A directory that fails for a moment refuses all that is under way: one burst, and one test later all is well.
    let mut guard = good(now);
    for _ in 0..20 {
        guard.heard(Some(&refused()), Credit::Full, false, now);
    }
    let test = next_test(&guard).expect("it recovers by itself");
    guard.tested(&Err(refused()), test);
    assert_eq!(next_test(&guard), None);
    guard.replaced(Proof::Known, now);
    guard.heard(Some(&refused()), Credit::Full, false, now);
    assert!(next_test(&guard).is_some(), "another secret, another count");
}

#[test]
fn a_confluence_that_hangs_is_not_logged_in_to_again_and_again() {
    let silent = || UpstreamError::TimedOut { phase: Phase::Head };
    let mut now = Instant::now();
    let mut guard = Guard::new();
    for rest in [15, 60, 240, 900, 900] {
        assert_eq!(guard.admit(now), Admission::Test);
        guard.tested(&Err(silent()), now);
        for after in [0, rest - 1] {
            let stopped = Admission::Stop(silent());
            assert_eq!(guard.admit(now + seconds(after)), stopped, "{rest} {after}");
        }
        now += seconds(rest);
    }
    assert_eq!(guard.admit(now), Admission::Test);
    guard.tested(&Ok(Proof::Known), now);
    assert_eq!(guard.admit(now), Admission::Go);
    // A refused account whose test is not answered waits for half a day.
    guard.heard(Some(&refused()), Credit::Full, false, now);
    guard.tested(&Err(silent()), now);
    assert_eq!(next_test(&guard), Some(now + seconds(12 * 3600)));
}

#[test]
fn the_trouble_of_one_file_is_no_trouble_of_confluence() {
    let now = Instant::now();
    let mut guard = good(now);
    let failing = UpstreamError::Failing { status: 500 };
    guard.heard(Some(&failing), Credit::Full, false, now);
    assert_eq!(guard.trouble(), Some(&failing));
    for error in [
        UpstreamError::NotFound,
        UpstreamError::Unusable(Fault::Page),
        UpstreamError::OutOfScope,
    ] {
        guard.heard(Some(&failing), Credit::Full, false, now);
        guard.heard(Some(&error), Credit::Full, false, now);
        assert_eq!(guard.trouble(), None, "{error:?}");
    }
    guard.heard(Some(&failing), Credit::Full, false, now);
    guard.heard(Some(&UpstreamError::Interrupted), Credit::Full, false, now);
    assert_eq!(guard.trouble(), Some(&failing));
}

#[test]
fn a_new_secret_opens_the_guard() {
    let now = Instant::now();
    let mut guard = good(now);
    guard.heard(Some(&refused()), Credit::Full, false, now);
    guard.replaced(Proof::Known, now);
    assert_eq!(guard.admit(now), Admission::Go);
    guard.heard(Some(&refused()), Credit::Full, false, now);
    guard.replaced(Proof::Unclear, now);
    assert_eq!(guard.admit(now), Admission::Alone);
}

#[test]
fn where_the_login_cannot_be_tested_files_prove_it_one_at_a_time() {
    let now = Instant::now();
    let mut guard = Guard::new();
    guard.admit(now);
    guard.tested(&Ok(Proof::Unclear), now);
    // A failure proves nothing: the next one goes alone as well.
    for _ in 0..2 {
        assert_eq!(guard.admit(now), Admission::Alone);
        assert_eq!(guard.admit(now), Admission::Wait);
        guard.heard(Some(&DOWN), Credit::Full, true, now);
    }
    assert_eq!(guard.admit(now), Admission::Alone);
    guard.heard(None, Credit::Full, true, now);
    assert_eq!(guard.admit(now), Admission::Go);

    let mut guard = Guard::new();
    guard.admit(now);
    guard.tested(&Ok(Proof::Unclear), now);
    guard.admit(now);
    assert_eq!(
        guard.heard(Some(&refused()), Credit::Full, true, now),
        Change::Shut
    );
    check_stopped(&mut guard, now, 300);
}

#[test]
fn an_account_that_may_be_anonymous_is_proved_before_a_missing_file_is_believed() {
    let now = Instant::now();
    for error in [UpstreamError::NotFound, UpstreamError::Forbidden] {
        for (credit, after, expected) in [
            (Credit::Quiet, 59, Change::None),
            (Credit::Quiet, 60, Change::Doubt),
            (Credit::Strange, 4, Change::None),
            (Credit::Strange, 5, Change::Doubt),
            (Credit::Full, 60, Change::None),
        ] {
            let mut guard = good(now);
            let heard = guard.heard(Some(&error), credit, false, now + seconds(after));
            assert_eq!(heard, expected, "{error:?} {credit:?} {after}");
            let next = guard.admit(now + seconds(after));
            let doubted = expected == Change::Doubt;
            assert_eq!(next == Admission::Test, doubted);
        }
    }
}

#[test]
fn many_forbidden_files_cast_doubt_on_the_account_and_one_good_answer_ends_it() {
    let now = Instant::now();
    let later = now + seconds(3600);
    let mut guard = good(now);
    for round in 0..2 {
        for _ in 1..FORBIDDEN_MAX {
            let heard = guard.heard(Some(&UpstreamError::Forbidden), Credit::Full, false, later);
            assert_eq!(heard, Change::None, "round {round}");
        }
        if round == 0 {
            guard.heard(None, Credit::Full, false, later);
        }
    }
    let heard = guard.heard(Some(&UpstreamError::Forbidden), Credit::Full, false, later);
    assert_eq!(heard, Change::Doubt);
    assert_eq!(guard.admit(later), Admission::Test);
    guard.tested(&Ok(Proof::Known), later);
    let heard = guard.heard(Some(&UpstreamError::Forbidden), Credit::Full, false, later);
    assert_eq!(heard, Change::None, "counted from the start");
}

#[test]
fn nobody_believes_that_a_file_is_missing_while_the_account_is_in_doubt() {
    let now = Instant::now();
    let missing = Some(&UpstreamError::NotFound);
    let later = now + seconds(61);
    let mut guard = good(now);
    // Two files were asked for while all was well; both are missing.
    assert_eq!(
        guard.heard(missing, Credit::Quiet, false, later),
        Change::Doubt
    );
    assert_eq!(guard.admit(later), Admission::Test);
    assert_eq!(
        guard.heard(missing, Credit::Quiet, false, later),
        Change::Doubt
    );
    assert_eq!(guard.admit(later), Admission::Wait);
    let refused = UpstreamError::Refused(Refusal::Anonymous);
    assert_eq!(guard.tested(&Err(refused), later), Change::Shut);
    // A third one was answered late.
    assert_eq!(
        guard.heard(missing, Credit::Quiet, false, later),
        Change::Doubt
    );
    assert!(matches!(guard.admit(later), Admission::Stop(_)));
    // An account whose refusals are loud is not in doubt.
    assert_eq!(
        guard.heard(missing, Credit::Full, false, later),
        Change::None
    );
}

#[test]
fn a_pause_holds_for_everybody_until_it_is_over() {
    let now = Instant::now();
    let mut guard = good(now);
    let busy = |wait| UpstreamError::Busy {
        retry_after: seconds(wait),
    };
    guard.heard(Some(&busy(10)), Credit::Full, false, now);
    guard.heard(Some(&busy(2)), Credit::Full, false, now + seconds(1));
    for (after, left) in [(1, 9), (9, 1)] {
        let stop = UpstreamError::Paused {
            retry_after: seconds(left),
        };
        let admitted = guard.admit(now + seconds(after));
        assert_eq!(admitted, Admission::Stop(stop), "after {after} s");
    }
    assert_eq!(guard.admit(now + seconds(10)), Admission::Go);

    // The login test is obeyed as well.
    let mut guard = Guard::new();
    guard.admit(now);
    guard.tested(&Err(busy(10)), now);
    assert!(matches!(guard.admit(now), Admission::Stop(_)));
    assert_eq!(guard.admit(now + seconds(10)), Admission::Test);
}

#[test]
fn a_second_secret_that_is_refused_counts_for_the_same_account() {
    let now = Instant::now();
    let mut guard = good(now);
    guard.heard(Some(&refused()), Credit::Full, false, now);
    assert!(next_test(&guard).is_some());
    // Neither a Confluence that is down nor a refusal that it does not count changes anything.
    guard.missed(&DOWN);
    guard.missed(&UpstreamError::Refused(Refusal::LoginPage));
    assert!(next_test(&guard).is_some());
    guard.missed(&refused());
    assert_eq!(next_test(&guard), None);
    // While the account is good, every answer starts Confluence's own count anew.
    let mut guard = good(now);
    guard.missed(&refused());
    guard.heard(Some(&refused()), Credit::Full, false, now);
    assert!(next_test(&guard).is_some());
}
