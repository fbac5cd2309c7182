# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster of its own in a scratch folder, as someone who knows it would set it up.

fsync and synchronous_commit stay on; no TCP, only a Unix socket. The tables here do less than the
core and than tests/bench/postgres_same.py: reports are kept with their bytes under their natural
key, which is the dedupe: the same digest again is a duplicate, another one is wrong. The latest one
of each unit has its figures; rollups of sums and counts are moved by the difference. No rule,
standing, minimum, maximum or ratio, and no check that revisions do not skip.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import time

from place import PROGRAM_SECONDS, Wrong, die_with_parent

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
USER = "postgres"  # the program refuses to run as root
START_SECONDS, STOP_SECONDS, FIGURES = 60, 10, 20
SETTINGS = {
    "listen_addresses": "''", "shared_buffers": "2GB", "wal_level": "minimal",
    "max_wal_senders": "0", "fsync": "on", "synchronous_commit": "on",
    "wal_sync_method": "fdatasync", "max_wal_size": "8GB", "checkpoint_timeout": "1h",
    "wal_buffers": "64MB", "work_mem": "256MB", "temp_buffers": "256MB", "jit": "off",
    "max_connections": "100",
}


# What `recompute` calls the two columns.
NODE_NAMES = ("'O-' || lpad(obligation::text, 3, '0'), "
              "CASE node WHEN 0 THEN 'VN' ELSE 'P' || lpad((node - 1)::text, 2, '0') END")


def figures(pattern):
    return ", ".join(pattern.format(i=i) for i in range(FIGURES))


def schema():
    columns = figures("f{i} bigint")
    names = figures("f{i}")
    cells = figures("s{i} bigint NOT NULL, c{i} bigint NOT NULL")
    sums = figures("coalesce(sum(sign * f{i}), 0), coalesce(sum(sign) FILTER "
                   "(WHERE f{i} IS NOT NULL), 0)")
    plus = figures("s{i} = rollup.s{i} + excluded.s{i}, c{i} = rollup.c{i} + excluded.c{i}")
    set_latest = figures("f{i} = excluded.f{i}")
    moved = f"""
        INSERT INTO rollup
        SELECT obligation, node, sum(sign), {sums}
        FROM moves CROSS JOIN LATERAL (VALUES (0), (province)) nodes(node)
        GROUP BY obligation, node ORDER BY obligation, node
        ON CONFLICT (obligation, node) DO UPDATE SET
            received = rollup.received + excluded.received, {plus}"""
    chain = f"""
        newest AS (SELECT DISTINCT ON (obligation, unit) * FROM fresh
                   ORDER BY obligation, unit, revision DESC),
        before AS (SELECT l.* FROM latest l JOIN newest USING (obligation, unit)),
        kept AS (INSERT INTO latest SELECT * FROM newest
                 ON CONFLICT (obligation, unit) DO UPDATE SET revision = excluded.revision,
                 {set_latest}),
        moves AS (SELECT obligation, province, 1 AS sign, {names} FROM newest UNION ALL
                  SELECT obligation, province, -1, {names} FROM before)"""
    key = "obligation int, unit int, province int, revision int"
    natural = "obligation, unit, revision"
    array = ", ".join(f"a[{i + 1}]" for i in range(FIGURES))
    known = """(SELECT r.digest FROM report r WHERE r.obligation = k.obligation
                AND r.unit = k.unit AND r.revision = k.revision)"""
    return f"""
CREATE TABLE report({key}, digest bytea NOT NULL, raw bytea NOT NULL,
    PRIMARY KEY ({natural}));
ALTER TABLE report ALTER raw SET STORAGE PLAIN;
CREATE TABLE latest({key}, {columns}, PRIMARY KEY (obligation, unit)) WITH (fillfactor = 60);
CREATE TABLE rollup(obligation int, node int, received bigint, {cells},
    PRIMARY KEY (obligation, node)) WITH (fillfactor = 30);
CREATE TABLE stage_shape({key}, digest bytea, raw bytea, {columns});
CREATE FUNCTION take_stage(OUT accepted bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$ BEGIN
    WITH added AS (INSERT INTO report SELECT obligation, unit, province, revision, digest, raw
                   FROM stage ON CONFLICT DO NOTHING RETURNING {natural}, digest AS taken),
        sent AS (SELECT obligation, unit, province, revision, digest, taken, {names}
                 FROM stage LEFT JOIN added USING ({natural})),
        fresh AS (SELECT DISTINCT ON ({natural}) obligation, unit, province, revision, {names}
                  FROM sent WHERE digest = taken), {chain},
        rolled AS ({moved})
    SELECT (SELECT count(*) FROM added),
           (SELECT count(*) FROM sent k WHERE digest IS DISTINCT FROM coalesce(taken, {known}))
    INTO accepted, wrong;
END $$;
CREATE FUNCTION take_one(o int, u int, p int, r int, d bytea, b bytea, a bigint[],
    OUT accepted bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO report VALUES (o, u, p, r, d, b) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        accepted := 0;
        SELECT count(*) FROM report WHERE obligation = o AND unit = u AND revision = r
            AND digest <> d INTO wrong;
        RETURN;
    END IF;
    WITH fresh(obligation, unit, province, revision, {names}) AS
        (VALUES (o, u, p, r, {array})), {chain}
        {moved};
    accepted := 1;
    wrong := 0;
END $$;
"""


