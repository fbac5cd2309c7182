#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One province in 2025, from the communes' forms to the province's totals, with the real programs.

A rehearsal store for Gia Lai; an aggregator; a node for each of the 240 reporting units, all over
CURVE connections on this machine's loopback. Figures are made up from a seed (figures.py). In the
end the totals are computed again from the submitted files (recompute.py) and compared.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from figures import Figures
from forms import FILL
from recompute import differences, read_catalogue

PLAN = "gialai-2025"
PROVINCE = "64"
HALF = {"period": "2025-H1", "obligation": "O-002-1", "due": "2025-05-10",
        "early": "2025-04-26T08:00", "rush": "2025-05-09T22:40", "late": "2025-05-12T09:15",
        "to": "2025-06-30"}
YEAR = {"period": "2025", "obligation": "O-002-2", "due": "2025-10-15",
        "early": "2025-10-01T08:00", "rush": "2025-10-14T23:10", "late": "2025-10-20T14:00",
        "to": "2025-12-15"}


class Failed(Exception):
    pass


class Screen:
    """Steps with their time; a counter that moves on a terminal."""

    def __init__(self):
        self.begin = time.monotonic()

    def step(self, text):
        print(f"[{time.monotonic() - self.begin:5.1f} s] {text}", flush=True)

    def count(self, what, done, total):
        if sys.stdout.isatty():
            end = "\n" if done == total else ""
            print(f"\r          {what}: {done}/{total} ", end=end, flush=True)


def run(*command, expect=0, text_input=None):
    """The output of a program of ours. Anything but the expected exit code ends the demo."""
    done = subprocess.run(command, capture_output=True, text=True, input=text_input, check=False)
    if done.returncode != expect:
        raise Failed(f"{' '.join(command)}\nmã thoát {done.returncode}, cần {expect}\n"
                     f"{done.stdout}{done.stderr}")
    return done.stdout


