//! A stand-in for the service manager: it hands over descriptors, listens to what it is told, and keeps what it is given.

use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt::socket_acceptconn,
};

use super::PATIENCE;
use super::binary::{self, Binary, Settings};

/// The name under which the program stores its listening socket.
pub const LISTEN: &str = "listen";

/// What ends the thread that listens.
const END: &[u8] = b"the test is over";

/// One manager, for one service. It is told things until it is dropped.
pub struct ServiceManager {
    path: PathBuf,
    messages: Receiver<Message>,
    listener: Option<JoinHandle<()>>,
    /// What it was told so far, each as it came.
    pub heard: Vec<String>,
    /// What it keeps, by its name.
    pub stored: Vec<(String, OwnedFd)>,
}

/// What came in one datagram.
struct Message {
    text: String,
    descriptors: Vec<OwnedFd>,
}

/// What a start hands over.
pub struct Handed<'a> {
    /// What the shell's stdin is before the descriptors are made of it.
    pub stdin: Option<OwnedFd>,
    /// How they are, in the words of the shell, from descriptor 3 on.
    pub redirections: &'a [&'a str],
    /// Their names, with colons between.
    pub names: &'a str,
}

impl ServiceManager {
    /// One that listens.
    pub fn start() -> ServiceManager {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("manager-of-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path); // of another run
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let (sender, messages) = unbounded();
        let listener = std::thread::spawn(move || listen(&socket, &sender));
        ServiceManager {
            path,
            messages,
            listener: Some(listener),
            heard: Vec::new(),
            stored: Vec::new(),
        }
    }

    /// Settings of a service that this one manages, and wants a sign of life from within `watchdog`.
    pub fn manage(&self, settings: &Settings, watchdog: Option<Duration>) -> Settings {
        let mut settings = settings.clone();
        let path = self.path.to_str().expect("a path of text");
        settings.insert("NOTIFY_SOCKET".into(), path.into());
        if let Some(watchdog) = watchdog {
            settings.insert("WATCHDOG_USEC".into(), watchdog.as_micros().to_string());
        }
        settings
    }

    /// Starts the program with the socket that is stored, if there is one, and waits until it is ready.
    pub fn serve(&mut self, settings: &Settings) -> (Binary, SocketAddr) {
        let mut binary = match self.stored.last() {
            None => Binary::start(&["serve"], &self.manage(settings, None)),
            Some((name, stored)) => {
                let stdin = stored.try_clone().expect("a descriptor is left");
                let handed = Handed {
                    stdin: Some(stdin),
                    redirections: &["3<&0"],
                    names: name,
                };
                start(&self.manage(settings, None), handed)
            }
        };
        let address = binary.address(); // which shows the log if there is none
        self.hear("READY=1");
        (binary, address)
    }

    /// The address of the socket that is stored.
    #[track_caller]
    pub fn stored_address(&self) -> SocketAddr {
        let [(name, stored)] = &self.stored[..] else {
            panic!("not exactly one is stored: {:?}", self.stored);
        };
        assert!(
            socket_acceptconn(stored).is_ok_and(|it| it),
            "it does not listen"
        );
        assert_eq!(name, LISTEN);
        let stored = TcpListener::from(stored.try_clone().expect("a descriptor is left"));
        stored.local_addr().expect("it is bound")
    }

    /// Waits for a message with a line that begins like this, behind those that were heard, and returns the message.
    #[track_caller]
    pub fn hear(&mut self, line: &str) -> String {
        match self.hear_within(line, PATIENCE) {
            Some(message) => message,
            None => panic!("no {line} for {PATIENCE:?}: {:#?}", self.heard),
        }
    }

    /// The same; `None` if there is none for so long.
    pub fn hear_within(&mut self, line: &str, time: Duration) -> Option<String> {
        let until = Instant::now() + time;
        loop {
            let message = self.messages.recv_deadline(until).ok()?;
            let text = self.keep(message);
            if text.lines().any(|it| it.starts_with(line)) {
                return Some(text);
            }
        }
    }

    /// Does what the message says, as far as descriptors go.
    fn keep(&mut self, Message { text, descriptors }: Message) -> String {
        let field = |name: &str| {
            let values = text.lines().filter_map(|line| line.split_once('='));
            let mut values = values.filter(|(known, _)| *known == name);
            values.next().map(|(_, value)| value.to_owned())
        };
        let name = field("FDNAME").unwrap_or_default();
        if field("FDSTOREREMOVE").is_some() {
            self.stored.retain(|(known, _)| *known != name);
        }
        if field("FDSTORE").is_some() {
            let stored = descriptors.into_iter().map(|it| (name.clone(), it));
            self.stored.extend(stored);
        }
        self.heard.push(text.clone());
        text
    }
}

impl Drop for ServiceManager {
    fn drop(&mut self) {
        let own = UnixDatagram::unbound().expect("a socket");
        own.send_to(END, &self.path).expect("its thread listens");
        if let Some(listener) = self.listener.take() {
            let _ = listener.join(); // its panic has failed the test already
        }
        let _ = fs::remove_file(&self.path); // nobody else has it
    }
}

/// Starts the program with these descriptors.
pub fn start(settings: &Settings, handed: Handed<'_>) -> Binary {
    start_as("$$", settings, handed)
}

/// The same for a process whose number the shell says.
pub fn start_as(process: &str, settings: &Settings, handed: Handed<'_>) -> Binary {
    let Handed {
        stdin,
        redirections,
        names,
    } = handed;
    let (count, redirections) = (redirections.len(), redirections.join(" "));
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "exec {redirections} 0</dev/null && \
             export LISTEN_PID={process} LISTEN_FDS={count} LISTEN_FDNAMES={names} && exec \"$0\" serve"
        ))
        .arg(binary::path());
    let stdin = stdin.map_or_else(Stdio::null, Stdio::from);
    Binary::spawn_with(command, settings, false, stdin)
}

fn listen(socket: &UnixDatagram, messages: &Sender<Message>) {
    let mut text = [0; 4096];
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut text)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = recvmsg(socket.as_fd(), &mut slices, &mut ancillary, flags);
        let bytes = match got {
            Ok(got) => got.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => panic!("a message cannot be heard: {error}"),
        };
        if text[..bytes] == *END {
            return;
        }
        let rights = ancillary.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let descriptors = rights.flatten().collect();
        let text = String::from_utf8(text[..bytes].to_vec()).expect("a message is text");
        let _ = messages.send(Message { text, descriptors }); // the test has enough
    }
}
