# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway as kw  # noqa: E402

TWO_METERS = """
site: {{ name: Test, timezone: Europe/Paris }}
lines:
  - {{ name: panel, serial: {{ port: {folder}/plant/panel, baud: 38400, parity: none }} }}
  - {{ name: office, tcp: {{ host: 127.0.0.1, port: {port} }} }}
meters:
  - {{ name: kitchen, line: panel, unit: 5, profile: socomec_diris_b30, every: {every} }}
  - {{ name: offices, line: office, unit: 1, profile: eastron_sdm630, every: {every} }}
http: {{ listen: "127.0.0.1:0" }}
history: {{ commit: 100ms }}
"""


def tcp_port(plant, index=0):
    """The port of the plant's TCP line."""
    return plant.ready["tcp"][index]["port"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A plant with two meters, a gateway on it, set up; shared by a module."""
    folder = tmp_path_factory.mktemp("site")
    plant = kw.Plant(folder / "plant", serial=["panel:0:8N1:5=socomec_diris_b30"],
                     tcp=["0:1=eastron_sdm630"])
    gateway = kw.Gateway(folder, TWO_METERS.format(folder=folder, port=tcp_port(plant),
                                                   every="200ms"))
    gateway.plant = plant
    try:
        gateway.admin = gateway.set_up()
        yield gateway
        assert gateway.stop() == 0, gateway.text()
    finally:
        if gateway.process.poll() is None:
            gateway.kill()
        plant.stop()
