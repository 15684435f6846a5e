# SPDX-License-Identifier: Apache-2.0
"""Values on their way out: points, live, history, configuration, figures."""

import http.client
import json
import re
import subprocess
import time

import gateway as kw


def test_points_and_meters(site):
    points = kw.wait_for(lambda: [p for p in site.points().values()
                                  if p["value"] is not None])
    names = {p["name"] for p in points}
    kw.wait_for(lambda: site.points()["kitchen.voltage_l1_n"]["quality"] == "good")
    assert "offices.active_power_total" in names
    status, body = site.admin.call("GET", "/meters")
    assert status == 200
    assert {m["name"] for m in body["meters"]} == {"kitchen", "offices"}
    assert all(m["uid"].startswith("m") for m in body["meters"])
    assert {line["state"] for line in body["lines"]} == {"up"}


def test_points_can_be_filtered_and_wrong_queries_are_refused(site):
    status, body = site.admin.call("GET", "/points?meter=kitchen&quantity=frequency")
    assert status == 200 and [p["name"] for p in body["points"]] == ["kitchen.frequency"]
    status, body = site.admin.call("GET", "/points?metre=kitchen")
    assert status in (400, 422) and "meter" in json.dumps(body)


def events(site, path, count, deadline_s=10):
    """The first count events of a stream."""
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=deadline_s,
                                             context=site.admin.context)
    connection.request("GET", "/api/v1" + path, headers={
        "Cookie": site.admin.cookie, "Accept": "text/event-stream",
        "Sec-Fetch-Site": "same-origin"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Content-Type").startswith("text/event-stream")
    found, name = [], None
    end = time.monotonic() + deadline_s
    while len(found) < count and time.monotonic() < end:
        line = answer.fp.readline().decode().strip()
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            found.append((name, json.loads(line[5:])))
    connection.close()
    return found


def test_live_values_flow(site):
    point = site.points()["offices.voltage_l1_n"]["id"]
    found = events(site, f"/live?points={point}", 5)
    assert [name for name, _ in found][:2] == ["hello", "values"]
    stamps = [row[1] for name, data in found if name == "values" for row in data["values"]]
    assert len(set(stamps)) >= 2
    assert all(row[0] == point for name, data in found if name == "values"
               for row in data["values"])


def test_history_raw_and_stepped_agree(site):
    def rows():
        return site.admin.call(
            "GET", "/history?points=offices.active_power_total")[1]["series"][0]["rows"]
    kw.wait_for(lambda: len(rows()) >= 10)
    now = int(time.time() * 1000)
    raw = site.admin.call(
        "GET", f"/history?points=offices.active_power_total&from={now - 3600000}&to={now}")[1]
    assert raw["step"] is None
    values = [(row[0], row[1]) for row in raw["series"][0]["rows"] if row[1] is not None]
    stepped = site.admin.call(
        "GET", f"/history?points=offices.active_power_total&from={now - 3600000}&to={now}"
               "&step=1h")[1]
    columns = stepped["columns"]
    total = 0
    for row in stepped["series"][0]["rows"]:
        part = [v for t, v in values if row[0] <= t < row[0] + 3600000]
        cell = dict(zip(columns, row))
        assert cell["count"] == len(part)
        assert cell["min"] == min(part) and cell["max"] == max(part)
        assert cell["first"] == part[0] and cell["last"] == part[-1]
        assert abs(cell["mean"] - sum(part) / len(part)) <= 1e-6 * abs(cell["mean"]) + 1e-9
        total += len(part)
    assert total == len(values)


def test_history_as_csv(site):
    status, text = site.admin.call("GET", "/history?points=offices.frequency", None,
                                   {"Accept": "text/csv"})
    lines = text.decode().splitlines()
    assert status == 200 and lines[0].startswith("time,")
    assert re.match(r"\d{4}-\d\d-\d\dT.*Z,offices\.frequency,", lines[1])


def test_wrong_history_queries(site):
    for query in ("", "?points=nothing.at_all", "?points=offices.frequency&from=yesterday",
                  "?points=offices.frequency&from=10&to=5",
                  "?points=offices.frequency&step=-1"):
        status, body = site.admin.call("GET", "/history" + query)
        assert status in (400, 404, 422), (query, status)
        assert body["detail"], query


def test_export_from_the_command_line(site):
    result = subprocess.run(
        [kw.KILOWATCH, "export", "--state", site.state, "--points", "offices.frequency",
         "--from", "2020-01-01T00:00:00Z", "--to", "2099-01-01T00:00:00Z", "--step", "1h"],
        capture_output=True, text=True, timeout=30)
    assert result.returncode in (0, 1), result.stderr
    if result.returncode == 1:  # a span of centuries is refused in words
        assert result.stderr.strip()


def test_status_and_metrics(site):
    result = subprocess.run([kw.KILOWATCH, "status", "--state", site.state],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "meter" in result.stdout
    status, text = site.admin.call("GET", "/metrics")
    assert status == 200
    for line in text.decode().splitlines():
        assert re.match(r"# (HELP|TYPE) kilowatch_\w+ .+|kilowatch_\w+ [-\d.e+]+$", line), line


def test_read_goes_through_the_running_gateway(site):
    result = subprocess.run(
        [kw.KILOWATCH, "read", "office", "1", "eastron_sdm630", "--state", site.state,
         "--share", kw.CONF], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert "voltage_l1_n" in result.stdout


def test_read_shows_registers_in_all_forms(site):
    """Through the gateway and, in the same words, on a line that is opened for it."""
    result = subprocess.run(
        [kw.KILOWATCH, "read", "office", "1", "--registers", "4:0-5", "--state", site.state],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "unit 1 on office, function 4" and len(lines) == 3 + 6
    assert re.search(r"^ +0 43[0-9A-F]{2} .*\| +2[0-9.]+ ", lines[3]), lines[3]
    result = subprocess.run(
        [kw.KILOWATCH, "read", "office", "1", "--registers", "4:40000", "--state", site.state],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and "bad_exception" in result.stderr
    for wrong in ("5:0", "4:0-125", "4:9-8"):
        result = subprocess.run(
            [kw.KILOWATCH, "read", "office", "1", "--registers", wrong, "--state", site.state],
            capture_output=True, text=True, timeout=30)
        assert result.returncode == 2, wrong


def test_configuration_over_the_web(site):
    admin = site.admin
    answer, _ = admin.raw("GET", "/api/v1/config", headers={"Cookie": admin.cookie})
    tag = answer.getheader("ETag")
    status, body = admin.call("PUT", "/config/site", {"name": "Renamed", "timezone": "UTC"},
                              {"If-Match": tag})
    assert status == 200, body
    kw.wait_for(lambda: admin.call("GET", "/site")[1]["name"] == "Renamed")
    status, body = admin.call("PUT", "/config/site", {"name": "Late"}, {"If-Match": tag})
    assert (status, body["key"]) == (412, "config_changed")
    status, body = admin.call("PUT", "/config/site", {"name": "No tag"})
    assert (status, body["key"]) == (428, "if_match_missing")
    current = site.ask("GET", "/config/revisions")[1]["current"]
    status, body = admin.call("PUT", "/config/site", {"nmae": 5},
                              {"If-Match": f'"{current}"'})
    assert status == 422 and "name" in json.dumps(body)
    result = subprocess.run([kw.KILOWATCH, "config", "diff", "--state", site.state],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "+" in result.stdout
    result = subprocess.run([kw.KILOWATCH, "config", "rollback", "1", "--state", site.state],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    kw.wait_for(lambda: admin.call("GET", "/site")[1]["name"] == "Test")


def test_a_new_meter_touches_no_other_line(site):
    before = site.ask("GET", "/meters")[1]
    polls = {m["name"]: m["bus"]["polls"] for m in before["meters"]}
    status, body = site.ask("GET", "/config")
    current = site.ask("GET", "/config/revisions")[1]["current"]
    meters = body["meters"] + [{"name": "new", "line": "office", "unit": 2, "every": "1s",
                                "profile": "eastron_sdm120"}]
    status, answer = site.ask("PUT", "/config/meters", meters, if_match=str(current))
    assert status == 200, answer
    kw.wait_for(lambda: "new" in {m["name"] for m in site.ask("GET", "/meters")[1]["meters"]})
    after = {m["name"]: m["bus"]["polls"] for m in site.ask("GET", "/meters")[1]["meters"]}
    assert after["kitchen"] >= polls["kitchen"] > 0
