# SPDX-License-Identifier: Apache-2.0
"""A daemon with HTTP on a copy of a year's store, and requests to it that are written by hand."""
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time

OPEN_FILES = 8192

PLAN = "gialai-2025"
HALF, YEAR = "O-002-1", "O-002-2"
API = "/api/v1"
OBLIGATION = f"{API}/plans/{PLAN}/obligations/{HALF}"


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("utf-8").split("\r\n")
        self.code = int(lines[0].split(" ")[1]) if lines[0] else 0
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            assert name.lower() not in self.fields, f"doubled field: {name}"
            self.fields[name.lower()] = value

    def json(self):
        return json.loads(self.body)


class Case:
    """`year`: a folder that demo.py made. What it has is copied, never changed."""

    def __init__(self, bin_folder, year, root, config=""):
        self.aggregator = os.path.join(bin_folder, "tonghop-aggregator")
        self.node = os.path.join(bin_folder, "tonghop-node")
        self.root = root
        self.store = os.path.join(root, "aggregator")
        self.year = year
        self.process = None
        shutil.copytree(os.path.join(year, "aggregator"), self.store)
        self.configure(config)

    def configure(self, more):
        path = os.path.join(self.store, "config.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r'(?m)^(listen|publish): .*$', r'\1: "tcp://127.0.0.1:*"', text)
        text = re.sub(r"(?m)^http.*\n", "", text) + 'http: "127.0.0.1:*"\n' + more
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, files=None):
        """`files`: how many descriptors the process may have at most."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self.log = open(os.path.join(self.root, "log"), "w+b")
        self.process = subprocess.Popen([self.aggregator, "run", self.store],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log, preexec_fn=None if files is None else
                                        lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                   (files, files)))
        line = self.process.stdout.readline().decode("utf-8")
        found = re.search(r"nhận báo cáo ở (tcp://\S+), .*trang xem ở http://127.0.0.1:(\d+)/",
                          line)
        if found is None:
            self.log.seek(0)
            sys.exit(f"the daemon did not start: {line}{self.log.read().decode()}")
        self.listen, self.port = found[1], int(found[2])
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        code = self.process.wait(20)
        self.process.stdout.close()
        self.process = None
        self.log.seek(0)
        text = self.log.read().decode("utf-8")
        self.log.close()
        assert code == 0, (code, text)
        assert "Sanitizer" not in text and "runtime error" not in text, text

    # ---- requests ----

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, raw):
        """Everything that comes back on a connection of its own."""
        with self.connect() as sock:
            try:
                sock.sendall(raw)
            except OSError:
                pass  # refused before it was whole: the answer is there
            return Answer(self.read(sock))

    @staticmethod
    def read(sock):
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts)

    def get(self, path, method="GET", **fields):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        return self.send("\r\n".join(lines + ["", ""]).encode())

    def good(self, path, **fields):
        answer = self.get(path, **fields)
        assert answer.code == 200, (path, answer.code, answer.body[:400])
        return answer

    def ask(self, path):
        return self.good(path).json()

    # ---- commands ----

    def run(self, *words):
        done = subprocess.run([self.aggregator, *words], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def command(self, name, *options):
        return json.loads(self.run(name, self.store, "--plan", PLAN, "--obligation", HALF,
                                   "--json", *options))

    def home(self, unit):
        """A copy of a unit's node, which knows where this daemon listens."""
        home = os.path.join(self.root, f"node-{unit}")
        shutil.copytree(os.path.join(self.year, "nodes", unit), home)
        path = os.path.join(home, "node.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r'(?m)^address: .*$', f'address: "{self.listen}"', text))
        return home

    def submit(self, unit, change):
        """The unit's form of the half year, changed, as its next revision."""
        home = self.home(unit)
        form = os.path.join(self.root, f"{unit}.yaml")
        with open(os.path.join(self.year, "forms", f"2025-H1-{unit}-1.yaml"),
                  encoding="utf-8") as file:
            text = change(file.read())
        with open(form, "w", encoding="utf-8") as file:
            file.write(text)
        for words in (("submit", home, form, "--as-revision", "2"),
                      ("run", home, "--until-idle", "--timeout", "20", "--quiet")):
            done = subprocess.run([self.node, *words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, (words, done.stdout, done.stderr)


class Listener:
    """A stream of events, read as it comes."""

    def __init__(self, case, last_event=None):
        self.sock = case.connect()
        more = "" if last_event is None else f"Last-Event-ID: {last_event}\r\n"
        self.sock.sendall(f"GET {API}/events HTTP/1.1\r\nHost: localhost:{case.port}\r\n"
                          f"Accept: text/event-stream\r\n{more}\r\n".encode())
        self.file = self.sock.makefile("rb")
        self.fields = {}
        assert self.file.readline().startswith(b"HTTP/1.1 200 ")
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.fields[name.lower()] = value
        self.left = b""

    def line(self):
        """A line of the stream, out of its chunks."""
        while b"\n" not in self.left:
            size = int(self.file.readline().strip() or b"0", 16)
            if size == 0:
                raise EOFError
            self.left += self.file.read(size)
            self.file.readline()
        line, _, self.left = self.left.partition(b"\n")
        return line.decode()

    def event(self):
        """(name, data, id); comments are skipped."""
        name, data, number = None, None, None
        while True:
            line = self.line()
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line.startswith("id: "):
                number = int(line[4:])
            elif line == "" and name is not None:
                return name, data, number

    def group(self):
        """Events up to and with the one that carries the position."""
        events = [self.event()]
        while events[-1][2] is None:
            events.append(self.event())
        return events

    def close(self):
        self.file.close()
        self.sock.close()


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