def free_ports():
    sockets = [socket.socket() for _ in range(2)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Demo:
    def __init__(self, root, bin_folder, seed):
        self.screen = Screen()
        self.root = root
        self.aggregator_bin = os.path.join(bin_folder, "tonghop-aggregator")
        self.node_bin = os.path.join(bin_folder, "tonghop-node")
        self.audit_bin = os.path.join(bin_folder, "tonghop-audit")
        self.store = os.path.join(root, "aggregator")
        self.nodes = os.path.join(root, "nodes")
        self.forms = os.path.join(root, "forms")
        self.seed = seed
        self.processes = []
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=4)
        self.figures = {}
        self.templates = {}
        self.accepted = {}
        self.in_time = {}  # period -> the files whose reports were there at the due instant
        self.moved = {}  # unit -> the folder of its new node

    def aggregator(self, command, *arguments, expect=0):
        return run(self.aggregator_bin, command, self.store, *arguments, expect=expect)

    def ask(self, command, period, *arguments):
        return json.loads(self.aggregator(command, "--plan", PLAN, "--period", period, "--json",
                                          *arguments))

    def home(self, unit):
        return os.path.join(self.nodes, self.moved.get(unit, unit))

    # ---- the province and its units ----

    def found(self):
        self.screen.step("Tạo kho diễn tập cho tỉnh Gia Lai năm 2025 (số liệu do máy bịa từ một hạt "
                         f"giống: {self.seed})")
        listen, publish = free_ports()
        run(self.aggregator_bin, "init", self.store, "--units", "plans/units/gialai-2024.csv",
            "--plan", "plans/gialai-2025.yaml", "--rehearsal",
            "--listen", f"tcp://127.0.0.1:{listen}", "--publish", f"tcp://127.0.0.1:{publish}",
            "--http", "127.0.0.1:*")
        self.start(self.aggregator_bin, "run", self.store, log="aggregator.log")
        self.wait_for_line("aggregator.log", "SẴN SÀNG")
        standing = self.ask("standing", HALF["period"])
        self.units = {line["unit"]: line for line in standing["units"]}
        self.screen.step(f"Máy chủ đã chạy; {len(self.units)} đơn vị phải báo cáo "
                         "(cả hai kỳ dùng một danh sách đơn vị: việc sắp xếp lại từ 01/7/2025 "
                         "chưa có trong bản này)")

    def start(self, *command, log):
        path = os.path.join(self.root, log)
        with open(path, "ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def wait_for_line(self, log, word, seconds=20):
        path = os.path.join(self.root, log)
        for _ in range(seconds * 20):
            with open(path, encoding="utf-8", errors="replace") as file:
                if word in file.read():
                    return
            if self.processes[-1].poll() is not None:
                break
            time.sleep(0.05)
        with open(path, encoding="utf-8", errors="replace") as file:
            raise Failed(f"{log} không có dòng “{word}”:\n{file.read()}")

    def page_address(self):
        with open(os.path.join(self.root, "aggregator.log"), encoding="utf-8") as log:
            [address] = re.findall(r"trang xem ở (http://\S+)", log.read())
        return address

    def enrol(self):
        self.screen.step("Mỗi đơn vị tạo nút và khóa của mình; tỉnh ghi danh một lượt")
        server = os.path.join(self.store, "server.yaml")
        self.each("nút", self.units, lambda unit: run(
            self.node_bin, "init", self.home(unit), "--unit", unit, "--server", server))
        pairs = [word for unit in self.units
                 for word in (unit, os.path.join(self.home(unit), "node.pub"))]
        self.aggregator("enroll", *pairs)

    def each(self, what, items, work):
        items = list(items)
        futures = [self.pool.submit(work, item) for item in items]
        for done, future in enumerate(futures, 1):
            future.result()
            self.screen.count(what, done, len(items))

    # ---- forms ----

    def template(self, unit, kind, when):
        is_commune = self.units[unit]["kind"] in ("xa", "phuong", "thi_tran")
        key = (is_commune, kind, when["period"])
        if key not in self.templates:
            self.templates[key] = (unit, run(
                self.node_bin, "template", self.home(unit), "--plan", PLAN,
                "--obligation", when["obligation"], "--format", kind))
        model, text = self.templates[key]
        name, model_name = self.units[unit]["name"], self.units[model]["name"]
        return text.replace(f'"{model}"', f'"{unit}"').replace(f";{model};", f";{unit};") \
            .replace(model_name, name)

    def write_form(self, unit, when, change=None, label="1"):
        """A filled form; `change` edits the figures. Returns its path."""
        number = list(self.units).index(unit)
        kind = "csv" if number % 9 == 4 else "json" if number % 9 == 7 else "yaml"
        is_commune = self.units[unit]["kind"] in ("xa", "phuong", "thi_tran")
        key = (unit, when["period"])
        if key not in self.figures:
            previous = self.figures.get((unit, HALF["period"]))
            maker = previous[0] if previous else Figures(self.seed, unit, is_commune)
            self.figures[key] = (maker, maker.period(), maker.texts())
        _, values, texts = self.figures[key]
        values = dict(values)
        if number % 31 == 3:
            values.pop("DG01", None)  # not every unit has every figure
        if change:
            change(values)
        estimated = ["HC02", "TCD04"] if number % 17 == 5 else []
        path = os.path.join(self.forms, f"{when['period']}-{unit}-{label}.{kind}")
        filled = FILL[kind](self.template(unit, kind, when), values, texts, estimated, when["to"])
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(filled)
        return path

    def submit(self, unit, when, *arguments, change=None, label="1", expect=0):
        path = self.write_form(unit, when, change, label)
        run(self.node_bin, "submit", self.home(unit), path, *arguments, expect=expect)
        if expect == 0:
            self.accepted[(unit, when["period"])] = path
        return path

    def submit_all(self, what, units, when):
        for unit in units:  # figures and templates are made in one order
            self.write_form(unit, when)
        self.each(what, units, lambda unit: self.submit(unit, when))

    def deliver(self, homes, expect=0):
        """A node process of its own for units that are not in the large one."""
        return run(self.node_bin, "run", *homes, "--until-idle", "--timeout", "30", "--quiet",
                   expect=expect)

    def wait_received(self, when, count, seconds=30):
        received = -1
        for _ in range(seconds * 5):
            received = self.ask("rollup", when["period"])["counts"]["received"]
            self.screen.count("đã nhận", received, count)
            if received >= count:
                break
            time.sleep(0.2)
        if received != count:
            raise Failed(f"đã nhận {received} báo cáo, cần {count}")

    def wait_revision(self, when, units, revision, seconds=30):
        for _ in range(seconds * 5):
            lines = {u["unit"]: u for u in self.ask("standing", when["period"])["units"]}
            if all(lines[u].get("revision") == revision for u in units):
                return
            time.sleep(0.2)
        raise Failed(f"bản {revision} của {units} chưa đến")

    # ---- the two rounds ----

    def cast(self):
        """Who plays which part. Everyone else reports once, in time."""
        communes = [u for u, line in self.units.items()
                    if line["kind"] in ("xa", "phuong", "thi_tran")]
        bodies = [u for u in self.units if u not in communes]
        self.part = {
            "apart": communes[0:9] + bodies[0:1],  # run their own node processes
            "late": communes[20:30] + bodies[3:5],
            "offline": communes[31],
            "replaced": communes[33],
            "missing": communes[40:46] + bodies[6:8],
            "refused": communes[60:64],
            "corrected": communes[80:92] + bodies[10:12],
            "rush": communes[100:150],
        }

    def start_nodes(self):
        apart = self.part["apart"] + [self.part["offline"]]
        together = [u for u in self.units if u not in apart]
        self.screen.step(f"Một tiến trình giữ {len(together)} nút, mỗi nút một kết nối CURVE; "
                         f"{len(apart)} nút khác chạy riêng")
        self.start(self.node_bin, "run", *(self.home(u) for u in together), log="nodes.log")

    def round(self, when):
        part = self.part
        self.screen.step(f"Kỳ {when['period']}: đặt đồng hồ diễn tập đến {when['early']}; "
                         "nhắc việc được gửi")
        self.aggregator("clock", "--to", when["early"])
        quiet = set(part["apart"] + part["late"] + part["missing"] + part["rush"] +
                    [part["offline"], part["replaced"]])
        first = [u for u in self.units if u not in quiet]
        self.refuse(when)
        self.submit_all("nộp", first, when)
        self.wait_received(when, len(first))
        self.duplicates(when)
        self.correct(when)
        self.replace_machine(when)
        self.screen.step(f"Giờ cao điểm: {when['rush']}")
        self.aggregator("clock", "--to", when["rush"])
        self.let_nodes_hear_the_time()
        self.submit_all("nộp", part["rush"], when)
        in_time = len(first) + len(part["rush"]) + len(part["apart"]) + 1
        self.wait_received(when, in_time)
        self.in_time[when["period"]] = self.files(when)
        self.offline_before_the_deadline(when)
        self.screen.step(f"Qua hạn {when['due']}: chốt số liệu tại hạn")
        self.aggregator("clock", "--to", when["late"])
        self.let_nodes_hear_the_time()
        self.deliver([self.home(part["offline"])])
        self.submit_all("nộp trễ", part["late"], when)
        self.wait_received(when, in_time + len(part["late"]) + 1)
        self.check_round(when, in_time)

    def let_nodes_hear_the_time(self):
        """Connected nodes are told when a rehearsal's clock was set: a moment for 229 of them."""
        time.sleep(1)

    def refuse(self, when):
        """Forms that break a rule are refused by the unit's own node, with every reason."""
        self.screen.step(f"{len(self.part['refused'])} đơn vị nộp biểu sai quy tắc: nút từ chối, "
                         "nói rõ vì sao; sửa rồi nộp lại cùng các đơn vị khác")
        for unit in self.part["refused"]:
            self.submit(unit, when, label="sai", expect=65,
                        change=lambda v: v.update(TCD01=str(int(v["TCD01"]) + 7)))

    def duplicates(self, when):
        """The same frozen submission from two copies of a node: one report, one receipt."""
        apart = self.part["apart"]
        self.screen.step(f"{len(apart)} nút riêng gửi từ hai bản sao của cùng một máy: báo cáo chỉ "
                         "tính một lần, hai bên nhận cùng một biên nhận")
        copies = []
        for unit in apart:
            self.submit(unit, when)
            copy = f"{self.home(unit)}-ban-sao"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.home(unit), copy)
            copies.append(copy)
        self.deliver([self.home(u) for u in apart])
        self.deliver(copies)
        for unit, copy in zip(apart, copies):
            one, two = (self.receipt(home, when) for home in (self.home(unit), copy))
            if one != two or not one.startswith("c2sp.org/tlog-proof@v1"):
                raise Failed(f"biên nhận của {unit} không giống nhau")
            shutil.rmtree(copy)

    def receipt(self, home, when):
        """The receipt, word for word, of the unit's report for this round."""
        items = json.loads(run(self.node_bin, "status", home, "--json"))["items"]
        item = [i["id"] for i in items if i["obligation"] == when["obligation"]][-1]
        return run(self.node_bin, "receipt", home, str(item), "--out", "-")

    def correct(self, when):
        units = self.part["corrected"]
        self.screen.step(f"{len(units)} đơn vị gửi bản sửa: số cũ được trừ ra đúng bằng số đã cộng")
        self.each("sửa", units, lambda unit: self.submit(
            unit, when, "--as-revision", "2", label="2",
            change=lambda v: v.update(VB03=str(int(v["VB03"]) + 3), VB01=str(int(v["VB01"]) + 3),
                                      DG01="50.05")))
        self.wait_revision(when, units, 2)

    def replace_machine(self, when):
        """A lost machine: its key is revoked, what it still sends is rejected with a signed
        refusal; the unit enrols a new node."""
        unit = self.part["replaced"]
        if unit in self.moved:
            self.submit(unit, when)
            self.deliver([self.home(unit)])
            return
        self.screen.step(f"Đơn vị {unit} mất máy: tỉnh thu hồi khóa cũ, máy cũ gửi thì bị từ chối; "
                         "đơn vị ghi danh máy mới rồi nộp")
        old = self.home(unit)
        self.aggregator("revoke", unit, os.path.join(old, "node.pub"))
        self.submit(unit, when)
        for _ in range(50):
            item = json.loads(run(self.node_bin, "status", old, "--json"))["items"][-1]
            if item["state"] == "rejected":
                break
            time.sleep(0.2)
        if [reason["rule"] for reason in item["reasons"]] != ["key"]:
            raise Failed(f"máy cũ của {unit} phải bị từ chối vì khóa: {item}")
        self.moved[unit] = f"{unit}-moi"
        run(self.node_bin, "init", self.home(unit), "--unit", unit, "--server",
            os.path.join(self.store, "server.yaml"))
        self.aggregator("enroll", unit, os.path.join(self.home(unit), "node.pub"))
        self.submit(unit, when)
        self.deliver([self.home(unit)])

    def offline_before_the_deadline(self, when):
        """Submitted in time on a machine that then has no network: late, shown as prepared in
        time. It asks for the rehearsal's time once before."""
        unit = self.part["offline"]
        self.screen.step(f"Đơn vị {unit} nộp trước hạn nhưng mất mạng đến sau hạn: sẽ là trễ, "
                         "ghi rõ đã lập trước hạn")
        run(self.node_bin, "run", self.home(unit), "--once", "--timeout", "30", "--quiet")
        self.submit(unit, when)

    def check_round(self, when, in_time):
        counts = self.ask("rollup", when["period"])["counts"]
        want = {"expected": len(self.units), "on_time": in_time, "late": len(self.part["late"]) + 1,
                "missing": len(self.part["missing"]), "undecided": 0}
        for name, value in want.items():
            if counts[name] != value:
                raise Failed(f"{when['period']}: {name} là {counts[name]}, cần {value}")
        lines = {u["unit"]: u for u in self.ask("standing", when["period"])["units"]}
        if not lines[self.part["offline"]].get("prepared_in_time"):
            raise Failed(f"{self.part['offline']} phải được ghi là lập trước hạn")
        closing = self.ask("closings", when["period"])["closings"]
        if len(closing) != 1 or closing[0]["counts"]["received"] != in_time:
            raise Failed(f"{when['period']}: bảng chốt tại hạn không đúng: {closing[:1]}")

    # ---- the end ----

    def show(self, when):
        arguments = ("--plan", PLAN, "--period", when["period"])
        print(self.aggregator("standing", *arguments, "--summary"))
        print(self.aggregator("standing", *arguments, "--missing"))
        print(self.aggregator("standing", *arguments, "--late"))
        print(self.aggregator("rollup", *arguments))

    def files(self, when):
        return [p for (_, period), p in self.accepted.items() if period == when["period"]]

    def compare(self):
        """The totals now, as of the due date, and as they were closed, each against the files."""
        catalogue = read_catalogue("plans/catalogue/indicators.yaml")
        for when in (HALF, YEAR):
            period, in_time = when["period"], self.in_time[when["period"]]
            closing = self.ask("closings", period)["closings"][0]
            for what, answer, paths in (
                    ("hiện nay", self.ask("rollup", period), self.files(when)),
                    (f"như vào {when['due']}",
                     self.ask("rollup", period, "--as-of", when["due"]), in_time),
                    ("chốt tại hạn", closing, in_time)):
                checked, found = differences(catalogue, answer, paths)
                if found or checked < 50:
                    raise Failed(f"kỳ {period}, {what}: số tổng hợp khác số cộng từ các tệp đã "
                                 "nộp:\n  " + "\n  ".join(found))
                self.screen.step(f"Kỳ {period}, {what}: cộng lại từ {len(paths)} tệp đã nộp, "
                                 f"{checked} chỉ tiêu, không sai số nào")

    def audit(self):
        """What an auditor finds who has the store's folder and the public keys, nothing else; and
        what a receipt proves alone."""
        keys = os.path.join(self.store, "log-keys.yaml")
        audit = self.audit_bin
        found = json.loads(run(audit, "verify", self.store, "--keys", keys, "--json"))
        if not found["holds"]:
            raise Failed(f"tonghop-audit verify: {found}")
        self.screen.step("Kiểm toán: mọi bản ghi, chữ ký và bảng đều đúng; sổ nhật ký dựng lại từ đầu "
                         "cho đúng từng byte")
        unit = self.part["corrected"][0]
        receipt = os.path.join(self.root, f"bien-nhan-{unit}.txt")
        run(self.node_bin, "receipt", self.home(unit), "1", "--out", receipt)
        self.screen.step(run(audit, "check-receipt", receipt, "--keys", keys).strip())

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        self.pool.shutdown()


