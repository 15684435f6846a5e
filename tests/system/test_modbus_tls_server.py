# SPDX-License-Identifier: Apache-2.0
"""The Modbus/TCP Security server with TLS of others, and with our own lines."""

import socket
import ssl
import struct
import subprocess

import gateway as kw
import pytest
from conftest import tcp_port
from peer import Peer
from pki import Pki
from test_modbus_tls import Program
from test_supervisor import BOUNDARIES, KNOWN_HOLES, writes

READ = struct.pack(">BHH", 4, 0, 2)  # voltage L1-N of an SDM630
WRITE = struct.pack(">BHH", 6, 12, 1)


class Site:
    def __init__(self, folder):
        self.pki = Pki(folder / "pki")
        self.pki.authority("other")
        self.pki.server("server")
        for role in ("viewer", "operator", "visitor"):
            self.pki.client(role, role=role)
        self.pki.client("nobody")
        self.pki.client("stranger", role="viewer", issuer="other")
        self.pki.client("expired", role="viewer", expired=True)
        self.pki.server("misused")
        self.plant = kw.Plant(folder / "plant", tcp=["0:1=eastron_sdm630"])
        self.plant.command("freeze")
        self.gateway = kw.Gateway(folder, f"""
lines:
  - {{ name: net, tcp: {{ host: 127.0.0.1, port: {tcp_port(self.plant)} }} }}
meters:
  - {{ name: m, line: net, unit: 1, profile: eastron_sdm630, every: 200ms }}
http: {{ listen: "127.0.0.1:0" }}
supervisor:
  tls:
    listen: "127.0.0.1:0"
    certificate: {self.pki.crt("server")}
    key: {self.pki.key("server")}
    authorities: {self.pki.crt("ca")}
    roles:
      - {{ name: viewer }}
      - {{ name: operator, may: write }}
modbus_writes:
  allow: true
  rules:
    - {{ stations: 127.0.0.1, unit: 1, first: 12 }}
""")
        self.gateway.set_up()
        kw.wait_for(lambda: self.gateway.points()["m.voltage_l1_n"]["quality"] == "good")

    def port(self):
        status, body = self.gateway.ask("GET", "/supervisor")
        assert status == 200
        return next(listener["port"] for listener in body["listeners"])

    def close(self):
        if self.gateway.process.poll() is None:
            self.gateway.kill()
        self.plant.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    try:
        yield made
        assert made.gateway.stop() == 0, made.gateway.text()
    finally:
        made.close()


