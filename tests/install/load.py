"""Clients that ask for pictures without a pause, and tell every answer that is not whole and right.

    load.py PORT FILE PROGRESS

Half of them keep their connections, half make a new one for each request. FILE is what each picture must be. PROGRESS is
replaced every tenth of a second by the counts so far. Ends on SIGTERM, with the counts on standard output:

    ok=N refused=N cut=N wrong=N other=N slowest=Ns

refused: nobody listens. cut: the connection ended, or nothing came for 20 seconds, before the answer was whole. wrong:
other bytes. other: another status than 200.
"""

import os
import signal
import socket
import sys
import threading
import time

KEEPING = 4
FRESH = 4
NAMES = 10
PAUSE_SECONDS = 0.005  # leaves some of the processor to the one who is tested

port = int(sys.argv[1])
with open(sys.argv[2], "rb") as file:
    picture = file.read()
progress = sys.argv[3]

lock = threading.Lock()
counts = dict.fromkeys(("ok", "refused", "cut", "wrong", "other"), 0)
slowest = 0.0
over = threading.Event()


class Cut(Exception):
    """The connection ended before the answer did."""


class Client:
    def __init__(self, keeps):
        self.keeps = keeps
        self.stream = None

    def ask(self, name):
        """Asks for one picture and tells what came of it."""
        try:
            if self.stream is None:
                self.stream = socket.create_connection(("127.0.0.1", port), 20)
            connection = "keep-alive" if self.keeps else "close"
            head = f"GET /proxy/7/{name}.png HTTP/1.1\r\nHost: load\r\nConnection: {connection}\r\n\r\n"
            self.stream.sendall(head.encode())
            return self.answer()
        except ConnectionRefusedError:
            self.leave()
            return "refused"
        except (OSError, Cut):
            self.leave()
            return "cut"

    def answer(self):
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.read()
        head, _, body = text.partition(b"\r\n\r\n")
        lines = head.decode("latin1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        while len(body) < int(fields["content-length"]):
            body += self.read()
        if not self.keeps or fields.get("connection") == "close":
            self.leave()
        if not lines[0].startswith("http/1.1 200 "):
            return "other"
        return "ok" if body == picture else "wrong"

    def read(self):
        piece = self.stream.recv(1 << 16)
        if not piece:
            raise Cut
        return piece

    def leave(self):
        if self.stream is not None:
            self.stream.close()
        self.stream = None


def run(client):
    global slowest
    number = 0
    while not over.is_set():
        start = time.monotonic()
        what = client.ask(number % NAMES)
        took = time.monotonic() - start
        number += 1
        with lock:
            counts[what] += 1
            slowest = max(slowest, took)
        over.wait(PAUSE_SECONDS)


def text():
    with lock:
        return " ".join(f"{what}={count}" for what, count in counts.items()) + f" slowest={slowest:.2f}s"


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # asked for below, and never in the middle of anything
clients = [threading.Thread(target=run, args=(Client(number < KEEPING),)) for number in range(KEEPING + FRESH)]
for client in clients:
    client.start()
while signal.sigtimedwait({signal.SIGTERM}, 0.1) is None:
    with open(progress + ".new", "w") as file:
        file.write(text())
    os.replace(progress + ".new", progress)
over.set()
for client in clients:
    client.join()
print(text())
