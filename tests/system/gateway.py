# SPDX-License-Identifier: Apache-2.0
"""The built programs as a user runs them: gateway, plant, browser-like client."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KW_BUILD", ROOT / "build" / "release"))
KILOWATCH = BUILD / "kilowatch"
PLANT = BUILD / "tests" / "plant" / "kilowatch-plant"
CONF = ROOT / "conf"
WEB = ROOT / "webroot" / "dist"
PASSWORD = "violet harbour trombone 46"
ADMIN_PASSWORD = "crooked pewter lanterns hum"


def wait_for(what, deadline_s=15.0, pause_s=0.01):
    """Polls what() until it is true; its value. Fails after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(pause_s)


class Plant:
    """kilowatch-plant with lines and its control socket."""

    def __init__(self, folder, serial=(), tcp=(), extra=(), maps=CONF / "meters"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.control_path = self.folder / "control"
        args = [PLANT, "--maps", maps, "--dir", self.folder, "--control",
                self.control_path, "--ready", *extra]
        for line in serial:
            args += ["--serial", line]
        for line in tcp:
            args += ["--tcp", line]
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=self.log)
        self.ready = json.loads(self.process.stdout.readline())

    def command(self, text):
        if not hasattr(self, "_socket"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.connect(str(self.control_path))
            self._file = self._socket.makefile("rwb")
        self._file.write(text.encode() + b"\n")
        self._file.flush()
        return json.loads(self._file.readline())

    def stop(self):
        if hasattr(self, "_socket"):
            self._file.close()
            self._socket.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.log.close()


class Gateway:
    """kilowatch serve on a state folder of its own."""

    def __init__(self, folder, config, state=None, wrap=(), wait=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = pathlib.Path(state or self.folder / "state")
        self.config = self.folder / "kilowatch.yaml"
        self.config.write_text(config)
        self.log_path = self.folder / "log"
        self.wrap = list(wrap)
        self.process = None
        if wait:
            self.start()

    def start(self):
        self.log = open(self.log_path, "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*self.wrap, KILOWATCH, "serve", "--config", self.config, "--state", self.state,
             "--share", CONF, "--web", WEB],
            stdout=subprocess.DEVNULL, stderr=self.log)
        try:
            self.port = wait_for(self._find_port)
        except AssertionError:
            self.kill()
            raise

    def text(self):
        return self.log_path.read_text(errors="replace")

    def _find_port(self):
        found = re.findall(r"listening on https://\S+ \(port (\d+)\)", self.text())
        if not found and self.process.poll() is not None:
            raise AssertionError("the gateway ended: " + self.text())
        return int(found[-1]) if found else None

    def ask(self, method, path, body=None, **more):
        """Over the control socket: (status, body)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(30)
            sock.connect(str(self.state / "control.sock"))
            message = {"method": method, "path": path, **more}
            if body is not None:
                message["body"] = body
            sock.sendall(json.dumps(message).encode() + b"\n")
            data = b""
            while not data.endswith(b"\n"):
                chunk = sock.recv(65536)
                if not chunk:
                    break
                data += chunk
        answer = json.loads(data)
        return answer["status"], answer["body"]

    def points(self):
        status, body = self.ask("GET", "/points")
        assert status == 200
        return {point["name"]: point for point in body["points"]}

    def metric(self, module, name):
        status, body = self.ask("GET", "/status")
        assert status == 200
        for entry in body["modules"]:
            if entry["name"] == module:
                for metric in entry["metrics"]:
                    if metric["name"] == name:
                        return metric["value"]
        raise AssertionError(f"no metric {module}.{name}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.log.close()

    def stop(self):
        """An orderly end; the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(20)
        self.log.close()
        return code

    def client(self):
        return Client(self.port)

    def one_time_password(self):
        path = self.state / "one-time-password"
        return wait_for(lambda: path.exists() and path.read_text().strip())

    def set_up(self):
        """First start done; a client that is logged in as Admin."""
        client = self.client()
        wait_for(lambda: client.log_in("security", self.one_time_password()) == 201)
        status, body = client.call("POST", "/setup", {
            "password": PASSWORD, "admin_name": "anna", "admin_password": ADMIN_PASSWORD})
        assert status == 201, body
        client.take_session(body)
        return client


class Client:
    """A browser without a page: cookie, CSRF token, Origin."""

    def __init__(self, port):
        self.port = port
        self.cookie = None
        self.csrf = None
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.context = context

    def raw(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context,
                                                 timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            data = answer.read()
            cookie = answer.getheader("Set-Cookie")
            if cookie and cookie.startswith("__Host-kw="):
                self.cookie = cookie.split(";")[0]
            return answer, data
        finally:
            connection.close()

    def call(self, method, path, body=None, headers=None):
        """Below /api/v1: (status, decoded body)."""
        sent = {"Origin": f"https://127.0.0.1:{self.port}", "Accept": "application/json"}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if method != "GET":
            sent["Content-Type"] = "application/json"
            if self.csrf:
                sent["X-CSRF-Token"] = self.csrf
        sent.update(headers or {})
        data = json.dumps(body) if body is not None else None
        answer, text = self.raw(method, "/api/v1" + path, data, sent)
        kind = answer.getheader("Content-Type") or ""
        return answer.status, json.loads(text) if "json" in kind and text else text

    def take_session(self, body):
        self.csrf = body["csrf"]

    def log_in(self, user, password):
        self.cookie = self.csrf = None
        status, body = self.call("POST", "/session", {"user": user, "password": password})
        if status == 201:
            self.take_session(body)
        return status


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def listens(port):
    """Whether a program of this machine takes connections on the port."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def demo(folder, port=0, state=None, strangers=""):
    """Plant and gateway of conf/demo.yaml on ports of their own; strangers, such as
    ",9=eastron_sdm630", hang on the serial line and are not configured."""
    panel = f"panel:38400:8N1:5=socomec_diris_b30,6=socomec_countis_e24{strangers}"
    plant = Plant(folder / "plant", serial=[panel],
                  tcp=["0:1=schneider_pm5100,2=schneider_iem3000", "0:1=eastron_sdm630",
                       "0:7=janitza_umg604", "0:1=carlo_gavazzi_em330_em340,2=abb_b23_b24"])
    text = (CONF / "demo.yaml").read_text()
    ports = [line["port"] for line in plant.ready["tcp"]]
    for old, new in zip((15021, 15022, 15023, 15024), ports):
        text = text.replace(str(old), str(new))
    text = text.replace("state/plant/panel", str(folder / "plant" / "panel"))
    text = text.replace('"[::]:8443"', f'"127.0.0.1:{port}"')
    for old in (1502, 1503):
        text = text.replace(f"127.0.0.1:{old}", "127.0.0.1:0")
    return plant, Gateway(folder, text, state=state)


def scan(*args, state="/nowhere"):
    """kilowatch scan: (exit code, output, errors)."""
    done = subprocess.run([KILOWATCH, "scan", *map(str, args), "--state", str(state), "--share",
                           CONF], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def found_by_unit(result):
    return {entry["unit"]: entry for entry in result["found"]}
