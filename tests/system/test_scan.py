# SPDX-License-Identifier: Apache-2.0
"""Finding meters: every make of the library, among polls, by command and API."""

import http.client
import json
import signal
import subprocess

import gateway as kw
import pytest

PROFILES = sorted(path.stem for path in (kw.CONF / "meters").glob("*.csv")
                  if path.stem not in ("socomec_identification", "generic_example"))
UNITS = ",".join(f"{i + 1}={p}" for i, p in enumerate(PROFILES))
LAST = len(PROFILES)
LOADS = "100=socomec_diris_b30@1,100=socomec_diris_b30@2"


def scan(*args, state="/nowhere"):
    """kilowatch scan: (exit code, output, errors)."""
    done = subprocess.run([kw.KILOWATCH, "scan", *map(str, args), "--state", str(state), "--share",
                           kw.CONF], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def found_by_unit(result):
    return {entry["unit"]: entry for entry in result["found"]}


@pytest.fixture(scope="module")
def makes(tmp_path_factory):
    """A plant with one meter of each make on a serial line and over TCP."""
    folder = tmp_path_factory.mktemp("makes")
    plant = kw.Plant(folder, serial=[f"bus:115200:8N1:{UNITS},{LOADS}"], tcp=[f"0:{UNITS}"],
                     extra=["--strict", "--turnaround", "3"])
    yield plant
    plant.stop()


@pytest.fixture(params=["serial", "tcp"])
def line(request, makes):
    if request.param == "serial":
        return f"rtu:{makes.folder}/bus:115200:8N1", "bus"
    port = makes.ready["tcp"][0]["port"]
    return f"tcp:127.0.0.1:{port}", str(port)


def test_every_make_is_named(makes, line):
    code, out, err = scan(line[0], "--units", f"1-{LAST}", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert (result["state"], result["done"]) == ("done", LAST)
    found = found_by_unit(result)
    for unit, profile in enumerate(PROFILES, 1):
        best = found[unit]["proposals"][0]
        assert best["profile"] == profile, found[unit]
        assert best["score"] >= 90, found[unit]
        assert set(found[unit]["answers"]) & {"43", "17", "50000"}, found[unit]
        assert found[unit]["make"] and found[unit]["loads"] == [1], found[unit]
    assert len({entry["name"] for entry in found.values()}) == LAST


def test_meters_that_say_nothing(makes, line):
    """By their registers alone: first, or level with one of the same layout."""
    makes.command(f"fault {line[1]} * nameless")
    try:
        code, out, err = scan(line[0], "--units", f"1-{LAST}", "--json")
    finally:
        makes.command(f"fault {line[1]} * off")
    assert code == 0, err
    found = found_by_unit(json.loads(out))
    for unit, profile in enumerate(PROFILES, 1):
        proposals = {p["profile"]: p["score"] for p in found[unit]["proposals"]}
        first = found[unit]["proposals"][0]
        if not profile.startswith("socomec"):
            assert first["profile"] == profile, found[unit]
        # Socomec's two layouts are shared by several of its meters.
        assert first["profile"].split("_")[0] == profile.split("_")[0], found[unit]
        assert profile in proposals or proposals[first["profile"]] >= 60, found[unit]
        assert found[unit]["answers"] == ["registers"], found[unit]


def test_loads_and_yaml(makes):
    code, out, _ = scan(f"rtu:{makes.folder}/bus:115200:8N1", "--units", "100,101", "--yaml")
    assert code == 0
    assert out.splitlines()[0] == "meters:"
    assert "  - { name: diris_b30_100_1, line: LINE, unit: 100, profile: socomec_diris_b30, " in out
    assert "load: 2, every: " in out
    assert "load: 3" not in out


def test_exit_codes(makes):
    serial = f"rtu:{makes.folder}/bus:115200:8N1"
    assert scan(serial, "--units", "200-202")[0] == 1
    assert scan(serial, "--units", "0")[0] == 2
    assert scan(serial, "--units", "x")[0] == 2
    assert scan("rtu:bus")[0] == 2
    assert scan()[0] == 2
    assert scan("tcp:127.0.0.1:1", "--search")[0] == 2
    code, _, err = scan("rtu:/nowhere:9600:8N1", "--units", "1")
    assert code == 3 and "/nowhere" in err


def test_conflict_and_foreign(makes):
    serial = f"rtu:{makes.folder}/bus:115200:8N1"
    makes.command("fault bus 1 bad_crc")
    makes.command("fault bus 2 wrong_unit")
    try:
        code, out, _ = scan(serial, "--units", "1-3,150", "--json")
    finally:
        makes.command("fault bus * off")
    assert code == 0
    states = {entry["unit"]: entry["state"] for entry in json.loads(out)["found"]}
    assert states == {1: "conflict", 2: "foreign", 3: "found"}


def test_ctrl_c_prints_what_was_found(makes):
    process = subprocess.Popen(
        [kw.KILOWATCH, "scan", f"rtu:{makes.folder}/bus:115200:8N1", "--units", "1,30-247",
         "--state", "/nowhere", "--share", kw.CONF],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def silent_units_are_asked():
        line = next(l for l in makes.command("stats")["lines"] if l["line"] == "bus")
        return line["requests"] > line["replies"] + 5

    before = makes.command("stats")
    assert before
    kw.wait_for(silent_units_are_asked)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert PROFILES[0] in out and "cancelled: interrupted" in err


def test_search_here(tmp_path):
    plant = kw.Plant(tmp_path / "plant", serial=["bus:9600:8N1:4=eastron_sdm630"],
                     extra=["--true-speed"])
    try:
        serial = f"rtu:{tmp_path}/plant/bus:38400:8N1"
        code, _, err = scan(serial, "--units", "1-6")
        assert code == 1 and "wrong speed" in err
        code, out, err = scan(serial, "--units", "1-6", "--search", "--json")
    finally:
        plant.stop()
    assert code == 0, err
    result = json.loads(out)
    assert result["settings"] == "9600 8N1"
    assert [(e["unit"], e["settings"], e["proposals"][0]["profile"]) for e in result["found"]] == [
        (4, "9600 8N1", "eastron_sdm630")]


# --- through a gateway

CONFIG = """
lines:
  - {{ name: panel, serial: {{ port: {folder}/plant/panel, baud: {baud}, parity: none }} }}
  - {{ name: office, tcp: {{ host: 127.0.0.1, port: {port} }}, timeout: 200ms }}
meters:
  - {{ name: kitchen, line: panel, unit: 5, profile: socomec_diris_b30, every: 500ms }}
  - {{ name: lift, line: panel, unit: 6, profile: eastron_sdm630, every: 500ms }}
http: {{ listen: "127.0.0.1:0" }}
"""


@pytest.fixture(scope="module")
def polled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("polled")
    plant = kw.Plant(folder / "plant",
                     serial=["panel:38400:8N1:5=socomec_diris_b30,6=eastron_sdm630,9=abb_b23_b24,"
                             "12=janitza_umg604"],
                     tcp=["0:1=schneider_pm5100"], extra=["--strict", "--true-speed"])
    gateway = kw.Gateway(folder, CONFIG.format(folder=folder, baud=38400,
                                               port=plant.ready["tcp"][0]["port"]))
    gateway.plant = plant
    try:
        gateway.admin = gateway.set_up()
        kw.wait_for(lambda: gateway.metric("meter", "polls_total") > 4)
        yield gateway
        assert gateway.stop() == 0, gateway.text()
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
        plant.stop()


def result_of(gateway, line):
    status, body = gateway.ask("GET", "/scan")
    assert status == 200
    return next((s for s in body["scans"] if s["line"] == line), None)


def ended(gateway, line):
    result = result_of(gateway, line)
    return result if result["state"] != "running" else None


def test_scan_among_polls(polled):
    failed = polled.metric("meter", "polls_failed_total")
    polls = polled.metric("meter", "polls_total")
    status, body = polled.admin.call("POST", "/scan", {"line": "panel", "units": "1-40"})
    assert status == 202 and body["state"] == "running" and body["total"] == 40
    assert polled.admin.call("POST", "/scan", {"line": "panel"})[0] == 409
    result = kw.wait_for(lambda: ended(polled, "panel"), 60)
    seconds = (result["finished"] - result["started"]) / 1000
    assert result["state"] == "done"
    found = found_by_unit(result)
    assert sorted(found) == [5, 6, 9, 12]
    assert (found[5]["meter"], found[6]["meter"]) == ("kitchen", "lift")
    assert found[9]["meter"] is None
    assert found[9]["proposals"][0]["profile"] == "abb_b23_b24"
    assert found[12]["name"] == "umg604_12"
    # No poll failed, and they went on: two meters, twice a second. loop_meter_scan counts them
    # in virtual time; here the machine may be busy.
    assert polled.metric("meter", "polls_failed_total") == failed
    assert polled.metric("meter", "polls_total") - polls >= 2 * seconds
    stats = next(l for l in polled.plant.command("stats")["lines"] if l["line"] == "panel")
    assert stats["too_short_gaps"] == 0


def test_two_lines_at_once(polled):
    for line in ("panel", "office"):
        status, body = polled.ask("POST", "/scan", {"line": line, "units": "1-8"})
        assert status == 202, body
    for line in ("panel", "office"):
        assert kw.wait_for(lambda: ended(polled, line), 60)["state"] == "done"
    assert found_by_unit(result_of(polled, "office"))[1]["proposals"][0]["profile"] == (
        "schneider_pm5100")


def test_progress_on_live(polled):
    connection = http.client.HTTPSConnection("127.0.0.1", polled.port,
                                             context=polled.admin.context, timeout=20)
    try:
        connection.request("GET", "/api/v1/live", headers={
            "Cookie": polled.admin.cookie, "Origin": f"https://127.0.0.1:{polled.port}",
            "Accept": "text/event-stream"})
        stream = connection.getresponse()
        assert stream.status == 200
        assert polled.ask("POST", "/scan", {"line": "panel", "units": "9,20-40"})[0] == 202
        events = []
        name = ""
        while not events or events[-1]["state"] == "running":
            text = stream.readline().decode().rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: ") and name == "scan":
                events.append(json.loads(text[6:]))
    finally:
        connection.close()
    assert set(events[-1]) == {"line", "state", "done", "total", "found", "settings"}
    assert events[-1]["state"] == "done" and events[-1]["found"] == 1
    assert [e["done"] for e in events] == sorted(e["done"] for e in events)
    result = result_of(polled, "panel")
    seconds = (result["finished"] - result["started"]) / 1000
    assert 2 <= len(events) <= 4 * seconds + 4


def test_command_through_the_gateway(polled):
    code, out, err = scan("panel", "--units", "5,9", state=polled.state)
    assert code == 0, err
    assert "kitchen (configured)" in out and "abb_b23_b24" in out
    code, out, _ = scan("panel", "--units", "5,9", "--yaml", state=polled.state)
    assert code == 0
    assert "- { name: b23_b24_9, line: panel, unit: 9, profile: abb_b23_b24, every: " in out
    assert "name: kitchen" not in out
    assert scan("nowhere", state=polled.state)[0] == 1
    assert scan("panel", "--units", "100", state=polled.state)[0] == 1


def test_ctrl_c_through_the_gateway(polled):
    process = subprocess.Popen(
        [kw.KILOWATCH, "scan", "panel", "--units", "9,50-247", "--json", "--state",
         str(polled.state), "--share", kw.CONF],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    kw.wait_for(lambda: (result_of(polled, "panel") or {}).get("total") == 199 and
                result_of(polled, "panel")["done"] > 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    result = json.loads(out)
    assert process.returncode == 0, err
    assert result["state"] == "cancelled" and result["done"] < 199
    assert 9 in found_by_unit(result)


def test_search_and_back(polled):
    """The line is searched with other settings and polls again afterwards."""
    status, _ = polled.ask("POST", "/scan", {"line": "panel", "units": "1-12", "search": [
        "19200 8N1", "38400 8N1"], "timeout": "200ms"})
    assert status == 202
    kw.wait_for(lambda: "suspended" in polled.ask("GET", "/meters")[1]["lines"][0]["text"])
    result = kw.wait_for(lambda: ended(polled, "panel"), 60)
    assert result["settings"] == "38400 8N1"
    assert sorted(found_by_unit(result)) == [5, 6, 9, 12]
    good = polled.points()["kitchen.frequency"]["time"]
    kw.wait_for(lambda: polled.points()["kitchen.frequency"]["time"] != good and
                polled.points()["kitchen.frequency"]["quality"] == "good")


def test_line_that_is_down(tmp_path):
    gateway = kw.Gateway(tmp_path, """
lines:
  - { name: panel, serial: /nowhere/tty }
http: { listen: "127.0.0.1:0" }
""")
    try:
        kw.wait_for(lambda: gateway.ask("GET", "/meters")[1]["lines"][0]["state"] == "down")
        status, body = gateway.ask("POST", "/scan", {"line": "panel"})
        assert (status, body["key"]) == (503, "line_down")
        code, _, err = scan("panel", state=gateway.state)
        assert code == 1 and "is down" in err
        assert gateway.stop() == 0
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