def context_of(site, client, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(site.pki.crt("ca"))
    if client:
        context.load_cert_chain(site.pki.crt(client), site.pki.key(client))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def ask(site, client, *pdus, version=None):
    """The answers' PDUs, over one connection."""
    answers = []
    with socket.create_connection(("127.0.0.1", site.port()), timeout=10) as plain, \
            context_of(site, client, version).wrap_socket(
                plain, server_hostname="127.0.0.1") as secure:
        for pdu in pdus:
            secure.sendall(struct.pack(">HHHB", 7, 0, len(pdu) + 1, 1) + pdu)
            head = b""
            while len(head) < 7:
                got = secure.recv(7 - len(head))
                if not got:
                    raise ConnectionError("closed")
                head += got
            answers.append(secure.recv(struct.unpack(">HHHB", head)[2] - 1))
    return answers


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("client", [None, "stranger", "expired", "misused"])
def test_refused_without_a_good_certificate(site, client, version):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(site, client, READ, version=version)


@pytest.mark.parametrize("options,says", [
    ([], "certificate required"),
    (["-tls1_2"], "handshake failure"),
    (["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], "protocol version"),
    (["-cert", "stranger.crt", "-key", "stranger.key"], "unknown ca"),
])
def test_openssl_s_client(site, options, says):
    """The alerts by which another TLS knows why."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{site.port()}", "-ign_eof", *options],
        cwd=site.pki.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert says in done.stderr.decode(errors="replace")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_roles(site, version):
    """Who may what: read, write, nothing."""
    before = site.gateway.metric("supervisor", "writes_total")
    read, written = ask(site, "viewer", READ, WRITE, version=version)
    assert read[:2] == b"\x04\x04"
    assert written == b"\x86\x01"
    for client in ("visitor", "nobody"):
        assert ask(site, client, READ, WRITE, version=version) == [b"\x84\x01", b"\x86\x01"]
    assert site.gateway.metric("supervisor", "writes_total") == before
    read, written = ask(site, "operator", READ, WRITE, version=version)
    assert read[:2] == b"\x04\x04"
    assert written == b"\x86\x01"  # of the meter: it was asked
    assert site.gateway.metric("supervisor", "writes_total") == before + 1


@pytest.mark.parametrize("client", ["viewer", "operator"])
def test_nothing_else_is_written(site, client):
    """Whoever may write writes what the rules name, and nothing beside it."""
    config = site.gateway.ask("GET", "/config")
    values = site.plant.command(f"values {tcp_port(site.plant)} 1")
    written = site.gateway.metric("supervisor", "writes_total")
    pdus = [pdu for address, value in [(at, 1) for at in BOUNDARIES] + KNOWN_HOLES
            for pdu in writes(address, value)]
    assert ask(site, client, *pdus) == [bytes([pdu[0] | 0x80, 1]) for pdu in pdus]
    assert site.gateway.metric("supervisor", "writes_total") == written
    assert site.gateway.ask("GET", "/config") == config
    assert site.plant.command(f"values {tcp_port(site.plant)} 1") == values


def test_nothing_is_resumed(site):
    """A session that is offered again is a new one."""
    context = context_of(site, "viewer", ssl.TLSVersion.TLSv1_2)
    session = None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", site.port()), timeout=10) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1",
                                    session=session) as secure:
            session = secure.session
            assert not secure.session_reused


def test_pymodbus(site):
    """Through socat's TLS: pymodbus's own has another framing in each version."""
    port = kw.free_port()
    pki = site.pki
    with Program("socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork",
                 f"OPENSSL:127.0.0.1:{site.port()},cert={pki.crt('viewer')},"
                 f"key={pki.key('viewer')},cafile={pki.crt('ca')},verify=1"):
        kw.wait_for(lambda: kw.listens(port))
        with Peer(port) as peer:
            got = peer.read(4, 0, 2, 1)
            refused = peer.write(6, 12, 1, 1)

    true = site.plant.command(f"values {tcp_port(site.plant)} 1")["points"]
    raw = next(p["raw"] for p in true if p["quantity"] == "voltage_l1_n")
    assert f"{got.registers[0]:04X}{got.registers[1]:04X}" == raw
    assert refused.exception_code == 1


@pytest.mark.parametrize("client,good", [("viewer", True), ("nobody", False)])
def test_our_line_reads_our_server(site, tmp_path, client, good):
    """A gateway below a gateway: all points the same, or all refused."""
    below = kw.Gateway(tmp_path, f"""
lines:
  - name: up
    tcp:
      host: 127.0.0.1
      port: {site.port()}
      tls:
        authorities: {site.pki.crt("ca")}
        certificate: {site.pki.crt(client)}
        key: {site.pki.key(client)}
meters:
  - {{ name: m, line: up, unit: 1, profile: eastron_sdm630, every: 200ms }}
http: {{ listen: "127.0.0.1:0" }}
""")
    try:
        if good:
            def same():
                theirs, ours = site.gateway.points(), below.points()
                return ours and all(point["value"] == theirs[name]["value"]
                                    for name, point in ours.items())
            kw.wait_for(same, 20, 0.1)
        else:
            kw.wait_for(lambda: {p["quality"] for p in below.points().values()} ==
                        {"bad_exception"}, 20, 0.1)
        assert below.stop() == 0
    finally:
        if below.process.poll() is None:
            below.kill()
