#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, refuses, was cut or has rotted: what the real programs say and keep.

Exit 0: everything holds; 1: something does not. What needs root is left out with a line.
"""

import argparse
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from checker import Book, check_all, values_of
from province import NOW, OBLIGATION, PERIOD, PLAN, ROOT, Province

UNITS = 4
MIB = 1 << 20
EX_DATAERR, EX_SOFTWARE, EX_TEMPFAIL = 65, 70, 75
GATE_WIDE, GATE_CLOSED = "2g", "900m"  # the store keeps 1 GiB of its disk free
PREFIX_REPORT, PREFIX_REVISION, PREFIX_ROLLUP = 0x20, 0x21, 0x22
FLIPS_PER_TABLE = 6


def same(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def ask(program, folder, verb, *arguments):
    """A read command: (exit code or -signal, stdout, stderr)."""
    done = subprocess.run(
        [program, verb, str(folder), "--plan", PLAN, "--obligation", OBLIGATION, "--json",
         *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


class Disk:
    """A province whose store lies on a disk of its own, if that is possible."""

    def __init__(self, folder, bin_folder):
        self.province = Province(folder, bin_folder, "disk", UNITS)
        self.program = self.province.daemon.program
        self.book = None

    def found(self):
        self.province.found()
        self.book = Book(self.province.ask("rollup")["position"])

    def submit(self, unit):
        forms = self.book.queued.setdefault(unit, {})
        revision, form = max(forms, default=0) + 1, self.province.write_form(unit)
        self.province.submit(unit, form, revision)
        forms[revision] = form

    def states(self, unit):
        return [item["state"] for item in self.province.items(unit)]

    def check(self):
        found = check_all(self.province, self.book)
        if found:
            raise AssertionError("\n  ".join(found))


def wait_for(condition, what, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not after {seconds} s: {what}")
        time.sleep(0.1)


# ---- full ----

def mount(folder, options):
    """A tmpfs there, or with "remount,…" another size of it. False when that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tonghop-fault", str(folder)],
                          check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def full_disk_is_answered_busy_until_there_is_room(disk):
    province, unit = disk.province, disk.province.units[0]
    province.daemon.start()
    disk.submit(unit)
    province.deliver([unit])
    if not mount(province.daemon.store.parent, f"remount,size={GATE_CLOSED}"):
        raise AssertionError("the disk cannot be made small")
    disk.submit(unit)
    runner = province.start_node("run", province.home(unit), "--quiet")
    try:
        wait_for(lambda: province.items(unit)[1]["attempts"] > 0, "the report was sent")
        time.sleep(1)
        same(disk.states(unit), ["received", "sent"], "on a full disk")
        same(province.daemon.process.poll(), None, "the aggregator's end")
        same(province.ask("rollup")["counts"]["received"], 1, "received on a full disk")
        mount(province.daemon.store.parent, f"remount,size={GATE_WIDE}")
        wait_for(lambda: disk.states(unit) == ["received"] * 2, "delivered after room was made", 40)
    finally:
        runner.kill()
        runner.wait()
    disk.check()


def used_bytes(path):
    """Up to the last page, by LMDB's newer meta page: behind it the file has room for a burst."""
    with open(path, "rb") as file:
        metas = [struct.unpack_from("<QQ", file.read(4096), 136) for _ in range(2)]
    last_page, _ = max(metas, key=lambda meta: meta[1])
    return (last_page + 1) * 4096


