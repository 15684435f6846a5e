# SPDX-License-Identifier: Apache-2.0
"""The commands that ask a running gateway, against a socket that answers what it is told."""

import json
import socket
import subprocess
import threading

import pytest

import gateway as kw


class Answerer:
    """Stands where the gateway's control socket is; gives one answer a connection."""

    def __init__(self, state, answer):
        self.asked = []
        self.answer = answer
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(state / "control.sock"))
        self.server.listen(4)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                data = b""
                while not data.endswith(b"\n"):
                    data += connection.recv(65536)
                self.asked.append(json.loads(data))
                try:
                    connection.sendall(self.answer)
                except OSError:
                    pass

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(5)


def run(state, *args):
    return subprocess.run([kw.KILOWATCH, *args, "--state", state], capture_output=True,
                          timeout=60, check=False)


def ask(state, answer, *args):
    answerer = Answerer(state, answer)
    try:
        return run(state, *args), answerer.asked
    finally:
        answerer.close()
        (state / "control.sock").unlink()


def line(body, status=200, kind="application/json"):
    return b'{"status":%d,"type":"%s","body":%s}\n' % (status, kind.encode(), body)


def test_an_answer_of_many_values(tmp_path):
    """More values than a configuration may have: 100,000 points, 13 MB."""
    points = [{"id": i, "name": f"meter{i // 40}.quantity{i % 40}", "value": i * 0.25,
               "unit": "V", "time": 1700000000000 + i, "quality": "good", "labels": []}
              for i in range(100000)]
    body = json.dumps({"points": points}).encode()
    result, _ = ask(tmp_path, line(body), "status", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["points"] == points


def test_texts_come_as_they_are(tmp_path):
    """A body that is no JSON is a string: escapes, and what looks like the end."""
    text = 'time,"a ""b"""\r\n1,2\n\u20ac \U0001f50c ,"body":"x"}\\'
    result, asked = ask(tmp_path, line(json.dumps(text).encode(), kind="text/csv"),
                        "export", "--points", "a.b", "--from", "2026-01-01", "--to", "2026-01-02")
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode().rstrip("\n") == text.rstrip("\n")
    assert asked[0]["method"] == "GET" and asked[0]["path"].startswith("/history?")


def test_a_type_that_looks_like_the_body(tmp_path):
    answer = b'{"status":200,"type":"a\\"b,\\"body\\":1","body":{"version":"9"}}\n'
    result, _ = ask(tmp_path, answer, "status", "--json")
    assert json.loads(result.stdout) == {"version": "9"}


@pytest.mark.parametrize("answer", [
    b"\n",
    b"{}\n",
    b"[1,2]\n",
    b"not JSON at all\n",
    b'{"status":200}\n',
    b'{"status":200,"type":"application/json"}\n',
    b'{"status":"200","type":"","body":{}}\n',
    b'{"status":x,"type":"","body":{}}\n',
    b'{"status":2000000000000,"type":"","body":{}}\n',
    b'{"status":200,"type":"","body":"cut}\n',
    b'{"status":200,"type":"","body":"\\ud800"}\n',
])
def test_an_answer_that_is_none(tmp_path, answer):
    result, _ = ask(tmp_path, answer, "status", "--json")
    assert result.returncode != 0
    assert result.stdout == b""
    assert result.stderr


def test_a_refusal_is_told(tmp_path):
    body = json.dumps({"title": "Forbidden", "detail": "That needs a session."}).encode()
    result, _ = ask(tmp_path, line(body, 403, "application/problem+json"), "status")
    assert result.returncode != 0
    assert result.stderr.decode().strip() == "That needs a session."


def test_a_gateway_that_hangs_up(tmp_path):
    for answer in (b"", b'{"status":200,"type'):
        result, _ = ask(tmp_path, answer, "status")
        assert result.returncode != 0
        assert b"can't be asked" in result.stderr


def test_no_gateway(tmp_path):
    """No socket, and one that nobody listens on any more."""
    result = run(tmp_path, "status")
    assert result.returncode != 0 and b"no gateway runs" in result.stderr
    answerer = Answerer(tmp_path, b"")
    answerer.close()
    result = run(tmp_path, "status")
    assert result.returncode != 0 and b"no gateway runs" in result.stderr


def test_status_as_a_table(tmp_path):
    body = {"version": "1.2", "status": "ok", "uptime_ms": 61000, "modules": [
        {"name": "meter", "state": "running", "level": "ok", "text": "", "metrics": [
            {"name": "polls_total", "value": 12, "unit": "1"}]},
        {"name": "http", "state": "stopped", "level": "failed", "text": "no certificate"}]}
    result, asked = ask(tmp_path, line(json.dumps(body).encode()), "status")
    text = result.stdout.decode()
    assert result.returncode == 0
    assert asked == [{"method": "GET", "path": "/status"}]
    assert text.splitlines()[0] == "kilowatch 1.2, ok, up 61 s"
    assert "polls_total" in text and "no certificate" in text


def test_wrong_use(tmp_path):
    for args in (("status", "more"), ("export",), ("nonsense",), ()):
        result = run(tmp_path, *args)
        assert result.returncode == 2, (args, result)
