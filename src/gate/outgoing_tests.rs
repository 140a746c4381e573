//! Tests of the way out: every kind of payload, cut at every byte.

use super::super::growing::FRAME_BYTES_MAX;
use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use crate::attachment::{Bell, Chunk, Ending, Ledger, Writer};

const HEAD: &str = "HTTP/1.1 200 OK\r\nX: y\r\n";
const GATE: u32 = 3;

/// What a socket does next with what it is given.
#[derive(Clone, Debug)]
enum Mood {
    Take(usize),
    Block,
    Interrupt,
}

/// A socket that takes as little as it likes, over and over in the same rhythm.
struct Moody {
    moods: Vec<Mood>,
    turn: usize,
    wire: Vec<u8>,
    /// How often a flush finds that something is left, as in a session of TLS.
    left: usize,
}

impl Moody {
    fn new(moods: &[Mood]) -> Moody {
        Moody {
            moods: moods.to_vec(),
            turn: 0,
            wire: Vec::new(),
            left: 0,
        }
    }
}

impl Socket for Moody {
    fn send(&mut self, slices: &[IoSlice<'_>], _: bool) -> io::Result<usize> {
        assert!(
            slices.iter().any(|slice| !slice.is_empty()),
            "a write of nothing would look like a closed socket"
        );
        let mood = &self.moods[self.turn % self.moods.len()];
        self.turn += 1;
        match *mood {
            Mood::Block => Err(io::ErrorKind::WouldBlock.into()),
            Mood::Interrupt => Err(io::ErrorKind::Interrupted.into()),
            Mood::Take(most) => {
                let mut left = most;
                for slice in slices {
                    let taken = left.min(slice.len());
                    self.wire.extend_from_slice(&slice[..taken]);
                    left -= taken;
                }
                Ok(most - left)
            }
        }
    }

    fn send_file(&mut self, file: &MemoryFile, range: Range<u64>) -> io::Result<usize> {
        self.send(&[IoSlice::new(&file.read(range))], false)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Err(io::ErrorKind::WouldBlock.into())
            }
            None => Ok(()),
        }
    }
}

/// Some moods, at least one of which takes something.
fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![
        4 => (1_usize..400).prop_map(Mood::Take),
        2 => (400_usize..200_000).prop_map(Mood::Take),
        1 => Just(Mood::Block),
        1 => Just(Mood::Interrupt),
    ];
    (proptest::collection::vec(mood, 0..12), 1_usize..100_000).prop_map(|(mut moods, last)| {
        moods.push(Mood::Take(last));
        moods
    })
}

/// A bell that remembers for which gates it was rung.
#[derive(Default)]
struct Rung(AtomicU32);

impl Bell for Rung {
    fn ring(&self, gates: u32, _: StreamId) {
        self.0.fetch_or(gates, Ordering::Relaxed);
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect()
}

/// A body in our memory, or, if it is large enough, in a file.
fn body(chunks: usize, chunk_bytes: usize, in_file: bool) -> (Body, Vec<u8>) {
    let (ledger, bytes) = (Ledger::default(), pattern(chunks * chunk_bytes));
    let chunks = bytes.chunks(chunk_bytes.max(1));
    let chunks = chunks.map(|chunk| Chunk::new(chunk, &ledger)).collect();
    let room = in_file.then(|| ledger.charge(bytes.len() as u64));
    (Body::new(chunks, &ledger, room), bytes)
}

fn outgoing(payload: Payload, keep_alive: bool, old: bool) -> Outgoing {
    let note = Note {
        subject: "test".into(),
        from: "hit",
        is_routine: false,
    };
    let reply = Reply {
        status: 200,
        head: HEAD.as_bytes().to_vec(),
        payload,
        note,
    };
    Outgoing::new(reply, Vetted { keep_alive, old })
}

/// Writes until something other than a full socket or a used up share stops it.
fn write(outgoing: &mut Outgoing, socket: &mut Moody, share: usize) -> Progress {
    loop {
        match outgoing
            .write(socket, share, GATE)
            .expect("the socket lives")
        {
            Progress::Blocked | Progress::Share => {}
            progress => return progress,
        }
    }
}

#[track_caller]
fn check_finished(
    payload: Payload,
    keep_alive: bool,
    moods: &[Mood],
    share: usize,
    expected: &[u8],
) {
    let mut outgoing = outgoing(payload, keep_alive, false);
    let mut socket = Moody::new(moods);
    assert_eq!(
        write(&mut outgoing, &mut socket, share),
        Progress::Done,
        "it never waits for anybody but the socket"
    );
    let close = if keep_alive {
        ""
    } else {
        "Connection: close\r\n"
    };
    let wire = [format!("{HEAD}{close}\r\n").as_bytes(), expected].concat();
    assert!(socket.wire == wire, "the wire holds something else");
    assert_eq!(
        (outgoing.sent, outgoing.keep_alive),
        (expected.len() as u64, keep_alive)
    );
}

/// Reads chunked framing to the letter (RFC 9112 section 7.1); `None` unless `wire` is exactly one whole body.
fn unchunk(mut wire: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = wire.windows(2).position(|pair| pair == b"\r\n")?;
        let size = std::str::from_utf8(&wire[..line]).expect("a chunk size is text");
        assert!(
            !size.is_empty() && !size.starts_with('+'),
            "chunk size: {size:?}"
        );
        let size = usize::from_str_radix(size, 16).expect("a chunk size is hexadecimal");
        assert!(size as u64 <= FRAME_BYTES_MAX);
        wire = &wire[line + 2..];
        body.extend_from_slice(wire.get(..size)?);
        if wire.get(size..size + 2)? != b"\r\n" {
            panic!("a chunk is longer than it says");
        }
        wire = &wire[size + 2..];
        if size == 0 {
            return wire.is_empty().then_some(body);
        }
    }
}