def limit_of_the_file_ends_it_and_nothing_is_lost(disk):
    """EFBIG in the middle of a commit: exit 70, no receipt; after a restart all is there once."""
    province = disk.province
    units = province.units
    province.daemon.start()
    for unit in units:
        disk.submit(unit)
    size = used_bytes(province.daemon.store / "data.mdb")
    for room in (0, 1, 3):  # pages: from the first commit that grows the file to a later one
        pid = province.daemon.process.pid
        limit = size + room * 4096
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
        runner = province.start_node("run", *map(province.home, units), "--quiet")
        try:
            for _ in range(40):  # corrections until the file must grow
                if province.daemon.process.poll() is not None:
                    break
                disk.submit(units[room % UNITS])
                time.sleep(0.02)
            wait_for(lambda: province.daemon.process.poll() is not None, "it ended on EFBIG", 10)
            same(province.daemon.process.returncode, EX_SOFTWARE, "exit on EFBIG")
            if "không ghi được kho dữ liệu" not in province.daemon.output():
                raise AssertionError(f"no clear sentence: {province.daemon.output()}")
        finally:
            runner.kill()
            runner.wait()
        province.daemon.start()
        size = used_bytes(province.daemon.store / "data.mdb")
    province.deliver(units)
    disk.check()


def commands_on_a_disk_that_refuses_end_with_a_sentence(disk):
    """No file may grow: each command says so, is not killed by the signal, and changes nothing."""
    province = disk.province
    store, unit = province.daemon.store, province.units[0]
    form = province.write_form(unit)
    before = province.ask("rollup")
    commands = {
        "clock": [disk.program, "clock", str(store), "--to", "2025-05-08"],
        "revoke": [disk.program, "revoke", str(store), unit, str(province.home(unit) / "node.pub")],
        "enter": [disk.program, "enter", str(store), str(form), "--unit", unit, "--on-behalf",
                  "--operator", "Nguyễn Thị Hoa"],
        "submit": [province.node_program, "submit", str(province.home(unit)), str(form)]}
    for name, words in commands.items():
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False, preexec_fn=lambda: resource.setrlimit(
                                  resource.RLIMIT_FSIZE, (4096, 4096)))
        if done.returncode <= 0 or "lỗi:" not in done.stderr.decode():
            raise AssertionError(f"{name}: exit {done.returncode}, {done.stderr.decode()!r}")
    same(province.ask("rollup"), before, "the store after refused commands")
    same(province.items(unit), [], "the outbox after a refused submit")
    province.daemon.start()
    disk.submit(unit)
    province.deliver([unit])
    disk.check()


# ---- owned ----

