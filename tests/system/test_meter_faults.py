# SPDX-License-Identifier: Apache-2.0
"""One bad meter among 32: the others do not notice, and it comes back by itself.

All faults run at once, each with 32 meters of its own: on connections of their own, behind one
connection, and on a serial line of 38,400 baud. The plant's counts say what was asked and answered,
the gateway's what it made of it.
"""

import time

import gateway as kw

COUNT = 32
BAD = 7
PROFILE = "eastron_sdm120"
TCP = ["dead", "late(2500)", "drip(200)", "wrong_unit", "foreign_tid", "wrong_length", "exception(4)",
       "close", "big"]
SERIAL = ["dead", "late(2500)", "babble(500)", "drip(20)", "wrong_unit", "bad_crc"]
# Its bytes are on the line while others are asked: they may have to be asked once more.
COLLIDES = ["late(2500)", "babble(500)", "drip(20)"]
# Its answer is right, what follows it is dropped; and a connection that is closed each time is down.
# At 20 ms a byte its long block takes longer than the time-out, its short ones do not.
LEFT_OUT = ["drip(20)"]
NOT_ASIDE = {"serial": ["babble(500)", *LEFT_OUT], "shared": ["big"], "own": ["big", "close"]}
PERIOD_S = 2.0  # on connections
SERIAL_PERIOD_S = 4.0  # 32 polls take a little more than 2 s of a line
TIMEOUT_S = 0.5
RETRIES = 1


def meters_yaml(name, unit, line, period_s):
    return (f"  - {{ name: {name}, line: {line}, unit: {unit}, profile: {PROFILE}, "
            f"every: {{ fast: {period_s:g}s, slow: 1h }} }}\n")


class Site:
    """A plant and a gateway with one group of meters a fault and kind."""

    def __init__(self, folder, kind):
        self.kind = kind
        self.faults = SERIAL if kind == "serial" else TCP
        self.period_s = SERIAL_PERIOD_S if kind == "serial" else PERIOD_S
        units = f"1-{COUNT}={PROFILE}"
        if kind == "serial":
            self.plant = kw.Plant(folder / "plant", serial=[f"l{i}:38400:8N1:{units}"
                                                            for i in range(len(self.faults))])
            self.where = [[f"l{i}"] * COUNT for i in range(len(self.faults))]
        else:
            self.plant = kw.Plant(folder / "plant", tcp=[f"0:{units}" for _ in self.faults])
            self.where = [[str(line["port"])] * COUNT for line in self.plant.ready["tcp"]]
        self.gateway = kw.Gateway(folder, self.config(folder))

    def config(self, folder):
        lines, meters = "", ""
        options = f"timeout: {int(TIMEOUT_S * 1000)}ms, retries: {RETRIES}"
        for i, group in enumerate(self.where):
            for j, place in enumerate(group):
                line = f"l{i}_{j}" if self.kind == "own" else f"l{i}"
                if self.kind == "serial" and j == 0:
                    lines += (f"  - {{ name: {line}, serial: {{ port: {folder}/plant/{place}, "
                              f"baud: 38400, parity: none }}, {options} }}\n")
                elif self.kind == "own" or (self.kind == "shared" and j == 0):
                    lines += (f"  - {{ name: {line}, tcp: {{ host: 127.0.0.1, port: {place} }}, "
                              f"{options} }}\n")
                meters += meters_yaml(f"g{i}_{j + 1}", j + 1, line, self.period_s)
        return f"lines:\n{lines}meters:\n{meters}http: {{ listen: '127.0.0.1:0' }}\n"

    def meters(self):
        status, body = self.gateway.ask("GET", "/meters")
        assert status == 200
        return {meter["name"]: meter for meter in body["meters"]}

    def replies(self):
        """What the plant has answered, by line and unit."""
        return {(line["line"], unit["unit"]): unit["replies"]
                for line in self.plant.command("stats")["lines"] for unit in line["units"]}

    def set_fault(self, i, what):
        answer = self.plant.command(f"fault {self.where[i][BAD - 1]} {BAD} {what}")
        assert "error" not in answer, answer

    def state(self, i):
        return self.meters()[f"g{i}_{BAD}"]["state"]

    def stop(self):
        try:
            assert self.gateway.stop() == 0, self.gateway.text()
        finally:
            if self.gateway.process.poll() is None:
                self.gateway.kill()
            self.plant.stop()


