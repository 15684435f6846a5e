# SPDX-License-Identifier: Apache-2.0
"""The Modbus server read by other implementations: mbpoll and pymodbus."""

import csv
import io
import re
import shutil
import socket
import struct
import subprocess

import gateway as kw
import pytest
from conftest import tcp_port
from peer import Peer
from test_values import PROFILES as SHIPPED
from test_values import differences, map_of_types

# The last one has each type in each order of its bytes.
PROFILES = [*SHIPPED, "each_type"]

# Registers of the reference product that a stranger could write (facts of its
# advisories): factory reset, new address, USB port. All must be refused.
KNOWN_HOLES = [(57856, 229), (57856, 161), (58112, 1000), (29440, 2), (4352, 1), (57872, 1),
               (57872, 4)]
BOUNDARIES = [0, 1, 99, 100, 255, 256, 1000, 4351, 4352, 4353, 29440, 32767, 32768, 50000, 57344,
              57856, 57857, 57872, 58112, 65534, 65535]


def port_of(gateway, service):
    status, body = gateway.ask("GET", "/supervisor")
    assert status == 200
    return next(l["port"] for l in body["listeners"] if l["service"] == service)


def rows_of(profile):
    """The rows of a map."""
    text = map_of_types() if profile == "each_type" else (
        kw.CONF / "meters" / f"{profile}.csv").read_text()
    return list(csv.DictReader(io.StringIO(
        "".join(line for line in text.splitlines(True) if not line.startswith("#")))))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """One meter of every map, served on ports of their own."""
    folder = tmp_path_factory.mktemp("library")
    maps = folder / "maps"
    shutil.copytree(kw.CONF / "meters", maps)
    (folder / "state" / "meters").mkdir(parents=True)
    for place in (maps, folder / "state" / "meters"):
        (place / "each_type.csv").write_text(map_of_types())
    plant = kw.Plant(folder / "plant", maps=maps,
                     tcp=["0:" + ",".join(f"{i + 1}={p}" for i, p in enumerate(PROFILES))])
    plant.command("freeze")
    plant.command("pattern")
    meters = "".join(
        f"  - {{ name: m{i + 1}, line: net, unit: {i + 1}, profile: {p}, every: 200ms }}\n"
        for i, p in enumerate(PROFILES))
    gateway = kw.Gateway(folder, f"""
lines:
  - {{ name: net, tcp: {{ host: 127.0.0.1, port: {tcp_port(plant)} }} }}
meters:
{meters}http: {{ listen: "127.0.0.1:0" }}
supervisor:
  tcp: {{ listen: "127.0.0.1:0" }}
  rtu_tcp: {{ listen: "127.0.0.1:0" }}
  bridge: [ m1 ]
""")
    gateway.plant, gateway.maps = plant, maps
    try:
        gateway.admin = gateway.set_up()
        kw.wait_for(lambda: all(
            p["quality"] not in ("bad_never", "uncertain_stale")
            for p in gateway.points().values()), 30, 0.2)
        yield gateway
        assert gateway.stop() == 0, gateway.text()
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
        plant.stop()