def second_one_on_the_same_folder_names_the_first(disk):
    daemon = disk.province.daemon
    daemon.start()
    done = subprocess.run([disk.program, "run", str(daemon.store)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30, check=False)
    same(done.returncode, EX_TEMPFAIL, "exit of the second one")
    if f"tiến trình {daemon.process.pid} " not in done.stderr.decode():
        raise AssertionError(f"does not name {daemon.process.pid}: {done.stderr.decode()}")
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()  # the lock of a killed one is nobody's


# ---- cut and rotten ----

def filled(disk):
    province = disk.province
    province.daemon.start()
    for unit in province.units:
        disk.submit(unit)
    disk.submit(province.units[0])
    province.deliver(province.units)
    disk.check()
    same(province.daemon.stop(), 0, "exit on SIGTERM")
    return province.daemon.store / "data.mdb"


def refused(program, store, verb, *arguments):
    """Ends by itself with an exit code and a sentence about data.mdb, not by a signal."""
    code, out, err = ask(program, store, verb, *arguments) if verb != "run" else run(program, store)
    if code <= 0 or out or len(err.strip()) < 20:
        raise AssertionError(f"{verb}: exit {code}, says {out[:200]!r} {err[:300]!r}")
    return err


def run(program, store):
    done = subprocess.run([program, "run", str(store)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def cut_store_is_refused_with_a_sentence(disk):
    file = filled(disk)
    whole = file.read_bytes()
    store = file.parent
    # Pages behind the last row may be free: a file that ends before these is whole.
    last_row = max(at for _, at, _ in values_of(whole)) // 4096 * 4096
    for size in (last_row, len(whole) // 2, 8192, 5000, 4096, 100, 0):
        file.write_bytes(whole[:size])
        for verb in ("run", "rollup"):
            err = refused(disk.program, store, verb)
            if "data.mdb" not in err:
                raise AssertionError(f"cut to {size}: {verb} says {err}")
    file.write_bytes(whole)
    disk.province.daemon.start()
    disk.check()


def flips(province, whole):
    """(table, place, bit): some of each table, and in each row of reports and rollups one."""
    tables = {}
    for key, at, size in values_of(whole):
        tables.setdefault(key[0], []).append((at, size))
    choose = province.random
    for prefix, rows in tables.items():
        every = prefix in (PREFIX_REPORT, PREFIX_ROLLUP, PREFIX_REVISION)
        sample = rows if every else choose.choices(rows, k=FLIPS_PER_TABLE)
        for at, size in sample:
            yield prefix, at + choose.randrange(size), 1 << choose.randrange(8)


def flipped_byte_in_a_value_never_gives_another_number(disk):
    file = filled(disk)
    whole = file.read_bytes()
    store, unit = file.parent, disk.province.units[0]
    questions = [("rollup",), ("rollup", "--branch", "communes"), ("rollup", "--branch", "bodies"),
                 ("report", "--unit", unit), ("standing",), ("rollup", "--as-of", NOW)]
    right = [ask(disk.program, store, *question)[1] for question in questions]
    noticed = {}
    for prefix, place, bit in flips(disk.province, whole):
        rotten = bytearray(whole)
        rotten[place] ^= bit
        file.write_bytes(rotten)
        for question, answer in zip(questions, right):
            code, out, err = ask(disk.program, store, *question)
            if code == 0 and out == answer:
                continue  # not a value that this answer needs
            if code <= 0 or out or "khôi phục từ bản sao lưu" not in err:
                raise AssertionError(f"byte {place} of table {prefix:#x}: {question} gives exit"
                                     f" {code}, {out[:300]!r} {err[:300]!r}")
            noticed.setdefault(prefix, set()).add(question)
    for prefix, least in ((PREFIX_REPORT, 3), (PREFIX_ROLLUP, 3), (PREFIX_REVISION, 1)):
        if len(noticed.get(prefix, ())) < least:
            raise AssertionError(f"flips in table {prefix:#x}: noticed by {noticed.get(prefix)}")
    file.write_bytes(whole)
    disk.province.daemon.start()
    disk.check()


TESTS = (full_disk_is_answered_busy_until_there_is_room,
         limit_of_the_file_ends_it_and_nothing_is_lost,
         commands_on_a_disk_that_refuses_end_with_a_sentence,
         second_one_on_the_same_folder_names_the_first,
         cut_store_is_refused_with_a_sentence,
         flipped_byte_in_a_value_never_gives_another_number)


def play(test, bin_folder):
    """True when it holds. A disk of its own needs root."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tonghop-disk-") as folder:
        disk = Disk(folder, bin_folder)
        own_disk = pathlib.Path(folder) / "disk"
        is_mounted = False
        if test is full_disk_is_answered_busy_until_there_is_room:
            own_disk.mkdir()
            is_mounted = mount(own_disk, f"size={GATE_WIDE},mode=700")
            if is_mounted:
                disk.province.put_store(own_disk / "store")
            else:
                print(f"left out  {test.__name__}: mounting needs root")
                return True
        try:
            disk.found()
            test(disk)
            print(f"ok {time.monotonic() - begin:5.1f} s  {test.__name__}", flush=True)
            return True
        except Exception:  # every failure of one test, then the next one
            print(f"FAILED    {test.__name__}\n{traceback.format_exc()}"
                  f"{disk.province.daemon.output()}", flush=True)
            return False
        finally:
            disk.province.daemon.stop()
            if is_mounted:
                subprocess.run(["umount", str(own_disk)], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = [play(test, options.bin) for test in TESTS if options.only in test.__name__]
    return 0 if all(results) and results else 1


if __name__ == "__main__":
    sys.exit(main())
