//! The download fan-out: one writer, many readers, no locks, tried in every order that the checker can afford.
//!
//! Who waits for ever is a deadlock, which the checker reports by itself: a lost wake-up of a reader, or a writer that
//! nobody tells of room. Small scenarios are tried in all orders; larger ones in many random ones, from a fixed seed.

use std::sync::Arc;

use model::{Bell, Chunk, Ending, Ledger, Peek, Reader, Stream, StreamId, WriteError, Writer};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler};
use shuttle::sync::{Condvar, Mutex};
use shuttle::{Config, Runner, thread};

const SEED: u64 = 0x5eed;

/// Runs of each random kind.
const RUNS: usize = 20_000;

/// More orders than any scenario has that is tried in all of them.
const ORDERS_MAX: usize = 3_000_000;

/// That it knows only one kind of memory is said in `lib.rs`.
fn quiet() -> Config {
    let mut config = Config::new();
    config.silence_warnings = true;
    config
}

/// All orders there are.
fn in_every_order(scenario: impl Fn() + Send + Sync + 'static) {
    let scheduler = DfsScheduler::new(Some(ORDERS_MAX), false);
    let orders = Runner::new(scheduler, quiet()).run(scenario);
    assert!(
        1 < orders && orders < ORDERS_MAX,
        "{orders} orders were tried"
    );
}

/// Uniformly random orders, and such with few switches at odd places.
fn in_many_orders(scenario: impl Fn() + Send + Sync + Clone + 'static) {
    let random = RandomScheduler::new_from_seed(SEED, RUNS);
    Runner::new(random, quiet()).run(scenario.clone());
    let few_switches = PctScheduler::new_from_seed(SEED, 4, RUNS);
    Runner::new(few_switches, quiet()).run(scenario);
}

/// The gates as the writer knows them: each sleeps until its bit is rung.
#[derive(Default)]
struct Gates {
    rung: Mutex<u32>,
    changed: Condvar,
}

impl Bell for Gates {
    fn ring(&self, gates: u32, _stream: StreamId) {
        *self.rung.lock().expect("nobody panics with it") |= gates;
        self.changed.notify_all();
    }
}

impl Gates {
    fn sleep(&self, gate: u32) {
        let bit = 1 << gate;
        let rung = self.rung.lock().expect("nobody panics with it");
        let asleep = self.changed.wait_while(rung, |rung| *rung & bit == 0);
        *asleep.expect("nobody panics with it") &= !bit;
    }
}

struct Client {
    reader: Option<Reader>,
    bytes: Vec<u8>,
    ending: Option<Ending>,
    /// How many bytes it takes before it leaves.
    patience: usize,
}

impl Client {
    fn new(reader: Reader) -> Client {
        Client::leaving_after(usize::MAX, reader)
    }

    fn leaving_after(patience: usize, reader: Reader) -> Client {
        Client {
            reader: Some(reader),
            bytes: Vec::new(),
            ending: None,
            patience,
        }
    }

    /// Takes what is there; whether it waits for more.
    fn take(&mut self, gate: u32) -> bool {
        while let Some(reader) = &mut self.reader {
            let count = match reader.peek() {
                Peek::Bytes(bytes) => {
                    let taken = bytes.len().min(self.patience - self.bytes.len());
                    self.bytes.extend_from_slice(&bytes[..taken]);
                    taken
                }
                Peek::Nothing if reader.must_wait(gate) => return true,
                Peek::Nothing => continue,
                Peek::Ended(ending) => {
                    self.ending = Some(ending);
                    self.reader = None;
                    break;
                }
            };
            reader.advance(count);
            if self.bytes.len() == self.patience {
                self.reader = None;
            }
        }
        false
    }
}

/// What a gate does with its clients until none is left.
fn serve(gates: &Gates, gate: u32, mut clients: Vec<Client>) -> Vec<(Vec<u8>, Option<Ending>)> {
    loop {
        let mut waits = false;
        for client in &mut clients {
            waits |= client.take(gate);
        }
        if !waits {
            break;
        }
        gates.sleep(gate);
    }
    let ends = clients
        .into_iter()
        .map(|client| (client.bytes, client.ending));
    ends.collect()
}

fn all_of(bytes: &[u8]) -> (Vec<u8>, Option<Ending>) {
    (bytes.to_vec(), Some(Ending::Complete))
}

fn whole(gates: &Arc<Gates>, ledger: &Ledger) -> (Writer, Stream) {
    Writer::whole(None, gates.clone(), ledger.clone())
}