class Lean:
    """Tables and functions, and how the rollups are read. `form`: which of `recompute`."""

    form = "sums"

    def schema(self, place):
        return schema()

    def rollups(self, place):
        return (f"SELECT {NODE_NAMES}, received, {figures('s{i}, c{i}')} "
                "FROM rollup ORDER BY obligation, node;")


LEAN = Lean()


def end_session(process):
    """SIGTERM for all of it, so that a server frees its shared memory; then waits for all of it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_SECONDS
        try:
            os.killpg(process.pid, how)
            while time.monotonic() < until:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.02)
        except ProcessLookupError:
            return


class Cluster:
    """Started on entry, stopped on exit; every file below `folder`. Each starts from a copy of one
    cluster that has the tables and functions and nothing in them."""

    def __init__(self, place, tables):
        self.place = place
        self.tables = tables
        self.folder = place.empty("postgres")
        self.template = place.folder / f"postgres-{tables.form}"
        self.sockets = place.short
        self.user = USER if os.geteuid() == 0 else None
        self.process = None
        self.conninfo = f"host={self.sockets} dbname=postgres user=postgres"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def command(self, *words):
        """Runs it and what it starts, in a session of its own; nothing of that is left behind."""
        process = subprocess.Popen([str(word) for word in words], user=self.user, cwd="/",
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   preexec_fn=die_with_parent)
        try:
            said = process.communicate(timeout=START_SECONDS)[0]
        except BaseException:
            end_session(process)
            raise
        if process.returncode != 0:
            raise Wrong(f"{words[0]}: {said[-400:]}")
        return said

    def start(self):
        if self.user:
            for path in (self.folder, self.sockets):
                shutil.chown(path, self.user)
        if not self.template.exists():
            self.found()
            self.stop(signal.SIGINT)  # a fast shutdown: with a checkpoint
            (self.folder / "data").rename(self.template)
        self.command("cp", "-a", self.template, self.folder / "data")
        self.run()

    def found(self):
        self.command(BIN / "initdb", "-D", self.folder / "data", "-U", "postgres", "--no-sync",
                     "-E", "UTF8", "--locale", "C")
        self.run()
        self.sql(self.tables.schema(self.place))

    def run(self):
        words = [str(BIN / "postgres"), "-D", str(self.folder / "data"), "-k", self.sockets]
        for name, value in SETTINGS.items():
            words += ["-c", f"{name}={value.strip(chr(39))}"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(words, user=self.user, cwd="/", stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.place.processes.append(self.process)
        self.wait()

    def stop(self, how):
        self.process.send_signal(how)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        self.place.end(self.process)
        self.process = None

    def wait(self):
        for _ in range(START_SECONDS * 10):
            if self.process.poll() is not None:
                raise Wrong((self.folder / "log").read_text()[-400:])
            done = subprocess.run([str(BIN / "pg_isready"), "-q", "-h", self.sockets], check=False,
                                  timeout=START_SECONDS)
            if done.returncode == 0:
                return
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass
        raise Wrong("postgres does not start")

    def sql(self, text):
        done = subprocess.run([str(BIN / "psql"), "-qAtX", "-F", " ", "-v", "ON_ERROR_STOP=1",
                               self.conninfo], input=text, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PROGRAM_SECONDS)
        if done.returncode != 0:
            raise Wrong(f"psql: {done.stderr[-400:]}")
        return done.stdout

    def rollups(self):
        """In the form of `recompute`."""
        return self.sql(self.tables.rollups(self.place))

    def __exit__(self, *ignored):
        if self.process is not None:
            self.stop(signal.SIGQUIT)  # at once: what it keeps is thrown away
        shutil.rmtree(self.folder, ignore_errors=True)
