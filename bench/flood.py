#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What do floods cost those who are logged in, those who come, and the polls?

usage: bench/flood.py [--build DIR] [--flood FILE] [--seconds S] [--rows TEXT...]

For each attack a fresh gateway with the demo's eight meters (8 polls a second), the
attack (bench/flood.c, each connection from an address of its own) and two clients, all
on the same machine: *keep-alive* is logged in, asks for /api/v1/session each 50 ms on one
connection and connects again when it ends; *newcomer* makes a connection each 250 ms and
asks for /api/v1/health. One row of Markdown an attack. --build is the build whose gateway
and plant are measured, --flood the attacking program (of this build), so that two versions
can be set side by side.

An error is an answer other than 200, none within 5 s, or a connection that ends; a
newcomer has 2 s. Polls lost are those that a second without attack would have had, less
those that ended, and those that failed. The longest turn is CPU time of the loop.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
KEEP_ALIVE_S = 0.05
NEWCOMER_S = 0.25
POLLS_A_SECOND = 8
PAGE_BYTES = 60000

# what it is called, attack, slots, seconds it needs at least
ROWS = (
    ("quiet", None, 0, 0),
    ("250 silent TCP", "silent", 250, 0),
    ("300 silent TCP, at once again", "silent", 300, 0),
    ("4,000 silent TCP, at once again", "silent", 4000, 0),
    ("ClientHello, 64 slots", "hello", 64, 0),
    ("ClientHello, 500 slots", "hello", 500, 0),
    ("300 slow headers", "head", 300, 0),
    ("300 slow bodies", "body", 300, 0),
    ("300 slow readers", "deaf", 300, 0),
    ("300 idle TLS", "idle", 300, 0),
    ("50 pipelining GET /", "pipeline", 50, 0),
    ("log-in, 64 connections", "login", 64, 0),
    ("Modbus TCP, 4 connections", "modbus", 4, 0),
    ("2 meters, noise without end", "noise", 2, 0),
    ("2 TLS meters, KeyUpdate", "keymeter", 2, 0),
    ("24 configurations of 754 KB", "bodies", 24, 15),
    ("KeyUpdate, 60 x 96 KiB", "keyupdate", 60, 20),
    ("KeyUpdate, 200 x 96 KiB", "keyupdate", 200, 30),
)
HEAD = ("| Attack | connections/s | keep-alive p50 / p99 / max ms | errors | "
        "newcomers ok, p50 / max ms | polls lost | longest turn ms | CPU | RSS MB |\n"
        "|---|---|---|---|---|---|---|---|---|")


class Client(threading.Thread):
    """Asks on and on, one request each period; fresh: on a connection of its own."""

    def __init__(self, fresh, port, path, period_s, limit_s, headers):
        super().__init__(daemon=True)
        self.fresh, self.headers = fresh, headers
        self.port, self.path, self.period_s, self.limit_s = port, path, period_s, limit_s
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.running, self.times, self.errors = True, [], []

    def connect(self):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.context, timeout=self.limit_s)
        connection.connect()
        return connection

    def ask(self, connection):
        connection.request("GET", self.path, headers=self.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise OSError(f"status {answer.status}")


    def run(self):
        connection, at = None, time.monotonic()
        while self.running:
            start = time.monotonic()
            try:
                if connection is None:
                    connection = self.connect()
                    start = start if self.fresh else time.monotonic()
                self.ask(connection)
                self.times.append(time.monotonic() - start)
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(str(error))
                connection = self.hang_up(connection)
            if self.fresh:
                connection = self.hang_up(connection)
            at = max(at + self.period_s, time.monotonic() - self.period_s)
            time.sleep(max(0.0, at - time.monotonic()))

    @staticmethod
    def hang_up(connection):
        if connection is not None:
            connection.close()


def client_process(fresh, port, period_s, limit_s, path, headers):
    """Runs a client in a process of its own until a line comes on standard input."""
    client = Client(fresh, port, path, period_s, limit_s, headers)
    client.start()
    sys.stdin.readline()
    client.running = False
    client.join(limit_s + 1)
    print(json.dumps({"times": client.times, "errors": client.errors}), flush=True)


def start_client(fresh, port, period_s, limit_s, path, headers=None):
    script = (f"import sys; sys.path.insert(0, {str(ROOT / 'bench')!r}); import flood; "
              f"flood.client_process({fresh}, {port}, {period_s}, {limit_s}, {path!r}, "
              f"{headers or {}!r})")
    return subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def finish_client(process):
    out, _ = process.communicate("\n", timeout=30)
    return json.loads(out)


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+)", text, re.M).group(1)) / 1024


