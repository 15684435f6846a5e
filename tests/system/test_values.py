# SPDX-License-Identifier: Apache-2.0
"""Every point of every map: what the gateway shows is what the plant holds."""

import math

import gateway as kw
from conftest import tcp_port

PROFILES = sorted(path.stem for path in (kw.CONF / "meters").glob("*.csv")
                  if path.stem != "socomec_identification")


def differences(gateway, plant, meters):
    """What differs between the gateway's points and the plant's values."""
    points = gateway.points()
    found, compared = [], 0
    for name, line, unit in meters:
        for true in plant.command(f"values {line} {unit}")["points"]:
            point = points.get(f"{name}.{true['quantity']}")
            if point is None:  # an attribute, not a sample
                continue
            compared += 1
            value = point["value"]
            if value is None or true["value"] is None or not math.isclose(
                    value, true["value"], rel_tol=1e-12, abs_tol=1e-9):
                found.append((point["name"], value, true["value"], point["quality"]))
    return found, compared


def test_every_point_of_every_map(tmp_path):
    tcp = "0:" + ",".join(f"{i + 1}={p}" for i, p in enumerate(PROFILES))
    serial = "panel:0:8N1:" + ",".join(f"{i + 1}={p}" for i, p in enumerate(PROFILES))
    plant = kw.Plant(tmp_path / "plant", serial=[serial], tcp=[tcp])
    port = tcp_port(plant)
    rows = "".join(
        f"  - {{ name: t{i + 1}, line: net, unit: {i + 1}, profile: {p}, every: 200ms }}\n"
        f"  - {{ name: s{i + 1}, line: bus, unit: {i + 1}, profile: {p}, every: 200ms }}\n"
        for i, p in enumerate(PROFILES))
    gateway = kw.Gateway(tmp_path, f"""
lines:
  - {{ name: net, tcp: {{ host: 127.0.0.1, port: {port} }} }}
  - {{ name: bus, serial: {{ port: {tmp_path}/plant/panel, baud: 115200, parity: none }} }}
meters:
{rows}http: {{ listen: "127.0.0.1:0" }}
""")
    meters = [(f"t{i + 1}", str(port), i + 1) for i in range(len(PROFILES))]
    meters += [(f"s{i + 1}", "panel", i + 1) for i in range(len(PROFILES))]
    try:
        for mode in ("pattern", "clear"):
            plant.command("freeze")
            plant.command(mode)
            last = []

            def agrees():
                last[:] = differences(gateway, plant, meters)
                return not last[0]

            try:
                kw.wait_for(agrees, 30, 0.2)
            except AssertionError:
                raise AssertionError(f"{mode}: {last[0][:20]}") from None
            assert last[1] > 700, last[1]
        assert gateway.stop() == 0
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
        plant.stop()
