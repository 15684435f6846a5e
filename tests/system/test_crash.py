# SPDX-License-Identifier: Apache-2.0
"""Power cuts: SIGKILL at random times, and at each write and sync in turn.

What counts is the committed sequence that /status shows: every sample that was
answered before that sequence was reached must be there after the restart.
"""

import os
import random
import shutil
import signal
import subprocess

import pytest

import gateway as kw
from conftest import TWO_METERS, tcp_port

POINT = "offices.voltage_l1_n"


@pytest.fixture
def plant(tmp_path):
    plant = kw.Plant(tmp_path / "plant", serial=["panel:0:8N1:5=socomec_diris_b30"],
                     tcp=["0:1=eastron_sdm630"])
    yield plant
    plant.stop()


def config(tmp_path, plant):
    return TWO_METERS.format(folder=tmp_path, port=tcp_port(plant), every="100ms")


def samples(gateway):
    """Time stamps of one point's raw samples."""
    status, body = gateway.ask("GET", f"/history?points={POINT}&limit=50000")
    assert status == 200, body
    return [row[0] for row in body["series"][0]["rows"]] if body["series"] else []


def committed(gateway):
    return gateway.metric("core", "db_committed_sequence")


def rows(gateway):
    """Journal rows so far: other commits carry no samples."""
    return gateway.metric("history", "journal_rows_total")


def safe_samples(gateway):
    """Samples that are surely committed: asked, then three more rows seen."""
    known = samples(gateway)
    start = rows(gateway)
    kw.wait_for(lambda: rows(gateway) >= start + 3)
    return known, committed(gateway)


def check_restart(gateway, known, sequence):
    gateway.start()
    assert committed(gateway) >= sequence
    missing = set(known) - set(samples(gateway))
    assert not missing, f"{len(missing)} of {len(known)} committed samples are missing"


def test_kill_at_random_20_times(tmp_path, plant):
    chance = random.Random(int(os.environ.get("KW_SEED", "7")))
    gateway = kw.Gateway(tmp_path, config(tmp_path, plant))
    known = []
    for _ in range(20):
        kw.wait_for(lambda: len(samples(gateway)) > len(known))
        known, sequence = safe_samples(gateway)
        until = committed(gateway) + chance.randrange(0, 4)
        kw.wait_for(lambda: committed(gateway) >= until)
        gateway.kill()
        check_restart(gateway, known, sequence)
    assert len(known) > 20
    assert gateway.stop() == 0


class Cut(kw.Gateway):
    """A gateway under strace that kills it at the n-th write or sync."""

    def __init__(self, folder, text, number):
        super().__init__(folder, text, wait=False)
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null",
             "-e", "trace=pwrite64,pwritev,fdatasync,fsync,msync,ftruncate",
             "-e", "inject=pwrite64,pwritev,fdatasync,fsync,msync,ftruncate"
                   f":signal=KILL:when={number}",
             kw.KILOWATCH, "serve", "--config", self.config, "--state", self.state,
             "--share", kw.CONF, "--web", kw.WEB], stderr=self.log)


def run_until_cut(gateway, target):
    """What was surely committed before the cut; True when it never came."""
    known, sequence, pending, start = [], 0, [], 0
    while gateway.process.poll() is None:
        try:
            now, seen = rows(gateway), committed(gateway)
            if now >= start + 3:
                known, sequence = pending, seen
                pending, start = samples(gateway), rows(gateway)
        except (OSError, ValueError, AssertionError):
            continue
        if now >= target:
            return known, sequence, True
    return known, sequence, False


def test_cut_at_each_write_and_sync(tmp_path, plant):
    """From the first write of a fresh state folder to the end of a workload
    of twelve journal rows, every single one."""
    text = config(tmp_path, plant)
    number, cuts = 1, 0
    while True:
        folder = tmp_path / "cut"
        shutil.rmtree(folder, ignore_errors=True)
        gateway = Cut(folder, text, number)
        known, sequence, survived = run_until_cut(gateway, 12)
        if survived:
            os.kill(int((gateway.state / "lock").read_text()), signal.SIGTERM)
        gateway.process.wait(20)
        gateway.log.close()
        check_restart(gateway, known, sequence)
        assert gateway.stop() == 0, gateway.text()
        if survived:
            break
        number, cuts = number + 1, cuts + 1
    print(f"{cuts} cuts")
    assert cuts >= 10
