//! Streams: joining, waiting, ending, and bounded memory.

use super::super::chunk::Chunk;
use super::super::ledger::Ledger;
use super::super::reader::Peek;
use super::super::writer::{WriteError, Writer};
use super::*;
use crossbeam_channel::{Receiver, unbounded};

struct Chime(Sender<u32>);

impl Bell for Chime {
    fn ring(&self, gates: u32, _stream: StreamId) {
        let _ = self.0.send(gates);
    }
}

fn bell() -> (Arc<dyn Bell>, Receiver<u32>) {
    let (sender, rung) = unbounded();
    (Arc::new(Chime(sender)), rung)
}

fn read_all(reader: &mut Reader) -> (Vec<u8>, Option<Ending>) {
    let mut bytes = Vec::new();
    loop {
        let count = match reader.peek() {
            Peek::Bytes(slice) => {
                bytes.extend_from_slice(slice);
                slice.len()
            }
            Peek::Nothing => return (bytes, None),
            Peek::Ended(ending) => return (bytes, Some(ending)),
        };
        reader.advance(count);
    }
}

#[test]
fn readers_see_every_byte_whenever_they_join() {
    let (bell, _) = bell();
    let (mut writer, stream) = Writer::whole(Some(6), bell, Ledger::default());
    let mut early = stream.reader();
    writer.push(b"abc").expect("kept");
    assert_eq!(read_all(&mut early), (b"abc".to_vec(), None));
    writer.push(b"def").expect("kept");
    let mut late = stream.reader();
    let body = writer.seal(b"", None).expect("kept whole");
    writer.finish();
    assert!(!stream.is_broken());
    assert_eq!(
        read_all(&mut early),
        (b"def".to_vec(), Some(Ending::Complete))
    );
    assert_eq!(
        read_all(&mut late),
        (b"abcdef".to_vec(), Some(Ending::Complete))
    );
    assert_eq!(body.len(), 6);
}

#[test]
fn sealed_bytes_are_in_the_body_before_any_reader_has_them() {
    let (bell, _) = bell();
    let (mut writer, stream) = Writer::whole(Some(6), bell, Ledger::default());
    let mut reader = stream.reader();
    writer.push(b"abc").expect("kept");
    assert_eq!(writer.seal(b"def", None).expect("kept whole").len(), 6);
    assert_eq!(read_all(&mut reader), (b"abc".to_vec(), None));
    writer.finish();
    assert_eq!(
        read_all(&mut reader),
        (b"def".to_vec(), Some(Ending::Complete))
    );
}

#[test]
fn a_dropped_writer_never_looks_like_a_clean_end() {
    let (bell, rung) = bell();
    let (mut writer, stream) = Writer::whole(None, bell, Ledger::default());
    let mut reader = stream.reader();
    writer.push(b"abc").expect("kept");
    reader.advance(3);
    assert!(reader.must_wait(2));
    assert!(!stream.is_broken());
    drop(writer);
    assert!(stream.is_broken());
    assert_eq!(rung.try_recv(), Ok(0b100));
    assert_eq!(reader.peek(), Peek::Ended(Ending::Broken));
}

#[test]
fn the_bell_rings_once_for_who_asked_and_not_for_others() {
    let (bell, rung) = bell();
    let (mut writer, stream) = Writer::whole(None, bell, Ledger::default());
    let reader = stream.reader();
    assert!(reader.must_wait(0));
    assert!(reader.must_wait(3));
    writer.push(b"a").expect("kept");
    writer.push(b"b").expect("kept");
    assert_eq!(rung.try_iter().collect::<Vec<_>>(), [0b1001]);
    assert!(!reader.must_wait(0), "bytes are there: no need to wait");
}

#[test]
fn a_window_holds_the_writer_back_and_frees_what_was_read() {
    let ledger = Ledger::default();
    let (bell, _) = bell();
    let cost = Chunk::cost(10);
    let (mut writer, mut reader) = Writer::window(None, cost, bell, ledger.clone());
    let (sent, progress) = unbounded();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..100 {
                writer.push(&[7; 10]).expect("the reader stays");
                let _ = sent.send(());
            }
            assert!(writer.seal(b"", None).is_none(), "a window keeps nothing");
            writer.finish();
        });
        let mut read = 0;
        while read < 1000 {
            let _ = progress.recv();
            assert!(ledger.held() <= 3 * cost, "held {} bytes", ledger.held());
            let (bytes, _) = read_all(&mut reader);
            read += bytes.len();
        }
    });
    assert_eq!(read_all(&mut reader).1, Some(Ending::Complete));
    drop(reader);
    assert_eq!(ledger.held(), 0);
}

#[test]
fn a_writer_without_readers_is_told_so() {
    let (bell, _) = bell();
    let (mut writer, reader) = Writer::window(None, 10, bell, Ledger::default());
    writer
        .push(&[0; 100])
        .expect("one push beyond the window is allowed");
    std::thread::scope(|scope| {
        let blocked = scope.spawn(move || writer.push(&[0; 1]));
        drop(reader);
        assert_eq!(
            blocked.join().expect("no panic"),
            Err(WriteError::Abandoned)
        );
    });
}

#[test]
fn a_writer_goes_on_while_readers_may_yet_come() {
    let (bell, _) = bell();
    let (mut writer, stream) = Writer::whole(None, bell, Ledger::default());
    writer.stop_keeping(10, Ledger::default());
    writer.push(b"abc").expect("somebody may come");
    let mut reader = stream.reader();
    drop(stream);
    assert_eq!(read_all(&mut reader), (b"abc".to_vec(), None));
    writer.push(b"def").expect("somebody reads");
    drop(reader);
    assert_eq!(writer.push(b"ghi"), Err(WriteError::Abandoned));
}

#[test]
fn a_million_chunks_are_freed_without_recursion() {
    let ledger = Ledger::default();
    let (bell, _) = bell();
    let (mut writer, stream) = Writer::whole(None, bell, ledger.clone());
    for _ in 0..1_000_000 {
        writer.push(b"x").expect("kept");
    }
    drop(writer);
    drop(stream);
    assert_eq!(ledger.held(), 0);
}