/// Plays a download of these pieces to one client, who reads along.
fn play(
    outgoing: &mut Outgoing,
    mut writer: Option<Writer>,
    pieces: &[Vec<u8>],
    ending: Ending,
    (moods, share): (&[Mood], usize),
    rung: &Rung,
) -> (Progress, Vec<u8>) {
    let mut socket = Moody::new(moods);
    let mut pieces = pieces.iter();
    loop {
        match write(outgoing, &mut socket, share) {
            Progress::Waiting(_) => {}
            progress => return (progress, socket.wire),
        }
        let before = rung.0.swap(0, Ordering::Relaxed);
        assert_eq!(before, 0, "rung without news");
        match (pieces.next(), ending) {
            (Some(piece), _) => {
                let writer = writer.as_mut().expect("it has not ended");
                writer.push(piece).expect("somebody reads");
            }
            (None, Ending::Complete) => {
                writer.take().expect("it ends once").finish();
            }
            (None, Ending::Broken) => drop(writer.take().expect("it ends once")),
        }
        let rang = rung.0.swap(0, Ordering::Relaxed);
        assert_eq!(rang, 1 << GATE, "who waits is woken by what comes");
    }
}

/// Lengths of the pieces in which a download arrives; some are longer than a frame.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    let piece = prop_oneof![4 => 1_usize..2000, 1 => 100_000_usize..700_000];
    proptest::collection::vec(piece, 0..8)
}

fn cut(lengths: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let bytes = pattern(lengths.iter().sum());
    let mut rest = &bytes[..];
    let pieces = lengths.iter().map(|length| {
        let (piece, after) = rest.split_at(*length);
        rest = after;
        piece.to_vec()
    });
    (pieces.collect(), bytes.clone())
}

