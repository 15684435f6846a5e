# SPDX-License-Identifier: Apache-2.0
"""Finding meters by command: every make of the library."""

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
    code, out, err = kw.scan(line[0], "--units", f"1-{LAST}", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert (result["state"], result["done"]) == ("done", LAST)
    found = kw.found_by_unit(result)
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
        code, out, err = kw.scan(line[0], "--units", f"1-{LAST}", "--json")
    finally:
        makes.command(f"fault {line[1]} * off")
    assert code == 0, err
    found = kw.found_by_unit(json.loads(out))
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
    code, out, _ = kw.scan(f"rtu:{makes.folder}/bus:115200:8N1", "--units", "100,101", "--yaml")
    assert code == 0
    assert out.splitlines()[0] == "meters:"
    assert "  - { name: diris_b30_100_1, line: LINE, unit: 100, profile: socomec_diris_b30, " in out
    assert "load: 2, every: " in out
    assert "load: 3" not in out


def test_exit_codes(makes):
    serial = f"rtu:{makes.folder}/bus:115200:8N1"
    assert kw.scan(serial, "--units", "200-202")[0] == 1
    assert kw.scan(serial, "--units", "0")[0] == 2
    assert kw.scan(serial, "--units", "x")[0] == 2
    assert kw.scan("rtu:bus")[0] == 2
    assert kw.scan()[0] == 2
    assert kw.scan("tcp:127.0.0.1:1", "--search")[0] == 2
    code, _, err = kw.scan("rtu:/nowhere:9600:8N1", "--units", "1")
    assert code == 3 and "/nowhere" in err


def test_conflict_and_foreign(makes):
    serial = f"rtu:{makes.folder}/bus:115200:8N1"
    makes.command("fault bus 1 bad_crc")
    makes.command("fault bus 2 wrong_unit")
    try:
        code, out, _ = kw.scan(serial, "--units", "1-3,150", "--json")
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
        code, _, err = kw.scan(serial, "--units", "1-6")
        assert code == 1 and "wrong speed" in err
        code, out, err = kw.scan(serial, "--units", "1-6", "--search", "--json")
    finally:
        plant.stop()
    assert code == 0, err
    result = json.loads(out)
    assert result["settings"] == "9600 8N1"
    assert [(e["unit"], e["settings"], e["proposals"][0]["profile"]) for e in result["found"]] == [
        (4, "9600 8N1", "eastron_sdm630")]
