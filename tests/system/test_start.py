# SPDX-License-Identifier: Apache-2.0
"""Start and stop as an operator meets them: every refusal is a clear line."""

import os
import pathlib
import re
import socket
import subprocess

import gateway as kw

EMPTY = 'http: { listen: "127.0.0.1:0" }\n'


def run(*args, **more):
    return subprocess.run([kw.KILOWATCH, *args], capture_output=True, text=True, timeout=30,
                          **more)


def check(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return run("check", "--config", str(path), "--share", kw.CONF)


def test_a_sound_configuration(tmp_path):
    assert run("check", "--config", kw.CONF / "demo.yaml", "--share", kw.CONF).returncode == 0
    assert run("check", "--config", kw.CONF / "kilowatch.yaml", "--share",
               kw.CONF).returncode == 0


def test_all_errors_at_once_with_their_places(tmp_path):
    result = check(tmp_path, """
lines:
  - { name: a, serial: { prot: /dev/ttyUSB0, baud: 38400 } }
  - { name: a, tcp: { host: h, port: 99999 } }
meters:
  - { name: m, line: b, unit: 300, profile: eastron_sdm630 }
  - { name: n, line: a, unit: 1, profile: eastron_sdm631 }
histroy: { keep: 1y }
""")
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert all(re.match(r".*c\.yaml:\d+:\d+: ", line) for line in lines), result.stderr
    for part in ('"prot"', '"port"', "99999", '"b"', "300", "0 to 255", '"histroy"',
                 '"history"', "c.yaml:3:"):
        assert part in result.stderr, (part, result.stderr)


def test_a_syntax_error_stands_alone(tmp_path):
    result = check(tmp_path, "site: { name: [ }\nlines: 5\n")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "c.yaml:1:" in result.stderr


def test_a_profile_that_does_not_exist_is_named(tmp_path):
    result = check(tmp_path, """
lines: [ { name: a, tcp: { host: 127.0.0.1 } } ]
meters: [ { name: n, line: a, unit: 1, profile: eastron_sdm631 } ]
""")
    assert result.returncode == 1
    assert "eastron_sdm631" in result.stderr and "eastron_sdm630" in result.stderr


def test_nothing_starts_with_a_wrong_configuration(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("site: 5\n")
    result = run("serve", "--config", path, "--state", tmp_path / "state", "--share", kw.CONF)
    assert result.returncode == 1
    assert not (tmp_path / "state").exists()


def test_port_in_use_degrades_and_is_retried(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        gateway = kw.Gateway(tmp_path, f'http: {{ listen: "127.0.0.1:{port}" }}\n', wait=False)
        gateway.log = open(gateway.log_path, "wb")
        gateway.process = subprocess.Popen(
            [kw.KILOWATCH, "serve", "--config", gateway.config, "--state", gateway.state,
             "--share", kw.CONF, "--web", kw.WEB], stderr=gateway.log)
        kw.wait_for(lambda: "another program listens" in gateway.text())
        assert gateway.process.poll() is None
    kw.wait_for(lambda: "listening on" in gateway.text())
    assert gateway.stop() == 0


def test_a_missing_serial_device_is_not_fatal(tmp_path):
    gateway = kw.Gateway(tmp_path, EMPTY + f"""
lines: [ {{ name: a, serial: {{ port: {tmp_path}/nothing }} }} ]
meters: [ {{ name: m, line: a, unit: 1, profile: eastron_sdm120 }} ]
""")
    status, body = gateway.ask("GET", "/meters")
    assert status == 200
    assert body["lines"][0]["state"] == "down"
    assert str(tmp_path / "nothing") in gateway.text()
    assert gateway.stop() == 0


def test_a_second_instance_is_refused(tmp_path):
    first = kw.Gateway(tmp_path, EMPTY)
    result = run("serve", "--config", first.config, "--state", first.state, "--share", kw.CONF)
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    assert str(first.process.pid) in result.stderr
    assert first.stop() == 0


def test_an_unwritable_state_folder(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    path = tmp_path / "c.yaml"
    path.write_text(EMPTY)
    result = run("serve", "--config", path, "--state", blocked / "state", "--share", kw.CONF)
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1 and "state" in result.stderr


def test_an_orderly_stop_leaves_nothing(tmp_path):
    gateway = kw.Gateway(tmp_path, EMPTY)
    assert (gateway.state / "control.sock").exists()
    assert oct(os.stat(gateway.state / "control.sock").st_mode)[-3:] == "600"
    assert gateway.stop() == 0
    assert not (gateway.state / "control.sock").exists()
    assert "stopped" in gateway.text()


def test_wrong_use(tmp_path):
    assert run("nonsense").returncode == 2
    assert run("check", "extra").returncode == 2
    assert run("--help").returncode == 0
    assert run("status", "--state", tmp_path).returncode == 3


def test_descriptors(tmp_path):
    """The limit is raised as far as the system lets; too few are told."""
    lines = "".join(f"  - {{ name: l{i}, tcp: {{ host: 127.0.0.1, port: 1 }} }}\n"
                    for i in range(40))
    text = f"""
lines:
{lines}meters: []
http: {{ listen: "127.0.0.1:0" }}
"""
    for hard, warned in ((4096, False), (300, True)):
        gateway = kw.Gateway(tmp_path / str(hard), text,
                             wrap=("prlimit", f"--nofile=256:{hard}"))
        try:
            limits = pathlib.Path(f"/proc/{gateway.process.pid}/limits").read_text()
            assert re.search(rf"^Max open files\s+{hard}\s+{hard}\s", limits, re.M)
            said = "40 lines and the rest need up to 552 file descriptors, the system " \
                   f"allows {hard}" in gateway.text()
            assert said == warned
            assert gateway.stop() == 0
        finally:
            if gateway.process.poll() is None:
                gateway.kill()