/// Where the body begins on the wire, once the head was checked.
#[track_caller]
fn after_head<'a>(wire: &'a [u8], lines: &str) -> &'a [u8] {
    let head = format!("{HEAD}{lines}\r\n");
    wire.strip_prefix(head.as_bytes())
        .unwrap_or_else(|| panic!("not behind {head:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_finished_payload_arrives_whole_however_little_the_socket_takes(
        moods in moods(),
        share in 1_usize..300_000,
        keep_alive: bool,
        chunks in 0_usize..4,
        chunk_bytes in 32_768_usize..70_000,
        in_file: bool,
        (from, to) in (0.0..=1.0, 0.0..=1.0),
    ) {
        check_finished(Payload::Empty, keep_alive, &moods, share, b"");
        let text = pattern(chunk_bytes);
        check_finished(Payload::Text(text.clone()), keep_alive, &moods, share, &text);
        let (body, bytes) = body(chunks, chunk_bytes, in_file);
        let place = |part: f64| (part * bytes.len() as f64) as usize;
        let (start, end) = (place(from).min(place(to)), place(from).max(place(to)));
        let range = start as u64..end as u64;
        check_finished(Payload::Stored { body, range }, keep_alive, &moods, share, &bytes[start..end]);
    }

    #[test]
    fn a_payload_of_many_parts_arrives_whole(
        in_file: bool,
        moods in moods(),
        share in 1_usize..300_000,
        // Twice as many as one system call takes.
        lengths in proptest::collection::vec(0_usize..9000, 0..40),
    ) {
        let (body, bytes) = body(3, 40_000, in_file);
        let (mut parts, mut expected, mut start) = (Vec::new(), Vec::new(), 0);
        for (number, length) in lengths.into_iter().enumerate() {
            if number % 2 == 0 {
                let text = pattern(length / 50);
                expected.extend_from_slice(&text);
                parts.push(Part::Text(text));
            } else {
                let end = (start + length).min(bytes.len());
                expected.extend_from_slice(&bytes[start..end]);
                parts.push(Part::Slice { body: body.clone(), range: start as u64..end as u64 });
                start = end;
            }
        }
        check_finished(Payload::Parts(parts), true, &moods, share, &expected);
    }

    #[test]
    fn a_growing_payload_of_known_length_arrives_as_far_as_it_was_asked_for(
        moods in moods(),
        share in 1_usize..300_000,
        lengths in pieces(),
        (from, to) in (0.0..=1.0, 0.0..=1.0),
    ) {
        let (pieces, bytes) = cut(&lengths);
        let place = |part: f64| (part * bytes.len() as f64) as usize;
        let (start, end) = (place(from).min(place(to)), place(from).max(place(to)));
        let rung = Arc::new(Rung::default());
        let (writer, stream) = Writer::whole(Some(bytes.len() as u64), rung.clone(), Ledger::default());
        let (skip, take) = (start as u64, Some((end - start) as u64));
        let mut outgoing = outgoing(Payload::Growing { reader: stream.reader(), skip, take }, true, false);
        let (progress, wire) = play(&mut outgoing, Some(writer), &pieces, Ending::Complete, (&moods, share), &rung);
        prop_assert_eq!(progress, Progress::Done);
        prop_assert!(after_head(&wire, "") == &bytes[start..end]);
        prop_assert_eq!((outgoing.sent, outgoing.keep_alive), ((end - start) as u64, true));
    }

    #[test]
    fn a_growing_payload_of_unknown_length_is_framed(
        moods in moods(),
        share in 1_usize..300_000,
        lengths in pieces(),
    ) {
        let (pieces, bytes) = cut(&lengths);
        let rung = Arc::new(Rung::default());
        let (writer, stream) = Writer::whole(None, rung.clone(), Ledger::default());
        let payload = Payload::Growing { reader: stream.reader(), skip: 0, take: None };
        let mut outgoing = outgoing(payload, true, false);
        let (progress, wire) = play(&mut outgoing, Some(writer), &pieces, Ending::Complete, (&moods, share), &rung);
        prop_assert_eq!(progress, Progress::Done);
        let body = unchunk(after_head(&wire, "Transfer-Encoding: chunked\r\n"));
        prop_assert!(body.as_ref() == Some(&bytes));
        prop_assert_eq!((outgoing.sent, outgoing.keep_alive), (bytes.len() as u64, true));
    }

    #[test]
    fn an_old_client_reads_unknown_lengths_until_the_connection_ends(
        moods in moods(),
        share in 1_usize..300_000,
        lengths in pieces(),
    ) {
        let (pieces, bytes) = cut(&lengths);
        let rung = Arc::new(Rung::default());
        let (writer, stream) = Writer::whole(None, rung.clone(), Ledger::default());
        let payload = Payload::Growing { reader: stream.reader(), skip: 0, take: None };
        let mut outgoing = outgoing(payload, true, true);
        let (progress, wire) = play(&mut outgoing, Some(writer), &pieces, Ending::Complete, (&moods, share), &rung);
        prop_assert_eq!(progress, Progress::Done);
        prop_assert!(after_head(&wire, "Connection: close\r\n") == &bytes[..]);
        prop_assert!(!outgoing.keep_alive);
    }

    #[test]
    fn a_broken_download_never_ends_well(
        moods in moods(),
        share in 1_usize..300_000,
        lengths in pieces(),
        announced in prop_oneof![Just(None), (1_u64..1000).prop_map(Some)],
        old: bool,
    ) {
        let (pieces, bytes) = cut(&lengths);
        let length = announced.map(|more| bytes.len() as u64 + more);
        let rung = Arc::new(Rung::default());
        let (writer, stream) = Writer::whole(length, rung.clone(), Ledger::default());
        let payload = Payload::Growing { reader: stream.reader(), skip: 0, take: length };
        let mut outgoing = outgoing(payload, true, old);
        let (progress, wire) = play(&mut outgoing, Some(writer), &pieces, Ending::Broken, (&moods, share), &rung);
        prop_assert_eq!(progress, Progress::Broken);
        if length.is_none() && !old {
            let body = after_head(&wire, "Transfer-Encoding: chunked\r\n");
            prop_assert_eq!(unchunk(body), None, "it looks whole");
        }
    }
}