def mbpoll_registers(port, unit, function, address, count):
    """Registers as mbpoll prints them."""
    run = subprocess.run(
        ["mbpoll", "-m", "tcp", "-p", str(port), "-a", str(unit), "-t", str({3: 4, 4: 3}[function]),
         "-0", "-r", str(address), "-c", str(count), "-1", "-q", "-o", "10", "127.0.0.1"],
        capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return [int(found) for found in re.findall(r"^\[\d+\]:\s+(\d+)", run.stdout, re.M)]


def read_registers(peer, function, address, count, unit):
    answer = peer.read(function, address, count, unit)
    return None if answer.isError() else answer.registers


@pytest.mark.parametrize("mode", ["pattern", "clear"])
def test_every_map(library, mode):
    """Registers of the plant and of the server agree by two clients and both
    functions; the gateway's values are the plant's."""
    library.plant.command("freeze")
    library.plant.command(mode)
    # The first value of a counter is taken as it is, a jump is believed only after minutes.
    assert library.stop() == 0, library.text()
    library.start()
    library.admin.port = library.port
    port = port_of(library, "modbus_tcp")
    compared, kinds = 0, set()
    with Peer(port) as client, Peer(tcp_port(library.plant)) as direct:
        for unit, profile in enumerate(PROFILES, 1):
            # Not what is computed; and texts are read once a connection.
            rows = [row for row in rows_of(profile) if row["address"] and (
                mode == "pattern" or not row["quantity"].startswith("info_"))]
            used = {int(row["function"]) for row in rows}
            for at, row in enumerate(rows):
                function = int(row["function"])
                address, count = int(row["address"]), int(row["registers"])
                alike = (3, 4) if len(used) == 1 else (function,)

                def agrees():
                    true = read_registers(direct, function, address, count, unit)
                    return true and all(read_registers(client, f, address, count, unit) == true
                                        for f in alike) and true

                try:
                    registers = kw.wait_for(agrees, 10, 0.05)
                except AssertionError:
                    raise AssertionError(f"{profile}: {row['quantity']}") from None
                compared += 1
                form = (row["type"], row["word_order"])
                if at % 5 == 0 or form not in kinds:  # a program for each read: not for all
                    kinds.add(form)
                    for f in alike:
                        assert mbpoll_registers(port, unit, f, address, count) == registers
    meters = [(f"m{unit}", tcp_port(library.plant), unit, profile)
              for unit, profile in enumerate(PROFILES, 1)]
    kw.wait_for(lambda: not differences(library, library.plant, meters, library.maps)[0], 10, 0.2)
    assert compared > 550 and len(kinds) >= 60, (compared, len(kinds))


def test_points(library):
    """The register list leads to the values that the API shows."""
    status, table = library.ask("GET", "/supervisor/registers")
    assert status == 200 and len(table["registers"]) == len(library.points())
    compared = 0
    with Peer(port_of(library, "modbus_tcp")) as client:
        for row in table["registers"]:

            def agrees():
                value = library.points()[row["point"]]["value"]
                f32 = client.read(3, row["address"], 2, table["unit"])
                good = client.read(2, row["input"], 1, table["unit"])
                if value is None:
                    return f32.isError() and f32.exception_code == 11 and not good.bits[0]
                f64 = client.read(4, row["f64_address"], 4, table["f64_unit"])
                if f32.isError() or f64.isError() or not good.bits[0]:
                    return False
                single = struct.unpack(">f", struct.pack(">HH", *f32.registers))[0]
                double = struct.unpack(">d", struct.pack(">HHHH", *f64.registers))[0]
                return double == value and single == struct.unpack("f", struct.pack("f", value))[0]

            if compared % 3 == 0:
                kw.wait_for(agrees, 10, 0.05)
            compared += 1
    answer, text = library.admin.raw("GET", "/api/v1/supervisor/registers", headers={
        "Accept": "text/csv", "Cookie": library.admin.cookie,
        "Origin": f"https://127.0.0.1:{library.port}"})
    assert answer.status == 200 and answer.getheader("Content-Type").startswith("text/csv")
    listed = list(csv.DictReader(io.StringIO(text.decode())))
    assert [r["point"] for r in listed] == [r["point"] for r in table["registers"]]
    assert [int(r["address"]) for r in listed] == [r["address"] for r in table["registers"]]


def test_bridge(library):
    """A register of meter m1 that its map doesn't have comes from the meter."""
    used = {a for row in rows_of(PROFILES[0]) if row["address"]
            for a in range(int(row["address"]), int(row["address"]) + int(row["registers"]))}
    address = next(a for a in range(1, 60000) if not used & set(range(a - 40, a + 40)))
    with Peer(port_of(library, "modbus_tcp")) as client, Peer(tcp_port(library.plant)) as direct:
        there = direct.read(3, address, 2, 1)
        here = client.read(3, address, 2, 1)
        assert here.isError() == there.isError()
        if there.isError():
            assert here.exception_code == there.exception_code
        else:
            assert here.registers == there.registers
        assert client.read(3, 65000, 2, 2).exception_code == 2


# --- SEC-57: nothing can be written, on any transport

def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Raw:
    """Frames of any kind on one connection."""

    def __init__(self, port, rtu):
        self.rtu = rtu
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.file = self.sock.makefile("rb")

    def ask(self, unit, pdu):
        """The PDU of the answer."""
        if self.rtu:
            frame = bytes([unit]) + pdu
            self.sock.sendall(frame + crc(frame))
            head = self.file.read(3)
            assert head[0] == unit
            rest = self.file.read(2 if head[1] & 0x80 else head[2] + 2)
            return head[1:] + rest[:-2]
        self.sock.sendall(struct.pack(">HHHB", 7, 0, len(pdu) + 1, unit) + pdu)
        head = self.file.read(7)
        return self.file.read(struct.unpack(">HHHB", head)[2] - 1)

    def close(self):
        self.file.close()
        self.sock.close()


def writes(address, value):
    """The requests that would change something at an address."""
    yield struct.pack(">BHH", 5, address, 0xFF00)
    yield struct.pack(">BHH", 5, address, value)
    yield struct.pack(">BHH", 6, address, value)
    yield struct.pack(">BHHBB", 15, address, 1, 1, 1)
    yield struct.pack(">BHHBH", 16, address, 1, 2, value)
    yield struct.pack(">BHHBHH", 16, address, 2, 4, value, value)
    yield struct.pack(">BHHH", 22, address, 0, value)
    yield struct.pack(">BHHHHBH", 23, address, 1, address, 1, 2, value)


def identify():
    for code in (1, 2, 3, 4):
        for first in (0, 1, 0x80, 0xFF):
            yield bytes([43, 14, code, first])
    for pdu in (b"\x11", b"\x07", b"\x0b", b"\x0c", b"\x08\0\1\0\0", b"\x08\0\4\0\0",
                b"\x08\0\x0a\0\0", b"\x18\0\0"):
        yield pdu


@pytest.mark.parametrize("service", ["modbus_tcp", "modbus_rtu_tcp"])
def test_read_only(library, service):
    before = library.ask("GET", "/config")
    plant_before = library.plant.command("values %d 1" % tcp_port(library.plant))
    raw = Raw(port_of(library, service), service == "modbus_rtu_tcp")
    cases = [(address, 1) for address in BOUNDARIES] + KNOWN_HOLES
    cases += [(address, 0xFFFF) for address in range(0, 65536, 1021)]
    asked = 0
    for unit in (1, 2, 200, 254, 255):
        for address, value in cases:
            for pdu in writes(address, value):
                answer = raw.ask(unit, pdu)
                assert answer == bytes([pdu[0] | 0x80, 1]), (unit, pdu, answer)
                asked += 1
        for pdu in identify():
            assert raw.ask(unit, pdu) == bytes([pdu[0] | 0x80, 1])
    # It still answers, and nothing has changed: not here, not in a meter.
    assert raw.ask(255, struct.pack(">BHH", 2, 1, 1))[0] == 2
    raw.close()
    assert asked > 3000
    assert library.ask("GET", "/config") == before
    library.plant.command("clear")
    assert library.plant.command("values %d 1" % tcp_port(library.plant)) == plant_before
    assert library.text().count("refused") < 20  # a sweep fills no log


# --- SEC-61 and F12: limits

def test_flood(library):
    """Hundreds of connections and half frames do not keep out who works."""
    port = port_of(library, "modbus_tcp")
    works = [Raw(port, False) for _ in range(4)]
    request = struct.pack(">BHH", 2, 1, 1)
    for raw in works:
        assert raw.ask(255, request)[0] == 2
    flood = []
    for number in range(400):
        sock = socket.socket()
        sock.bind((f"127.0.1.{number % 200 + 1}", 0))
        sock.settimeout(5)
        sock.connect(("127.0.0.1", port))
        try:
            sock.sendall(b"\0\1\0\0\0\6" if number % 3 else b"\xff" * 64)
        except OSError:
            pass
        flood.append(sock)
        if number % 20 == 0:
            for raw in works:
                assert raw.ask(255, request)[0] == 2
    status, body = library.ask("GET", "/supervisor")
    assert status == 200 and len(body["connections"]) <= 16
    assert body["counters"]["given_up"] + body["counters"]["garbled"] > 100
    for raw in works:
        assert raw.ask(255, request)[0] == 2
        raw.close()
    for sock in flood:
        sock.close()


def test_pymodbus_errors(library):
    """Exceptions as another implementation reads them."""
    with Peer(port_of(library, "modbus_tcp")) as client:
        for answer, code in (
                (client.read(3, 65000, 2, 2), 2),
                (client.read(3, 0, 1, 99), 10),
                (client.write(6, 57856, 229, 1), 1),
                (client.write(5, 0, True, 255), 1)):
            assert answer.isError() and answer.exception_code == code


# --- off by default, and refused before the set-up

def test_closed(tmp_path):
    text = """
lines: []
meters: []
http: {{ listen: "127.0.0.1:0" }}
supervisor: {{ tcp: {{ listen: "127.0.0.1:{port}" }} }}
"""
    port = kw.free_port()
    gateway = kw.Gateway(tmp_path, text.format(port=port))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            assert sock.recv(100) == b""  # the one-time password waits
        gateway.set_up()
        raw = Raw(port, False)
        assert raw.ask(1, struct.pack(">BHH", 3, 0, 1)) == b"\x83\x0a"
        raw.close()
        status, _ = gateway.ask("GET", "/supervisor")
        assert status == 200
        assert gateway.stop() == 0
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
