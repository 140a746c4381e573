//! A client made of one socket, with TLS on it if wanted: it sends exactly what it is told and reads exactly what comes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustls::ClientConnection;
use socket2::{Domain, SockRef, Socket, Type};

use super::PATIENCE;

/// One connection.
pub struct Client {
    pub socket: TcpStream,
    /// `None`: the bytes of HTTP are those of the socket.
    pub tls: Option<Box<ClientConnection>>,
    /// What was read beyond the last response.
    ahead: Vec<u8>,
    /// Whether the other side ended the connection by a reset, or without the farewell of TLS, and not in order.
    pub reset: bool,
}

/// One complete response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// Status line and fields as they came.
    pub head: String,
    pub body: Vec<u8>,
    /// Whether the body is as long as was said. A body cut short is no response to trust.
    pub complete: bool,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).expect("the proxy listens"))
    }

    /// The same where nobody may be listening.
    pub fn try_connect(address: SocketAddr) -> io::Result<Client> {
        TcpStream::connect(address).map(Client::over)
    }

    /// The same from another loopback address, which the proxy takes for another client.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> Client {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .bind(&SocketAddr::from((source, 0)).into())
            .expect("a loopback address");
        socket.connect(&address.into()).expect("the proxy listens");
        Client::over(socket.into())
    }

    /// A client that goes on with a connection.
    pub fn over(socket: TcpStream) -> Client {
        socket.set_nonblocking(false).expect("a socket");
        socket.set_nodelay(true).expect("a TCP socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Client {
            socket,
            tls: None,
            ahead: Vec::new(),
            reset: false,
        }
    }

    /// Speaks TLS from now on. The handshake goes along with what is sent and read.
    pub fn over_tls(mut self, tls: ClientConnection) -> Client {
        self.tls = Some(Box::new(tls));
        self
    }

    /// Sends these bytes and nothing else.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Client {
        self.write_all(bytes.as_ref()).expect("the proxy reads");
        self
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            None => self.socket.write_all(bytes),
            Some(tls) => {
                let mut stream = rustls::Stream::new(&mut **tls, &mut self.socket);
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    /// Sends these bytes as far as the proxy takes them; `false` if it closed the connection meanwhile.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        match self.write_all(bytes.as_ref()) {
            Ok(()) => true,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock) => {
                panic!("nothing was taken for {PATIENCE:?}")
            }
            Err(_) => false,
        }
    }

    /// GET with nothing but what HTTP/1.1 wants.
    pub fn get(&mut self, target: &str) -> Response {
        self.ask("GET", target, &[])
    }

    /// Sends a request with these fields and reads its response.
    pub fn ask(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> Response {
        self.request(method, target, fields);
        self.response(method == "HEAD")
    }

    /// Sends a request with these fields.
    pub fn request(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> &mut Client {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.send(head + "\r\n")
    }

    /// Reads one response; `bodiless` after HEAD.
    pub fn response(&mut self, bodiless: bool) -> Response {
        let head = self.head();
        self.body(head, bodiless)
    }

    /// Reads a response head, empty line included.
    pub fn head(&mut self) -> String {
        match self.head_or_end() {
            Some(head) => head,
            None => panic!(
                "the connection ended in a head: {:?}",
                String::from_utf8_lossy(&self.ahead)
            ),
        }
    }

    /// Reads a response head; `None` if the connection ends before.
    pub fn head_or_end(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
                return Some(String::from_utf8(head).expect("a head is text"));
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Reads the body that belongs to `head`.
    pub fn body(&mut self, head: String, bodiless: bool) -> Response {
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status line");
        let field = |name: &str| field(&head, name).map(str::to_owned);
        let (body, complete) = if bodiless || status == 304 || status == 204 {
            (Vec::new(), true)
        } else if let Some(length) = field("Content-Length") {
            self.exactly(length.parse().expect("a number"))
        } else if field("Transfer-Encoding").as_deref() == Some("chunked") {
            self.chunks()
        } else {
            let rest = self.rest();
            (rest, !self.reset) // only an end in order says that this is all
        };
        Response {
            status,
            head,
            body,
            complete,
        }
    }

    /// Reads until the connection ends, in whatever way.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.ahead)
    }

    /// Reads this many bytes, fewer only if the connection ends.
    pub fn exactly(&mut self, count: usize) -> (Vec<u8>, bool) {
        while self.ahead.len() < count && self.more() {}
        let count_read = count.min(self.ahead.len());
        (
            self.ahead.drain(..count_read).collect(),
            count_read == count,
        )
    }

    /// Whether the other side has closed, and nothing was left unread.
    pub fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && !self.more()
    }

    /// Whether the other side has ended the connection in good order: `false` after a reset.
    ///
    /// # Panics
    /// If it has sent something else instead.
    pub fn ends_well(&mut self) -> bool {
        assert!(self.ahead.is_empty(), "unread: {:?}", self.ahead);
        match self.read(&mut [0; 1]) {
            Ok(0) => true,
            Ok(_) => panic!("there was more"),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
                ) =>
            {
                false
            }
            Err(error) => panic!("the connection stayed open for {PATIENCE:?}: {error}"),
        }
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        SockRef::from(&self.socket)
            .set_linger(Some(Duration::ZERO))
            .expect("a TCP socket");
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            while tls.wants_write() {
                tls.write_tls(&mut self.socket).expect("the proxy reads");
            }
        }
        self.socket
            .shutdown(Shutdown::Write)
            .expect("an open socket");
    }

    fn chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        loop {
            let Some(line) = self.line() else {
                return (body, false);
            };
            let size = usize::from_str_radix(&line, 16).expect("a chunk size");
            let (chunk, whole) = self.exactly(size);
            body.extend(chunk);
            if !whole || self.line().as_deref() != Some("") {
                return (body, false);
            }
            if size == 0 {
                return (body, true);
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n") {
                let line = self.ahead.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).expect("text"));
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// One read. A process that was stopped and goes on finds its reads interrupted, which says nothing of the proxy.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.tls {
                None => self.socket.read(buffer),
                Some(tls) => read_inside(tls, &mut self.socket, buffer),
            };
            match read {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Reads what comes next; `false` at the end of the connection, clean or not.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.ahead.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
                ) =>
            {
                self.reset = true;
                false
            }
            Err(error) => panic!("nothing came for {PATIENCE:?}: {error}"),
        }
    }
}

impl Response {
    /// The value of a header field; `None` if it is not there.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// Status line and sorted header fields, one per line, without `Date`, which is checked on its own.
    pub fn sorted_head(&self) -> String {
        let mut lines = self.head.trim_end().split("\r\n");
        let status = lines.next().expect("a status line");
        let (dates, mut fields): (Vec<&str>, Vec<&str>) =
            lines.partition(|line| line.starts_with("Date: "));
        let [date] = dates[..] else {
            panic!("not exactly one Date: {dates:?}")
        };
        let date = httpdate::parse_http_date(&date["Date: ".len()..]).expect("an HTTP date");
        let off = std::time::SystemTime::now()
            .duration_since(date)
            .expect("not in the future");
        assert!(off < 2 * PATIENCE, "Date is {off:?} off");
        fields.sort_unstable();
        format!("{status}\n{}\n", fields.join("\n"))
    }
}

/// One read of what is inside of TLS. What could not be sent any more does not hide what has arrived.
fn read_inside(
    tls: &mut ClientConnection,
    socket: &mut TcpStream,
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
        while tls.wants_write() && tls.write_tls(socket).is_ok() {}
        tls.read_tls(socket)?;
        tls.process_new_packets().map_err(io::Error::other)?;
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").skip(1);
    lines.find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
