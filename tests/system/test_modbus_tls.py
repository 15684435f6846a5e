# SPDX-License-Identifier: Apache-2.0
"""Modbus/TCP Security against TLS that is not ours: socat before the plant, Python's,
openssl s_server."""

import socketserver
import ssl
import struct
import subprocess
import threading

import gateway as kw
import pytest
from conftest import tcp_port
from pki import Pki

MAP = """quantity,function,address,registers,type,word_order,multiplier,unit,class,na,formula,note,source
voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,
"""


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.authority("other")
    made.server("meter")
    made.server("stranger", issuer="other")
    made.server("namesake", alt="DNS:elsewhere")
    made.client("gateway", role="operator")
    return made


def config(pki, port, profile, client="gateway"):
    own = f"certificate: {pki.crt(client)}, key: {pki.key(client)}" if client else ""
    return f"""
lines:
  - name: safe
    timeout: 500ms
    tcp:
      host: 127.0.0.1
      port: {port}
      tls: {{ authorities: {pki.crt("ca")}, {own} }}
meters:
  - {{ name: m, line: safe, unit: 1, profile: {profile}, every: 200ms }}
http: {{ listen: "127.0.0.1:0" }}
"""


class Registers(socketserver.StreamRequestHandler):
    """Modbus/TCP Security, function 3 alone: each register has its address as its value."""

    def setup(self):
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        while len(request := self.rfile.read(12)) == 12:
            transaction, unit, first, count = struct.unpack(">H4xBxHH", request)
            self.wfile.write(struct.pack(f">HHHBBB{count}H", transaction, 0, 3 + 2 * count, unit, 3,
                                         2 * count, *range(first, first + count)))


class Program:
    """Another program that listens; ended at the end."""

    def __init__(self, *args):
        self.process = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()


def line(gateway):
    status, body = gateway.ask("GET", "/meters")
    assert status == 200
    return body["lines"][0]


def reads(gateway, name):
    def good():
        point = gateway.points().get(f"m.{name}")
        return point is not None and point["quality"] == "good" and point
    return kw.wait_for(good, 20)


def run(tmp_path, text, what, state=None):
    gateway = kw.Gateway(tmp_path, text, state=state)
    try:
        what(gateway)
        assert gateway.stop() == 0
    finally:
        if gateway.process.poll() is None:
            gateway.kill()


@pytest.mark.parametrize("version", ["TLS1.2", "TLS1.3"])
def test_terminator_before_the_plant(tmp_path, pki, version):
    plant = kw.Plant(tmp_path / "plant", tcp=["0:1=eastron_sdm630"])
    port = kw.free_port()
    listen = (f"OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,cert={pki.crt('meter')},"
              f"key={pki.key('meter')},cafile={pki.crt('ca')},verify=1,"
              f"openssl-min-proto-version={version},openssl-max-proto-version={version}")
    try:
        with Program("socat", listen, f"TCP:127.0.0.1:{tcp_port(plant)}"):
            run(tmp_path, config(pki, port, "eastron_sdm630"),
                lambda gateway: reads(gateway, "voltage_l1_n"))
    finally:
        plant.stop()


def test_python(tmp_path, pki):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.crt("meter"), pki.key("meter"))
    context.load_verify_locations(pki.crt("ca"))
    context.verify_mode = ssl.CERT_REQUIRED
    state = tmp_path / "state"
    (state / "meters").mkdir(parents=True)
    (state / "meters" / "one.csv").write_text(MAP)

    def check(gateway):
        assert reads(gateway, "voltage_l1_n")["value"] == 100

    with socketserver.TCPServer(("127.0.0.1", 0), Registers) as server:
        server.context = context
        threading.Thread(target=server.serve_forever).start()
        try:
            run(tmp_path, config(pki, server.server_address[1], "one"), check, state=state)
        finally:
            server.shutdown()


@pytest.mark.parametrize("client,server,options,text", [
    ("gateway", "stranger", [], "is not signed by an authority in"),
    ("gateway", "namesake", [], "is made out to elsewhere, expected 127.0.0.1"),
    ("gateway", "meter", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
     "offers no TLS 1.2 or newer"),
    ("", "meter", ["-Verify", "1", "-verify_return_error"], "wants a certificate of ours"),
    ("", "meter", ["-Verify", "1", "-verify_return_error", "-tls1_2"],
     "refuses the connection"),
])
def test_refused(tmp_path, pki, client, server, options, text):
    port = kw.free_port()

    def check(gateway):
        def down():
            shown = line(gateway)
            return shown["state"] == "down" and text in shown["text"]
        kw.wait_for(down, 20)

    with Program("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet",
                 "-cert", pki.crt(server), "-key", pki.key(server), "-CAfile", pki.crt("ca"),
                 *options):
        run(tmp_path, config(pki, port, "eastron_sdm630", client), check)


def test_files_are_checked(tmp_path, pki):
    text = config(pki, 802, "eastron_sdm630").replace("gateway.key", "meter.key")
    path = tmp_path / "kilowatch.yaml"
    path.write_text(text)
    done = subprocess.run([kw.KILOWATCH, "check", "--config", path, "--share", kw.CONF],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "kilowatch.yaml:8:" in done.stderr
    assert "lines[0].tcp.tls.key" in done.stderr and "key values mismatch" in done.stderr
