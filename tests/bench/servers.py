# SPDX-License-Identifier: Apache-2.0
"""Servers of peers: each with its files in the scratch folder, reached through a Unix socket or
loopback, started on entry, ended on exit, and gone with the benchmark whatever ends that."""

import json
import pathlib
import shutil
import subprocess
import time

from place import Wrong, die_with_parent

NATS, REDIS = pathlib.Path("/usr/sbin/nats-server"), pathlib.Path("/usr/bin/redis-server")
START_SECONDS = 30


class Server:
    """`command()` gives the words to run; `is_up()` is asked until it says so."""

    name = ""

    def __init__(self, place):
        self.place, self.folder, self.process = place, place.empty(self.name), None

    def __enter__(self):
        try:
            with open(self.folder / "output", "wb") as output:
                self.process = subprocess.Popen(
                    [str(word) for word in self.command()], cwd=self.folder, stdout=output,
                    stderr=output, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
            self.place.processes.append(self.process)
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        until = time.monotonic() + START_SECONDS
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > until:
                said = (self.folder / "output").read_text(errors="replace")[-400:]
                raise Wrong(f"{self.name} does not start: {said}")
            time.sleep(0.02)

    def __exit__(self, *ignored):
        """What it keeps is thrown away: it needs no time to put that in order."""
        if self.process is not None:
            self.place.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Server):
    name = "redis"

    def __init__(self, place):
        super().__init__(place)
        self.socket = pathlib.Path(place.short) / "redis"

    def command(self):
        return [REDIS, "--port", 0, "--unixsocket", self.socket, "--dir", self.folder,
                "--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                "--auto-aof-rewrite-percentage", 0]

    def is_up(self):
        return self.socket.exists()

    def __exit__(self, *ignored):
        super().__exit__()
        self.socket.unlink(missing_ok=True)


class Nats(Server):
    name = "nats"

    def command(self):
        config = self.folder / "nats.conf"
        config.write_text(f'listen: "127.0.0.1:-1"\nports_file_dir: "{self.folder}"\n'
                          f'jetstream {{ store_dir: "{self.folder}", max_file_store: 64GB }}\n')
        return [NATS, "-c", config]

    def is_up(self):
        for path in self.folder.glob("*.ports"):
            try:
                self.url = json.loads(path.read_text())["nats"][0]
            except ValueError:  # not written to its end
                continue
            return True
        return False
