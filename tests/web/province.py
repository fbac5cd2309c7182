# SPDX-License-Identifier: Apache-2.0
"""The store of the demo, copied, served by the real aggregator on free ports."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "demo"))
from figures import Figures  # noqa: E402  pylint: disable=wrong-import-position
from forms import FILL  # noqa: E402  pylint: disable=wrong-import-position

PLAN = "gialai-2025"
HALF = {"period": "2025-H1", "obligation": "O-002-1"}
UNDATED = {"period": "2025-H1", "obligation": "O-002-3-H1"}
AD_HOC = {"period": None, "obligation": "O-002-3-ADHOC"}
CONTACTS = """unit,name,phone,email,note
23660,"Nguyễn <b>Hoa</b>",0269 3821 555,vp.dak-smar@gialai.gov.vn,"gọi giờ hành chính"
23662,Rơ Châm H'Lan,0269 3821 556,"",
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Province:
    def __init__(self, bin_folder, demo):
        self.aggregator = os.path.join(bin_folder, "tonghop-aggregator")
        self.node = os.path.join(bin_folder, "tonghop-node")
        self.demo = demo
        self.folder = tempfile.mkdtemp(prefix="tonghop-web-")
        self.store = os.path.join(self.folder, "aggregator")
        shutil.copytree(os.path.join(demo, "aggregator"), self.store)
        with open(os.path.join(self.store, "contacts.csv"), "w", encoding="utf-8") as file:
            file.write(CONTACTS)
        self.log = os.path.join(self.folder, "aggregator.log")
        self.process = None
        self.port = free_port()
        self.start()

    def command(self):
        self.listen, publish = free_port(), free_port()
        return [self.aggregator, "run", self.store, "--listen", f"tcp://127.0.0.1:{self.listen}",
                "--publish", f"tcp://127.0.0.1:{publish}", "--http", f"127.0.0.1:{self.port}"]

    def start(self):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.command(), stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"máy chủ không chạy:\n{file.read()}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if self.process.wait(60) != 0:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    raise RuntimeError(f"máy chủ kết thúc với mã {self.process.returncode}:\n"
                                       f"{file.read()[-4000:]}")

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def address(self, view="overview", when=HALF, **parameters):
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"{self.base}/#/{PLAN}/{when['obligation']}/{view}{'?' + query if query else ''}"

    def hash(self, *arguments, **parameters):
        return self.address(*arguments, **parameters)[len(self.base) + 1:]

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, command, *arguments, when=HALF):
        period = ["--period", when["period"]] if when["period"] else []
        return json.loads(self.run(self.aggregator, command, self.store, "--plan", PLAN, *period,
                                   "--obligation", when["obligation"], "--json", *arguments))

    def prepare(self, unit, texts=None, models=()):
        """A node of the unit that has its report queued, and does not run yet."""
        home = os.path.join(self.folder, f"node-{unit}")
        if not os.path.exists(home):
            shutil.copytree(os.path.join(self.demo, "nodes", unit), home)
            settings = os.path.join(home, "node.yaml")
            with open(settings, encoding="utf-8") as file:
                text = file.read()
            text = re.sub(r'^address: ".*"$', f'address: "tcp://127.0.0.1:{self.listen}"', text,
                          flags=re.M)
            with open(settings, "w", encoding="utf-8") as file:
                file.write(text)
        template = self.run(self.node, "template", home, "--plan", PLAN, "--obligation",
                            HALF["obligation"], "--format", "json")
        figures = Figures(7, unit, True)
        values = figures.period()
        form = os.path.join(self.folder, f"{unit}.json")
        with open(form, "w", encoding="utf-8") as file:
            filled = json.loads(FILL["json"](template, values, texts or figures.texts(), [], ""))
            filled["models"] = list(models)
            json.dump(filled, file, ensure_ascii=False)
        self.run(self.node, "submit", home, form)
        return home

    def send(self, home):
        self.run(self.node, "run", home, "--until-idle", "--timeout", "120", "--quiet")

    def enter(self, unit, obligation, values, texts=None, number=None):
        """A report on paper that the province enters on behalf of a unit."""
        form = os.path.join(self.folder, f"{unit}-{obligation}-{number or 0}.json")
        with open(form, "w", encoding="utf-8") as file:
            json.dump({"report": "tonghop", "format": 1, "plan": PLAN, "obligation": obligation,
                       "unit": unit, "number": number, "revision": None, "values": values,
                       "sections": texts or {}}, file, ensure_ascii=False)
        self.run(self.aggregator, "enter", self.store, form, "--unit", unit, "--on-behalf",
                 "--operator", "Nguyễn Thị Hoa", "--reference", f"{number or 0}/BC-SNV")

    def missing(self):
        return [line["unit"] for line in self.ask("standing")["units"] if "revision" not in line]