#[test]
fn a_download_shorter_than_announced_is_broken_although_it_says_that_it_is_complete() {
    let rung = Arc::new(Rung::default());
    let (writer, stream) = Writer::whole(Some(10), rung.clone(), Ledger::default());
    let payload = Payload::Growing {
        reader: stream.reader(),
        skip: 0,
        take: Some(10),
    };
    let mut outgoing = outgoing(payload, true, false);
    let pieces = [b"nine byte".to_vec()];
    let moods = [Mood::Take(1000)];
    let (progress, _) = play(
        &mut outgoing,
        Some(writer),
        &pieces,
        Ending::Complete,
        (&moods, 1000),
        &rung,
    );
    assert_eq!(progress, Progress::Broken);
}

#[test]
fn one_turn_writes_about_one_share() {
    for in_file in [false, true] {
        let (body, bytes) = body(10, 64 * 1024, in_file);
        let range = 0..bytes.len() as u64;
        let mut outgoing = outgoing(Payload::Stored { body, range }, true, false);
        let mut socket = Moody::new(&[Mood::Take(1000)]);
        let progress = outgoing
            .write(&mut socket, 10_000, GATE)
            .expect("the socket lives");
        assert_eq!(progress, Progress::Share);
        assert!(
            (10_000..11_000).contains(&socket.wire.len()),
            "{}",
            socket.wire.len()
        );
    }
}

#[test]
fn one_write_of_many_pieces_is_about_one_share_too() {
    let (body, bytes) = body(10, 64 * 1024, false);
    let range = 0..bytes.len() as u64;
    let mut outgoing = outgoing(Payload::Stored { body, range }, true, false);
    let mut socket = Moody::new(&[Mood::Take(usize::MAX)]);
    let progress = outgoing.write(&mut socket, 100_000, GATE);
    assert_eq!(progress.expect("the socket lives"), Progress::Share);
    let written = socket.wire.len();
    assert!((100_000..200_000).contains(&written), "{written} bytes");
}

#[test]
fn keep_alive_is_said_to_old_clients_and_close_to_all() {
    for (keep_alive, old, line) in [
        (true, false, ""),
        (true, true, "Connection: keep-alive\r\n"),
        (false, false, "Connection: close\r\n"),
        (false, true, "Connection: close\r\n"),
    ] {
        let mut socket = Moody::new(&[Mood::Take(1000)]);
        let mut outgoing = outgoing(Payload::Empty, keep_alive, old);
        assert_eq!(write(&mut outgoing, &mut socket, 1000), Progress::Done);
        assert_eq!(after_head(&socket.wire, line), b"");
    }
}

#[test]
fn a_reply_is_done_only_when_nothing_is_left_on_its_way() {
    let (body, bytes) = body(1, 1000, false);
    let range = 0..1000;
    let mut outgoing = outgoing(Payload::Stored { body, range }, true, false);
    let mut socket = Moody::new(&[Mood::Take(usize::MAX)]);
    socket.left = 2;
    for expected in [Progress::Blocked, Progress::Blocked, Progress::Done] {
        let progress = outgoing.write(&mut socket, 100_000, GATE);
        assert_eq!(progress.expect("the socket lives"), expected);
    }
    assert!(socket.wire.ends_with(&bytes), "and nothing goes out twice");
    assert_eq!(socket.turn, 1);
}
