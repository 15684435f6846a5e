# SPDX-License-Identifier: Apache-2.0
"""Commands that work on a state folder or a file, with the gateway stopped."""

import json
import os
import re
import signal
import subprocess

import pytest

import gateway as kw

FIRST = 'site: { name: First }\nhttp: { listen: "127.0.0.1:0" }\n'
SECOND = 'site: { name: Second, timezone: Europe/Paris }\nhttp: { listen: "127.0.0.1:0" }\n'


def run(*args, **more):
    return subprocess.run([kw.KILOWATCH, *args], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def stopped(folder, *configs, set_up=False):
    """A state folder on which a gateway ran once with each configuration."""
    gateway = kw.Gateway(folder, configs[0], wait=False)
    for config in configs:
        gateway.config.write_text(config)
        gateway.start()
        if set_up and config is configs[0]:
            gateway.set_up()
        assert gateway.stop() == 0, gateway.text()
    return gateway.state


def names(text):
    return re.findall(r"name: (\w+)", text)


# --- config


def test_revisions_of_a_stopped_gateway(tmp_path):
    state = stopped(tmp_path, FIRST, SECOND)
    history = run("config", "history", "--state", state)
    assert history.returncode == 0
    lines = history.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"] or \
        [line.split()[0] for line in lines] == ["2", "1"]
    assert "first start" in history.stdout or "file" in history.stdout
    exported = run("config", "export", "--state", state)
    assert names(exported.stdout) == ["Second"]
    for args in (("diff",), ("diff", "1"), ("diff", "1", "2")):
        result = run("config", *args, "--state", state)
        assert result.returncode == 0
        assert "First" in result.stdout and "Second" in result.stdout
    assert run("config", "diff", "2", "2", "--state", state).stdout == ""
    # an exported configuration is one that can be given again
    again = tmp_path / "again.yaml"
    again.write_text(exported.stdout)
    assert run("check", "--config", again, "--share", kw.CONF).returncode == 0


def test_other_readers_of_yaml_read_the_export_alike(tmp_path):
    import yaml  # by the test that needs it
    texts = ["0x10", "2024-01-01", "2024-01-01T12:00:00Z", "010", "1_000", ".5", "yes", "no", "on",
             "null", "~", "1:30", "06:00", "true", "5", "-1", "1e3", ".inf", "=", "<<", "a: b", "a #b"]
    meters = "".join(f"  - {{ name: m{i}, line: a, unit: {i + 1}, enabled: false, "
                     f"profile: eastron_sdm630, labels: {{ x: {json.dumps(text)} }} }}\n"
                     for i, text in enumerate(texts))
    state = stopped(tmp_path, f"{FIRST}lines: [ {{ name: a, tcp: 127.0.0.1 }} ]\nmeters:\n{meters}")
    tree = yaml.safe_load(run("config", "export", "--state", state).stdout)
    assert [meter["labels"]["x"] for meter in tree["meters"]] == texts


def test_rollback_of_a_stopped_gateway(tmp_path):
    state = stopped(tmp_path, FIRST, SECOND)
    result = run("config", "rollback", "1", "--state", state)
    assert result.returncode == 0, result.stderr
    assert names(run("config", "export", "--state", state).stdout) == ["First"]
    history = run("config", "history", "--state", state).stdout
    assert "back to revision 1" in history
    # the next start goes on with it: the file has not changed since
    gateway = kw.Gateway(tmp_path, SECOND)
    try:
        assert gateway.ask("GET", "/site")[1]["name"] == "First"
    finally:
        assert gateway.stop() == 0


def test_revisions_that_are_not_there(tmp_path):
    state = stopped(tmp_path, FIRST)
    for args in (("diff", "1", "7"), ("diff", "9", "1"), ("rollback", "7")):
        result = run("config", *args, "--state", state)
        assert result.returncode == 1, args
        assert result.stderr and result.stdout == ""
    for args in ((), ("nonsense",), ("rollback",), ("rollback", "x"), ("rollback", "1", "2"),
                 ("diff", "1", "2", "3"), ("diff", "-1"), ("export", "1"), ("history", "1")):
        assert run("config", *args, "--state", state).returncode == 2, args


def test_a_folder_that_no_gateway_has_used(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("config", "export", "--state", empty)
    assert result.returncode == 1 and "no configuration yet" in result.stderr
    result = run("config", "export", "--state", tmp_path / "none")
    assert result.returncode == 3 and "none" in result.stderr
    result = run("user", "list", "--state", tmp_path / "none")
    assert result.returncode == 3 and "none" in result.stderr


def test_the_file_wins_when_it_changed_and_says_what_it_replaces(tmp_path):
    gateway = kw.Gateway(tmp_path, FIRST)
    admin = gateway.set_up()
    status, body = admin.call("GET", "/config/site")
    assert status == 200
    answer, _ = admin.raw("GET", "/api/v1/config", headers={"Cookie": admin.cookie})
    tag = answer.getheader("ETag")
    status, body = admin.call("PUT", "/config/site", {"name": "Web"}, {"If-Match": tag})
    assert status in (200, 204), body
    assert gateway.stop() == 0
    gateway.start()  # the file is as it was: the web's change is newer
    assert gateway.ask("GET", "/site")[1]["name"] == "Web"
    assert gateway.stop() == 0
    gateway.config.write_text(SECOND)
    gateway.start()
    try:
        assert gateway.ask("GET", "/site")[1]["name"] == "Second"
        assert "kilowatch config rollback 2" in gateway.text()
        result = run("config", "rollback", "2", "--state", gateway.state)
        assert result.returncode == 0, result.stderr
        kw.wait_for(lambda: gateway.ask("GET", "/site")[1]["name"] == "Web")
        result = run("config", "rollback", "99", "--state", gateway.state)
        assert result.returncode == 1 and result.stderr
        result = run("config", "diff", "1", "99", "--state", gateway.state)
        assert result.returncode == 1 and "no such revision" in result.stderr
    finally:
        assert gateway.stop() == 0


# --- user


def test_accounts_of_a_stopped_gateway(tmp_path):
    state = stopped(tmp_path, FIRST, set_up=True)
    listed = run("user", "list", "--state", state)
    assert listed.returncode == 0
    assert re.search(r"^anna +admin +password of \d{4}-", listed.stdout, re.M)
    assert re.search(r"^security +cyber_security +password of ", listed.stdout, re.M)
    result = run("user", "reset", "nobody", "--state", state)
    assert result.returncode == 1 and 'no account "nobody"' in result.stderr
    for args in ((), ("list", "more"), ("reset",), ("remove", "anna")):
        assert run("user", *args, "--state", state).returncode == 2, args


def test_the_way_back_in(tmp_path):
    """SEC-13: who is at the machine gets a one-time password, and all else is locked out."""
    state = stopped(tmp_path, FIRST, set_up=True)
    result = run("user", "reset", "security", "--state", state)
    assert result.returncode == 0, result.stderr
    secret = (state / "one-time-password").read_text().strip()
    assert os.stat(state / "one-time-password").st_mode & 0o777 == 0o600
    assert secret not in result.stdout + result.stderr
    assert "one-time password" in run("user", "list", "--state", state).stdout
    gateway = kw.Gateway(tmp_path, FIRST)
    try:
        client = gateway.client()
        assert client.log_in("security", kw.PASSWORD) == 401
        assert client.log_in("security", secret) == 201
        result = run("user", "list", "--state", state)
        assert result.returncode == 3 and "in use by process" in result.stderr
    finally:
        assert gateway.stop() == 0


# --- check, schema, tables


def modules():
    """Of this build, as its schema and its status can't say: from their READMEs."""
    return [path.parent.name for path in (kw.ROOT / "modules").glob("*/README.md")]


@pytest.mark.parametrize("kind, head", [("settings", "| Key |"), ("routes", "| Route |"),
                                        ("metrics", "| Metric |")])
def test_tables(kind, head):
    for module in ("core", *modules()):
        result = run("tables", module, kind)
        if result.returncode == 1:
            assert "no module" in result.stderr
            continue
        assert result.returncode == 0
        assert result.stdout == "" or result.stdout.startswith(head)
    assert run("tables", "core", "nonsense").returncode == 2
    assert run("tables", "core").returncode == 2
    result = run("tables", "nonsense", kind)
    assert result.returncode == 1 and "no module nonsense" in result.stderr


def test_schema():
    result = run("schema", "--share", kw.CONF)
    schema = json.loads(result.stdout)
    assert {"site", "lines", "meters", "http"} <= set(schema["properties"])
    assert run("schema", "more", "--share", kw.CONF).returncode == 2
    result = run("schema", "--share", "/nonexistent")
    assert result.returncode == 3 and "--share names the folder" in result.stderr


@pytest.mark.parametrize("make, code, says", [
    (lambda path: None, 3, "can't be read"),
    (lambda path: path.mkdir(), 1, "can't be read"),
    (lambda path: path.write_bytes(b"# " + b"x" * (4 << 20)), 1, "larger than 4 MiB"),
    (lambda path: path.write_bytes(b"site: \xff\n"), 1, ""),
    (lambda path: path.write_text(""), 0, ""),
    (lambda path: path.write_text("# only a comment\n"), 0, ""),
], ids=["missing", "folder", "too large", "no text", "empty", "comment"])
def test_files_to_check(tmp_path, make, code, says):
    path = tmp_path / "c.yaml"
    make(path)
    result = run("check", "--config", path, "--share", kw.CONF)
    assert result.returncode in ({code, 1, 3} if code else {0}), result
    assert (result.returncode == 0) == (code == 0), result
    assert says in result.stderr
    if code:
        assert str(path) in result.stderr


def test_check_says_it_in_one_line_or_not_at_all(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(FIRST)
    assert run("check", "--config", path, "--share", kw.CONF).stdout == f"{path} is valid\n"
    assert run("check", "--config", path, "--share", kw.CONF, "--json").stdout == ""
    assert run("check", "more", "--share", kw.CONF).returncode == 2


@pytest.mark.parametrize("text", ["- a", "hello", "42", "[]", '""'])
def test_a_file_that_is_no_map(tmp_path, text):
    config = tmp_path / "c.yaml"
    config.write_text(text + "\n")
    for command in (("check",), ("serve", "--state", tmp_path / "state")):
        result = run(*command, "--config", config, "--share", kw.CONF)
        assert result.returncode == 1, (text, command, result)
        assert re.match(r"\S+c\.yaml:1:1: is .*, expected a map of sections\n$",
                        result.stderr), result.stderr


def test_every_error_has_its_place(tmp_path):
    """One of each check beyond the rows, whichever module it is of."""
    config = tmp_path / "c.yaml"
    config.write_text('''
site: { timezone: Europe/Atlantis }
circuits: [ { name: a, parent: a } ]
virtual: [ { name: v, sum: [ m ], uid: x } ]
auth: { idle: 1h, absolute: 10min }
http: { listen: [ "::1:8443", "name:1", "[::]:65536" ] }
lines:
  - { name: s, serial: { port: /dev/none, baud: 38000 } }
  - { name: t, tcp: { host: h, tls: { authorities: /none } } }
meters:
  - { name: m, line: s, unit: 0, profile: eastron_sdm631 }
supervisor:
  tcp: { listen: "*:502" }
  tls: { listen: "[::]:802", key: /k }
  points_unit: 7
  points_f64_unit: 7
  stations: [ somewhere ]
''')
    result = run("check", "--config", config, "--share", kw.CONF)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 16, result.stderr
    for line in lines:
        assert re.match(r"\S+c\.yaml:[1-9]\d*:[1-9]\d*: \w+", line), line
    assert "c.yaml:2:19: site.timezone: " in result.stderr
    assert "c.yaml:6:19: http.listen[0]: " in result.stderr


@pytest.mark.parametrize("host", ["tcp://192.0.2.20", "192.0.2.20:502", "192.0.2.20 ", "192.0.2",
                                  "192.0.2.20, 192.0.2.21", ""])
def test_hosts_that_can_not_be(tmp_path, host):
    config = tmp_path / "c.yaml"
    config.write_text('lines:\n  - { name: good, tcp: { host: "192.0.2.19" } }\n'
                      f'  - {{ name: bad, tcp: {{ host: "{host}" }} }}\n')
    result = run("check", "--config", config, "--share", kw.CONF)
    assert result.returncode == 1
    assert result.stderr == (f'{config}:3:31: lines[1].tcp.host: "{host}" is not valid, expected a '
                             "host name or a numeric address, nothing else\n")


def test_warnings_do_not_refuse(tmp_path):
    text = '''
lines:
  - { name: a, tcp: 127.0.0.1 }
  - { name: b, tcp: { host: 127.0.0.1, port: 502 } }
http: { listen: "127.0.0.1:0" }
'''
    says = "c.yaml:4:29: warning: lines[1].tcp.host: "
    config = tmp_path / "c.yaml"
    config.write_text(text)
    result = run("check", "--config", config, "--share", kw.CONF)
    assert result.returncode == 0
    assert says in result.stderr and result.stdout.endswith("is valid\n")
    gateway = kw.Gateway(tmp_path / "run", text)
    try:
        assert says.replace("c.yaml", "kilowatch.yaml") in gateway.text()
        admin = gateway.set_up()
        status, answer = admin.call("PUT", "/config/lines", [
            {"name": "c", "serial": {"port": "/dev/none"}},
            {"name": "d", "serial": {"port": "/dev/none"}}], {"If-Match": '"1"'})
        assert status == 200
        assert [found["path"] for found in answer["warnings"]] == ["lines[1].serial.port"]
        kw.wait_for(lambda: "warning: lines[1].serial.port: " in gateway.text())
    finally:
        assert gateway.stop() == 0


def test_five_thousand_meters_with_labels(tmp_path):
    """What check takes starts: the stored form is longer than the file."""
    label = "x" * 56
    meters = "".join(
        f"  - {{ name: m{i}, enabled: false, line: l{i // 200}, unit: {i % 200 + 1}, profile: "
        f"eastron_sdm630, labels: {{ zone: south, tenant: somebody, use: {label} }} }}\n"
        for i in range(5000))
    lines = "".join(f"  - {{ name: l{i}, tcp: 127.0.0.{i + 1} }}\n" for i in range(25))
    text = f'http: {{ listen: "127.0.0.1:0" }}\nlines:\n{lines}meters:\n{meters}'
    gateway = kw.Gateway(tmp_path, text)
    try:
        status, body = gateway.ask("GET", "/config")
        assert status == 200 and len(body["meters"]) == 5000
    finally:
        assert gateway.stop() == 0
    exported = run("config", "export", "--state", gateway.state).stdout
    assert len(exported) > len(text)
    (tmp_path / "again.yaml").write_text(exported)
    assert run("check", "--config", tmp_path / "again.yaml", "--share",
               kw.CONF).returncode == 0


def test_many_findings_are_counted(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("".join(f"nonsense{i}: 1\n" for i in range(300)))
    result = run("check", "--config", path, "--share", kw.CONF)
    assert result.returncode == 1
    assert re.search(r"\.\.\. and \d+ more", result.stderr)


# --- the program as such


def test_help_and_version():
    result = run("--version")
    assert result.returncode == 0 and re.fullmatch(r"kilowatch \d+\.\d+\.\d+\n", result.stdout)
    overview = run("--help")
    assert overview.returncode == 0
    for command in ("serve", "check", "status", "config", "user"):
        assert command in overview.stdout
        result = run(command, "--help")
        assert result.returncode == 0 and result.stdout.startswith(f"Usage: kilowatch {command}")
    assert run("--no-such-option").returncode == 2


def test_serve_takes_no_words(tmp_path):
    assert run("serve", "now", "--state", tmp_path).returncode == 2


def test_a_second_signal_ends_at_once(tmp_path):
    gateway = kw.Gateway(tmp_path, FIRST)
    gateway.process.send_signal(signal.SIGINT)
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(20) in (0, 3)
    assert "interrupt: stopping" in gateway.text() or "terminate: stopping" in gateway.text()
    gateway.log.close()
    # whichever way it ended, the state is sound
    gateway.start()
    assert gateway.stop() == 0, gateway.text()
