#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What does TLS cost the web server, beside nginx?

usage: bench/tls.py [--build DIR] [--rounds N] [--connections N] [--idle N]

Starts the gateway and nginx (one worker) with the same P-256 certificate on loopback and asks
both in turn, round by round, so that the machine's drift meets both:

  full       a new connection without a session, one request for a small answer
  resumed    the same with the ticket of the connection before, each ticket used once, as
             browsers do (RFC 8446, C.4); the share that was resumed is printed
  idle       anonymous memory of a connection that has answered one request and idles

CPU time is that of all threads from the scheduler's counters. Prints the median of each server,
and the median and range of the ratio round by round.
"""

import argparse
import pathlib
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import gateway as kw  # noqa: E402
from demo import anonymous_kib  # noqa: E402
from tcp_scale import cpu_s  # noqa: E402

REQUEST = b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_timeout 600s; keepalive_requests 1000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {cert}; ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on;
    server {{
        listen 127.0.0.1:{port} ssl;
        location / {{ default_type application/json; return 200 '{{"status":"ok"}}'; }}
    }}
}}
"""


class Nginx:
    """nginx in a folder of its own; pid is its worker's."""

    def __init__(self, folder, cert, key):
        folder.mkdir()
        self.port = kw.free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, cert=cert, key=key, port=self.port))
        self.process = subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", config])
        kw.wait_for(lambda: self.listens())
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        self.pid = int(kw.wait_for(lambda: pathlib.Path(children).read_text().split())[0])

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def connect(context, port, session=None):
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock = context.wrap_socket(sock, session=session)
    sock.sendall(REQUEST % port)
    if not sock.recv(4096).startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"port {port} did not answer 200")
    return sock


def connections(context, server, count, resume):
    """CPU microseconds a connection, share of resumed ones."""
    session, used, resumed = None, None, 0
    if resume:
        with connect(context, server.port) as sock:
            session = sock.session
    before = cpu_s(server.pid)
    for _ in range(count):
        with connect(context, server.port, session) as sock:
            resumed += sock.session_reused
            used, session = session, sock.session if resume else None
            if used and session and used.id == session.id:
                session = None  # no new ticket came: the next one is a full handshake
    return (cpu_s(server.pid) - before) / count * 1e6, resumed / count


def idle_kib(context, server, count):
    """Anonymous KiB a connection that idles."""
    before = anonymous_kib(server.pid)
    held = [connect(context, server.port) for _ in range(count)]
    each = (anonymous_kib(server.pid) - before) / count
    for sock in held:
        sock.close()
    return each


def show(name, unit, rows, note=""):
    ratios = sorted(ours / theirs for ours, theirs in rows)
    print(f"{name:8} gateway {statistics.median(r[0] for r in rows):7.1f} {unit}, "
          f"nginx {statistics.median(r[1] for r in rows):7.1f} {unit}, "
          f"ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}){note}",
          flush=True)


def measure(servers, args):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for server in servers:
        connections(context, server, 50, True)  # both warm
    show("idle", "KiB", [[idle_kib(context, server, args.idle) for server in servers]])
    for name, resume in (("full", False), ("resumed", True)):
        rows, shares = [], []
        for _ in range(args.rounds):
            both = [connections(context, server, args.connections, resume)
                    for server in servers]
            rows.append([row[0] for row in both])
            shares.append([row[1] for row in both])
        share = [statistics.mean(row[i] for row in shares) for i in (0, 1)]
        show(name, "us", rows, f"; resumed {share[0]:.3f} and {share[1]:.3f}" if resume else "")


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, default=300)
    parser.add_argument("--idle", type=int, default=200)
    args = parser.parse_args()
    if shutil.which("nginx") is None:
        raise SystemExit("nginx is not installed (Debian: nginx-light)")
    kw.KILOWATCH = args.build / "kilowatch"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        gateway = kw.Gateway(folder / "gateway", 'http: { listen: ["127.0.0.1:0"] }\n')
        gateway.set_up()
        gateway.pid = gateway.process.pid
        nginx = Nginx(folder / "nginx", gateway.state / "tls" / "server.crt",
                      gateway.state / "tls" / "server.key")
        try:
            measure((gateway, nginx), args)
        finally:
            nginx.stop()
            gateway.stop()


if __name__ == "__main__":
    main()
