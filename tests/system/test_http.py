# SPDX-License-Identifier: Apache-2.0
"""The edges of HTTP and TLS, over real sockets."""

import socket
import ssl

import pytest


def exchange(site, request, version=None):
    """Sends bytes over TLS, reads to the end (or 5 s)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as sock:
            sock.sendall(request)
            answer = b""
            try:
                while chunk := sock.recv(65536):
                    answer += chunk
            except (TimeoutError, OSError):
                pass
    return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


@pytest.mark.parametrize("request_bytes, expected", [
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 17 * 1024 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 70 + b"\r\n", 431),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
     b"Content-Length: 70000\r\n\r\n", 413),
], ids=["two hosts", "no host", "space before colon", "bare line feed", "version 0.9",
        "length and chunked", "header block", "header count", "request line", "body"])
def test_refused_and_closed(site, request_bytes, expected):
    answer = exchange(site, request_bytes)
    assert status_of(answer) == expected, answer[:200]
    assert b"Connection: close" in answer or b"connection: close" in answer


def test_only_the_first_of_a_smuggled_pair_runs(site):
    answer = exchange(site, b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\n"
                            b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n"
                            b"GET /api/v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1 and status_of(answer) == 400


def test_methods_are_declared(site):
    for method in ("TRACE", "PATCH", "OPTIONS"):
        answer, _ = site.client().raw(method, "/api/v1/health")
        assert answer.status in (400, 405, 501), method


def test_old_tls_is_refused(site):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as raw:
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(raw, server_hostname="localhost")


def test_plain_http_gets_nothing(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            assert b"HTTP/" not in raw.recv(1000)
        except OSError:
            pass


def test_static_files_have_tags_and_twins(site):
    answer, page = site.client().raw("GET", "/")
    assert answer.status == 200 and b"<!doctype html>" in page.lower()
    tag = answer.getheader("ETag")
    again, _ = site.client().raw("GET", "/", headers={"If-None-Match": tag})
    assert again.status == 304
    packed, body = site.client().raw("GET", "/", headers={"Accept-Encoding": "br, gzip"})
    assert packed.getheader("Content-Encoding") == "br" and body != page