def quantile_ms(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else 0.0


class Stage:
    """A gateway with the demo's meters, set up, and a session."""

    def __init__(self, kw, folder, attack):
        self.kw = kw
        page = folder / "web"
        page.mkdir()
        (page / "index.html").write_text("x" * PAGE_BYTES)
        kw.WEB = page
        self.free, extra = kw.free_port(), None
        if attack in ("noise", "keymeter"):
            while self.taken(self.free + 1):
                self.free = kw.free_port()
            extra = self.hostile_meters(folder, attack)
        self.plant, self.gateway = self.demo(folder, extra)
        self.admin = self.gateway.set_up()

    def taken(self, port):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", port)) == 0

    def hostile_meters(self, folder, attack):
        """Lines and meters for conf/demo.yaml."""
        if attack == "keymeter":
            import pki
            self.pki = pki.Pki(folder / "pki")
            self.pki.server("evil")
        lines, meters = "", ""
        for i in range(2):
            where = f"host: 127.0.0.1, port: {self.free + i}"
            if attack == "noise":
                lines += f"  - {{ name: evil{i}, rtu_tcp: {{ {where} }} }}\n"
            else:
                lines += (f"  - {{ name: evil{i}, tcp: {{ {where}, tls: "
                          f"{{ authorities: {self.pki.crt('ca')} }} }} }}\n")
            meters += (f"  - {{ name: evil{i}, line: evil{i}, unit: 1, "
                       f"profile: eastron_sdm630 }}\n")
        return lines, meters

    def demo(self, folder, extra):
        if extra is None:
            return self.kw.demo(folder)
        conf = folder / "conf"
        conf.mkdir()
        for entry in self.kw.CONF.iterdir():
            (conf / entry.name).symlink_to(entry)
        text = (self.kw.CONF / "demo.yaml").read_text()
        (conf / "demo.yaml").unlink()
        (conf / "demo.yaml").write_text(
            text.replace("\nmeters:\n", extra[0] + "\nmeters:\n" + extra[1]))
        self.kw.CONF = conf
        return self.kw.demo(folder)

    def supervisor_port(self):
        return int(re.search(r"listening on modbus_tcp://\S+ \(port (\d+)\)",
                             self.gateway.text()).group(1))

    def figures(self):
        gateway, pid = self.gateway, self.gateway.process.pid
        return {"polls": gateway.metric("meter", "polls_total"),
                "failed": gateway.metric("meter", "polls_failed_total"),
                "turn": gateway.metric("core", "loop_longest_turn_seconds") * 1e3,
                "cpu": cpu_s(pid), "at": time.monotonic()}

    def close(self):
        self.gateway.stop()
        self.plant.stop()


def run_row(kw, options, row):
    title, attack, slots, least_s = row
    seconds = max(options.seconds, least_s)
    conf = kw.CONF
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(kw, pathlib.Path(folder), attack)
        try:
            print(measure(options, stage, title, attack, slots, seconds), flush=True)
        finally:
            stage.close()
            kw.CONF = conf


def measure(options, stage, title, attack, slots, seconds):
    gateway, port = stage.gateway, stage.gateway.port
    keep = start_client(False, port, KEEP_ALIVE_S, 5, "/api/v1/session",
                        {"Cookie": stage.admin.cookie})
    comer = start_client(True, port, NEWCOMER_S, 2, "/api/v1/health")
    time.sleep(2)
    target = {"modbus": stage.supervisor_port, "noise": lambda: stage.free,
              "keymeter": lambda: stage.free}.get(attack, lambda: port)()
    arguments = ()
    if attack == "bodies":
        arguments = (stage.admin.cookie, stage.admin.csrf)
    if attack == "keymeter":
        arguments = (stage.pki.crt("evil"), stage.pki.key("evil"))
    before, done = stage.figures(), {}
    if attack is None:
        time.sleep(seconds)
    else:
        out = subprocess.run([options.flood, attack, str(target), str(seconds), str(slots),
                              *map(str, arguments)], stdout=subprocess.PIPE, check=True)
        done = json.loads(out.stdout)
    after = stage.figures()
    one, two = finish_client(keep), finish_client(comer)
    span = after["at"] - before["at"]
    failed = after["failed"] - before["failed"]
    if attack in ("noise", "keymeter"):
        failed = 0  # theirs
    lost = max(0, round(span * POLLS_A_SECOND) - POLLS_A_SECOND -
               int(after["polls"] - before["polls"])) + int(failed)
    times, came = one["times"], two["times"]
    return (f"| {title} | {done.get('connections', 0) / span:.0f} "
            f"| {quantile_ms(times, .5):.1f} / {quantile_ms(times, .99):.1f} / "
            f"{quantile_ms(times, 1):.0f} "
            f"| {len(one['errors'])} of {len(times) + len(one['errors'])} "
            f"| {len(came)} of {len(came) + len(two['errors'])}, "
            f"{quantile_ms(came, .5):.0f} / {quantile_ms(came, 1):.0f} | {lost} "
            f"| {after['turn']:.1f} | {(after['cpu'] - before['cpu']) / span * 100:.0f} % "
            f"| {peak_mb(gateway.process.pid):.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--flood", type=pathlib.Path,
                        default=ROOT / "build" / "release" / "bench" / "bench_flood")
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--rows", nargs="+", default=[""],
                        help="only rows with one of these texts in their title")
    options = parser.parse_args()
    os.environ["KW_BUILD"] = str(options.build.resolve())
    sys.path.insert(0, str(ROOT / "tests" / "system"))
    import gateway as kw

    print(HEAD, flush=True)
    for row in ROWS:
        if any(text in row[0] for text in options.rows):
            run_row(kw, options, row)


if __name__ == "__main__":
    main()
