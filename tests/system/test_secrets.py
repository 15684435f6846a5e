# SPDX-License-Identifier: Apache-2.0
"""What people send in confidence does not stay in the gateway's memory."""

import re

import pytest

import gateway as kw


def memory(pid):
    """The writable memory of a process, region by region."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+ *(.*)", line)
            if not found or found[3].startswith(("[vvar", "[vsyscall")):
                continue
            first, last = int(found[1], 16), int(found[2], 16)
            try:
                mem.seek(first)
                yield found[3] or "heap", mem.read(last - first)
            except OSError:  # a guard page, or a sparse file
                continue


def places(pid, text):
    """Where the text still is: names of regions with what stands around it."""
    wanted = text.encode()
    return [(name, data[max(0, data.find(wanted) - 40):data.find(wanted) + 60])
            for name, data in memory(pid) if wanted in data]


@pytest.fixture
def gateway(tmp_path):
    gateway = kw.Gateway(tmp_path, "http: { listen: \"127.0.0.1:0\" }\n")
    try:
        memory_is_open = next(memory(gateway.process.pid), None)
    except PermissionError:
        memory_is_open = None
    if memory_is_open is None:
        gateway.stop()
        pytest.skip("the memory of another process can't be read here")
    yield gateway
    assert gateway.stop() == 0, gateway.text()


def test_passwords_do_not_stay(gateway):
    pid = gateway.process.pid
    admin = gateway.set_up()
    wrong = "umbrella glacier 7193 mandolin"
    stranger = gateway.client()
    assert stranger.log_in("anna", wrong) == 401
    assert stranger.log_in("nobody at all", wrong) == 401
    fresh = "saxophone meadow 5527 teaspoon"
    status, body = admin.call("PUT", "/account/password",
                              {"current": kw.ADMIN_PASSWORD, "new": fresh})
    assert status == 204, body
    # half a request: what was read of it goes with its connection
    status, body = admin.call("GET", "/session")
    assert status == 200
    for text in (wrong, fresh, kw.PASSWORD, kw.ADMIN_PASSWORD):
        assert places(pid, text) == []


def test_an_odd_body_does_not_stay(gateway):
    """Refused bodies are wiped as well: not JSON, wrong keys, escapes."""
    client = gateway.client()
    marker = "periwinkle 8841 locomotive"
    headers = {"Origin": f"https://127.0.0.1:{client.port}",
               "Content-Type": "application/json"}
    for body in ('{"user": "anna", "password": "%s"' % marker,
                 '{"user": "anna", "pass": "%s"}' % marker,
                 '{"user": "%s", "password": ["%s"]}' % (marker, marker),
                 '"%s"' % marker):
        answer, _ = client.raw("POST", "/api/v1/session", body, headers)
        assert answer.status in (400, 422)
    assert places(gateway.process.pid, marker) == []


def test_session_tokens_do_not_stay(gateway):
    """The server keeps digests: the cookie itself is the browser's alone."""
    admin = gateway.set_up()
    token = admin.cookie.split("=", 1)[1]
    status, _ = admin.call("GET", "/session")
    assert status == 200
    assert places(gateway.process.pid, token) == []