def others(i):
    return [f"g{i}_{unit}" for unit in range(1, COUNT + 1) if unit != BAD]


def without(site, meters, state):
    """The faults whose bad meter is not in that state."""
    return [fault for i, fault in enumerate(site.faults) if meters[f"g{i}_{BAD}"]["state"] != state]


def wait_aside(site):
    """Until the bad meters are set aside; the polls that each had when it was first seen so."""
    left, polls = [], {}

    def reached():
        meters = site.meters()
        for i, fault in enumerate(site.faults):
            if meters[f"g{i}_{BAD}"]["state"] == "failing":
                polls.setdefault(fault, meters[f"g{i}_{BAD}"]["bus"]["polls"])
        left[:] = [f for f in without(site, meters, "failing") if f not in NOT_ASIDE[site.kind]]
        left.extend(fault for i, fault in enumerate(site.faults) if fault in LEFT_OUT
                    and meters[f"g{i}_{BAD}"]["verdict_key"] != "meter_block_silent")
        return not left

    try:
        kw.wait_for(reached, 12 * site.period_s, 0.2)
    except AssertionError:
        raise AssertionError(f"not set aside: {left}") from None
    return polls


def recovered(site, aside):
    """Each bad meter is well and has had a good poll since."""
    meters = site.meters()
    return not without(site, meters, "ok") and all(
        meters[f"g{i}_{BAD}"]["bus"]["good"] > aside[f"g{i}_{BAD}"]["bus"]["good"]
        for i in range(len(site.faults)))


def check(folder, kind, slack):
    """slack: polls of the others that may be missing at the end of the bad time."""
    site = Site(folder, kind)
    try:
        kw.wait_for(lambda: all(m["state"] == "ok" for m in site.meters().values()), 30, 0.2)
        before, began = site.meters(), time.monotonic()
        for i, fault in enumerate(site.faults):
            site.set_fault(i, fault)
        polls = wait_aside(site)
        aside, ended = site.meters(), time.monotonic()
        for i in range(len(site.faults)):
            site.set_fault(i, "off")
        kw.wait_for(lambda: recovered(site, aside), 30, 0.2)
        after, back = site.meters(), time.monotonic()
        wrong = []
        for i, fault in enumerate(site.faults):
            bad = f"g{i}_{BAD}"
            if fault not in NOT_ASIDE[kind]:  # good ones may end until all faults are set
                taken = polls[fault] - before[bad]["bus"]["polls"]
                assert 3 <= taken <= 6, (fault, "polls until it was set aside", taken)
            # A reply that drips holds the line for longer than the gateway waits for it.
            spare = slack + (2 if fault in COLLIDES else 0)
            for name in others(i):
                for then, now, seconds in ((before, aside, ended - began),
                                           (aside, after, back - ended)):
                    bus, old = now[name]["bus"], then[name]["bus"]
                    made = bus["polls"] - old["polls"]
                    if bus["good"] - old["good"] != made:
                        wrong.append((fault, name, "failed", made, bus["good"] - old["good"]))
                    if made < seconds / site.period_s - spare:
                        wrong.append((fault, name, "missing", made, seconds / site.period_s))
                    if bus["timeouts"] != old["timeouts"] and (
                            kind != "serial" or fault not in COLLIDES):
                        wrong.append((fault, name, "time-outs", bus["timeouts"] - old["timeouts"]))
            lost = sum(after[n]["bus"]["timeouts"] - before[n]["bus"]["timeouts"]
                       for n in others(i))
            if lost > after[bad]["bus"]["timeouts"] + 6:
                wrong.append((fault, "time-outs of the others", lost))
        assert not wrong, wrong
        # The plant's own counts of the others agree; it was asked a moment later.
        figures, replies = site.meters(), site.replies()
        for i, fault in enumerate(site.faults):
            for unit in range(1, COUNT + 1):
                bus = figures[f"g{i}_{unit}"]["bus"]
                more = replies[(site.where[i][0], unit)] - (bus["requests"] - bus["timeouts"])
                if unit != BAD and fault not in COLLIDES:
                    assert 0 <= more <= 6, (fault, unit, more)
    finally:
        site.stop()


def test_own_connections(tmp_path):
    check(tmp_path, "own", 1.2)


def test_one_connection(tmp_path):
    check(tmp_path, "shared", 1.2)


def test_serial_line(tmp_path):
    check(tmp_path, "serial", 1.2)