def how_to_look_further(demo):
    store = demo.store
    unit = demo.part["corrected"][0]
    print(f"""
Xem tiếp (máy chủ chạy hay không đều được):
  build/bin/tonghop-aggregator standing {store} --plan {PLAN} --period 2025-H1
  build/bin/tonghop-aggregator rollup {store} --plan {PLAN} --period 2025 --branch communes
  build/bin/tonghop-aggregator rollup {store} --plan {PLAN} --period 2025-H1 --as-of 2025-05-10 --json
  build/bin/tonghop-aggregator report {store} --plan {PLAN} --period 2025-H1 --unit {unit}
  build/bin/tonghop-aggregator closings {store} --plan {PLAN} --period 2025-H1
  build/bin/tonghop-node status {demo.home(unit)}
  build/bin/tonghop-node receipt {demo.home(unit)} 1
  build/bin/tonghop-audit verify {store} --keys {store}/log-keys.yaml
  build/bin/tonghop-audit replay {store} --as-of 2025-05-10 --plan {PLAN} --period 2025-H1
  build/bin/tonghop-audit diff {store} --from 2025-05-10 --to 2025-05-13""")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--exit", action="store_true", help="stop when done")
    parser.add_argument("--root", default="var/demo")
    parser.add_argument("--bin", default="build/bin")
    parser.add_argument("--seed", default="188/KH-UBND")
    options = parser.parse_args()
    # Whoever ends it, by Ctrl-C or kill, also from a shell that ignores Ctrl-C for what is in the
    # background: no server and no node stays behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    shutil.rmtree(options.root, ignore_errors=True)
    os.makedirs(os.path.join(options.root, "forms"))
    os.makedirs(os.path.join(options.root, "nodes"))
    demo = Demo(options.root, options.bin, options.seed)
    try:
        demo.found()
        demo.cast()
        demo.enrol()
        demo.start_nodes()
        demo.round(HALF)
        demo.round(YEAR)
        demo.show(HALF)
        demo.show(YEAR)
        demo.compare()
        demo.audit()
        how_to_look_further(demo)
        if not options.exit:
            print("\nMáy chủ và các nút vẫn đang chạy. Ctrl-C để dừng.")
            print(f"Trang xem của tỉnh: {demo.page_address()}", flush=True)
            signal.pause()
    except Failed as failure:
        print(f"\nDEMO HỎNG: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        demo.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