fn window(bytes: u64, gates: &Arc<Gates>, ledger: &Ledger) -> (Writer, Reader) {
    Writer::window(None, bytes, gates.clone(), ledger.clone())
}

/// One who stays and one who soon leaves, both from the first byte on.
fn early(stream: &Stream) -> Vec<Client> {
    vec![
        Client::new(stream.reader()),
        Client::leaving_after(3, stream.reader()),
    ]
}

#[test]
fn who_waits_for_the_end_is_woken() {
    for breaks in [false, true] {
        in_every_order(move || {
            let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
            let (writer, stream) = whole(&gates, &ledger);
            let client = Client::new(stream.reader());
            let writing = thread::spawn(move || match breaks {
                true => drop(writer),
                false => writer.finish(),
            });
            let ending = match breaks {
                true => Ending::Broken,
                false => Ending::Complete,
            };
            assert_eq!(serve(&gates, 0, vec![client]), [(vec![], Some(ending))]);
            assert_eq!(
                stream.is_broken(),
                breaks,
                "readers know it, and who may join does not"
            );
            writing.join().expect("no panic");
        });
    }
}

#[test]
fn who_waits_for_bytes_is_woken() {
    in_every_order(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, stream) = whole(&gates, &ledger);
        let client = Client::leaving_after(1, stream.reader());
        let writing = thread::spawn(move || {
            writer.push(b"a").expect("kept");
            writer
        });
        assert_eq!(serve(&gates, 0, vec![client]), [(b"a".to_vec(), None)]);
        let writer = writing.join().expect("no panic");
        assert_eq!(ledger.held(), Chunk::cost(1));
        drop((writer, stream));
        assert_eq!(ledger.held(), 0);
    });
}

#[test]
fn two_who_wait_at_two_gates_are_both_woken() {
    in_every_order(|| {
        let gates = Arc::new(Gates::default());
        let (mut writer, stream) = whole(&gates, &Ledger::default());
        let [first, second] = [(); 2].map(|()| Client::leaving_after(1, stream.reader()));
        let door = gates.clone();
        let other = thread::spawn(move || serve(&door, 1, vec![second]));
        writer.push(b"a").expect("kept");
        assert_eq!(serve(&gates, 0, vec![first]), [(b"a".to_vec(), None)]);
        assert_eq!(other.join().expect("no panic"), [(b"a".to_vec(), None)]);
    });
}

#[test]
fn a_writer_is_told_that_its_reader_has_made_room() {
    in_every_order(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, mut reader) = window(0, &gates, &ledger);
        writer.push(b"aa").expect("nothing is there yet");
        let reading = thread::spawn(move || {
            reader.advance(2);
            reader
        });
        assert_eq!(writer.push(b"b"), Ok(()));
        let reader = reading.join().expect("no panic");
        assert_eq!(reader.peek(), Peek::Bytes(b"b"));
        drop((writer, reader));
        assert_eq!(ledger.held(), 0);
    });
}

/// At the latest with the second piece after that: one may slip through while it leaves, and one because of the room
/// that it made before.
#[test]
fn a_writer_is_told_that_its_last_reader_has_left() {
    for taken in [0, 1, 2] {
        in_every_order(move || {
            let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
            let (mut writer, mut reader) = window(0, &gates, &ledger);
            writer.push(b"aa").expect("nothing is there yet");
            let reading = thread::spawn(move || reader.advance(taken));
            let mut pieces = [b"b", b"c", b"d"].iter();
            let pushed = pieces.try_for_each(|piece| writer.push(*piece));
            assert_eq!(pushed, Err(WriteError::Abandoned));
            reading.join().expect("no panic");
            drop(writer);
            assert_eq!(ledger.held(), 0);
        });
    }
}

#[test]
fn everybody_gets_all_bytes_and_one_end_whenever_they_come() {
    in_many_orders(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, stream) = whole(&gates, &ledger);
        let early = early(&stream);
        let writing = thread::spawn(move || {
            writer.push(b"ab").expect("kept");
            writer.push(b"c").expect("kept");
            let body = writer.seal(b"d", None).expect("kept whole");
            assert_eq!(body.len(), 4);
            writer.finish();
        });
        let door = gates.clone();
        let coming_late = thread::spawn(move || {
            let client = Client::new(stream.reader());
            drop(stream);
            serve(&door, 1, vec![client])
        });
        let read = serve(&gates, 0, early);
        assert_eq!(read, [all_of(b"abcd"), (b"abc".to_vec(), None)]);
        assert_eq!(coming_late.join().expect("no panic"), [all_of(b"abcd")]);
        writing.join().expect("no panic");
        assert_eq!(ledger.held(), 0);
    });
}

