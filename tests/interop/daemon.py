# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the real tonghop-aggregator on a store of its own. Only its own processes."""

import ctypes
import pathlib
import signal
import socket
import subprocess
import time

START_SECONDS = 20
STOP_SECONDS = 20
COMMAND_SECONDS = 60
PR_SET_PDEATHSIG = 1


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    def __init__(self, program, folder):
        self.program = str(program)
        self.store = pathlib.Path(folder) / "store"
        self.log = pathlib.Path(folder) / "aggregator.log"
        self.address, self.publish = free_address(), free_address()
        self.process = None

    def command(self, verb, *arguments, expect=0):
        """Runs `tonghop-aggregator VERB STORE ARGUMENTS…`; returns what it printed."""
        done = subprocess.run(
            [self.program, verb, str(self.store), *map(str, arguments)], timeout=COMMAND_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
            preexec_fn=die_with_parent)
        if (done.returncode == 0) != (expect == 0):
            raise AssertionError(f"{verb}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *options):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", str(self.store), "--listen", self.address,
                 "--publish", self.publish, *options], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=die_with_parent)
        port = int(self.address.rsplit(":", 1)[1])
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"run: exit {self.process.returncode}\n{self.output()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"run: does not listen after {START_SECONDS} s\n{self.output()}")

    def stop(self):
        """SIGTERM, then SIGKILL; returns the exit code."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
        return process.returncode

    def output(self):
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
