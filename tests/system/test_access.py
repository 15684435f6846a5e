# SPDX-License-Identifier: Apache-2.0
"""Who gets in: the matrix over the route rows, the first start, sessions."""

import re

import gateway as kw

PUBLIC = {("GET", "/health"), ("POST", "/session"), ("GET", "/setup")}


def routes(site):
    status, body = site.ask("GET", "/openapi.json")
    assert status == 200
    for path, operations in body["paths"].items():
        for method, row in operations.items():
            yield method.upper(), path, row["x-permission"]


def test_every_route_refuses_strangers(site):
    """Generated from the rows: 401 without a session but the public ones."""
    seen = 0
    for method, path, permission in routes(site):
        stranger = site.client()
        target = re.sub(r"\{[^}]*\}", "1", path)
        status, body = stranger.call(method, target, {} if method != "GET" else None)
        if (method, path) in PUBLIC:
            assert permission == "public", (method, path)
            assert status != 401 or body["key"] == "login_failed", (method, path, body)
        else:
            assert permission != "public", (method, path)
            assert status == 401, (method, path, status, body)
        seen += 1
    assert seen >= 20


def test_unknown_paths_say_nothing_to_strangers(site):
    status, _ = site.client().call("GET", "/no/such/route")
    assert status == 401
    status, _ = site.admin.call("GET", "/no/such/route")
    assert status == 404


def test_public_health_is_bare(site):
    assert site.client().call("GET", "/health") == (200, {"status": "ok"})


def test_log_in_as_both_accounts(site):
    client = site.client()
    assert client.log_in("anna", kw.ADMIN_PASSWORD) == 201
    assert client.call("GET", "/session")[1]["profile"] == "admin"
    assert client.log_in("security", kw.PASSWORD) == 201
    assert client.call("GET", "/session")[1]["profile"] == "cyber_security"
    assert client.call("DELETE", "/session")[0] == 204
    assert client.call("GET", "/session")[0] == 401


def test_one_time_password_is_gone(site):
    assert not (site.state / "one-time-password").exists()
    assert site.client().call("GET", "/setup") == (200, {"required": False})


def test_wrong_password_and_unknown_user_look_alike(site):
    answers = []
    for user in ("anna", "nobody"):
        answers.append(site.client().call("POST", "/session",
                                          {"user": user, "password": "wrong wrong wrong"}))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


def test_state_changes_need_the_token_and_the_origin(site):
    client = site.admin
    for headers in ({"X-CSRF-Token": "0" * 32}, {"Origin": "https://evil.example"},
                    {"Origin": "null"}, {"Content-Type": "text/plain"},
                    {"Sec-Fetch-Site": "cross-site"}):
        status, _ = client.call("PUT", "/config/site", {"name": "x"},
                                {"If-Match": '"1"', **headers})
        assert status in (403, 415), headers
    assert client.call("GET", "/site")[1]["name"] == "Test"


def test_profiles_are_kept_apart(site):
    """Cyber security may not alter the metering set-up."""
    client = site.client()
    assert client.log_in("security", kw.PASSWORD) == 201
    status, body = client.call("PUT", "/config/site", {"name": "x"}, {"If-Match": '"1"'})
    assert (status, body["key"]) == (403, "section_denied")


def test_headers_stand_on_every_answer(site):
    for method, path in (("GET", "/"), ("GET", "/api/v1/points"), ("GET", "/nothing.js"),
                         ("TRACE", "/"), ("POST", "/api/v1/session")):
        answer, _ = site.client().raw(method, path)
        assert "max-age" in answer.getheader("Strict-Transport-Security"), path
        policy = answer.getheader("Content-Security-Policy")
        assert "default-src 'none'" in policy and "unsafe-inline" not in policy
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Access-Control-Allow-Origin") is None