#[test]
fn a_broken_download_looks_complete_to_nobody() {
    in_many_orders(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, stream) = whole(&gates, &ledger);
        let early = Client::new(stream.reader());
        let writing = thread::spawn(move || {
            writer.push(b"ab").expect("kept");
            writer.push(b"c").expect("kept");
        });
        let door = gates.clone();
        let joining = thread::spawn(move || {
            let read = serve(&door, 1, vec![Client::new(stream.reader())]);
            assert!(
                stream.is_broken(),
                "who asks next would join what is broken"
            );
            read
        });
        let broken = (b"abc".to_vec(), Some(Ending::Broken));
        let early = serve(&gates, 0, vec![early]);
        let joined = joining.join().expect("no panic");
        assert_eq!([early, joined], [[broken.clone()], [broken]]);
        writing.join().expect("no panic");
        assert_eq!(ledger.held(), 0);
    });
}

#[test]
fn a_window_is_never_exceeded_and_never_stuck() {
    in_many_orders(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, reader) = window(2, &gates, &ledger);
        let counted = ledger.clone();
        let writing = thread::spawn(move || {
            for piece in [b"ab", b"cd", b"ef", b"gh"] {
                writer.push(piece).expect("the reader stays");
                assert!(
                    counted.held() <= 2 * Chunk::cost(2),
                    "a window and a piece: {}",
                    counted.held()
                );
            }
            writer.finish();
        });
        assert_eq!(
            serve(&gates, 0, vec![Client::new(reader)]),
            [all_of(b"abcdefgh")]
        );
        writing.join().expect("no panic");
        assert_eq!(ledger.held(), 0);
    });
}

#[test]
fn a_writer_whose_reader_leaves_is_told_so() {
    for patience in [1, 2, 3] {
        in_many_orders(move || {
            let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
            let (mut writer, reader) = window(2, &gates, &ledger);
            let writing = thread::spawn(move || {
                let pieces = [b"ab", b"cd", b"ef", b"gh", b"ij"];
                pieces.iter().try_for_each(|piece| writer.push(*piece))
            });
            let client = Client::leaving_after(patience, reader);
            let expected = (b"abcd"[..patience].to_vec(), None);
            assert_eq!(serve(&gates, 0, vec![client]), [expected]);
            assert_eq!(
                writing.join().expect("no panic"),
                Err(WriteError::Abandoned)
            );
            assert_eq!(ledger.held(), 0);
        });
    }
}

/// A download that outgrows the cache: the stream goes, some readers leave, and the slowest one sets the pace.
#[test]
fn a_file_that_grows_too_big_goes_on_for_who_stays() {
    in_many_orders(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, stream) = whole(&gates, &ledger);
        let early = early(&stream);
        let counted = ledger.clone();
        let writing = thread::spawn(move || {
            writer.push(b"ab").expect("kept");
            writer.stop_keeping(2, counted.clone());
            for piece in [b"cd", b"ef", b"gh"] {
                writer.push(piece).expect("somebody stays");
                assert!(
                    counted.held() <= 2 * Chunk::cost(2),
                    "a window and a piece: {}",
                    counted.held()
                );
            }
            assert!(writer.seal(b"", None).is_none(), "a window keeps nothing");
            writer.finish();
        });
        let door = gates.clone();
        let joining = thread::spawn(move || {
            let client = Client::leaving_after(1, stream.reader());
            drop(stream);
            serve(&door, 1, vec![client])
        });
        let read = serve(&gates, 0, early);
        assert_eq!(read, [all_of(b"abcdefgh"), (b"abc".to_vec(), None)]);
        assert_eq!(joining.join().expect("no panic"), [(b"a".to_vec(), None)]);
        writing.join().expect("no panic");
        assert_eq!(ledger.held(), 0);
    });
}

/// The same when nobody reads: as long as the stream is there somebody may come, and then nobody can.
#[test]
fn a_file_that_grows_too_big_for_nobody_ends() {
    in_every_order(|| {
        let (gates, ledger) = (Arc::new(Gates::default()), Ledger::default());
        let (mut writer, stream) = whole(&gates, &ledger);
        writer.stop_keeping(0, ledger.clone());
        writer.push(b"a").expect("somebody may come");
        let leaving = thread::spawn(move || drop(stream));
        let pushed = writer.push(b"b").and_then(|()| writer.push(b"c"));
        assert_eq!(pushed, Err(WriteError::Abandoned));
        leaving.join().expect("no panic");
        drop(writer);
        assert_eq!(ledger.held(), 0);
    });
}
