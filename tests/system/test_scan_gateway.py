# SPDX-License-Identifier: Apache-2.0
"""Finding meters through a gateway: among its polls, by command and API."""

import http.client
import json
import signal
import subprocess

import gateway as kw
import pytest

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
    found = kw.found_by_unit(result)
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
    assert kw.found_by_unit(result_of(polled, "office"))[1]["proposals"][0]["profile"] == (
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
    code, out, err = kw.scan("panel", "--units", "5,9", state=polled.state)
    assert code == 0, err
    assert "kitchen (configured)" in out and "abb_b23_b24" in out
    code, out, _ = kw.scan("panel", "--units", "5,9", "--yaml", state=polled.state)
    assert code == 0
    assert "- { name: b23_b24_9, line: panel, unit: 9, profile: abb_b23_b24, every: " in out
    assert "name: kitchen" not in out
    assert kw.scan("nowhere", state=polled.state)[0] == 1
    assert kw.scan("panel", "--units", "100", state=polled.state)[0] == 1


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
    assert 9 in kw.found_by_unit(result)


def test_search_and_back(polled):
    """The line is searched with other settings and polls again afterwards."""
    status, _ = polled.ask("POST", "/scan", {"line": "panel", "units": "1-12", "search": [
        "19200 8N1", "38400 8N1"], "timeout": "200ms"})
    assert status == 202
    kw.wait_for(lambda: "suspended" in polled.ask("GET", "/meters")[1]["lines"][0]["text"])
    result = kw.wait_for(lambda: ended(polled, "panel"), 60)
    assert result["settings"] == "38400 8N1"
    assert sorted(kw.found_by_unit(result)) == [5, 6, 9, 12]
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
        code, _, err = kw.scan("panel", state=gateway.state)
        assert code == 1 and "is down" in err
        assert gateway.stop() == 0
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
