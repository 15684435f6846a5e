#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What do 10 to 5,000 Modbus TCP meters, one poll a second each, cost the gateway?

usage: bench/tcp_scale.py [--seconds S] [--build DIR] [--out FILE.svg] [--meters N[,N...]]
                          [--registers 10,100] [--shared UNITS:IN_FLIGHT]

The whole gateway with a real configuration, decoding, hub and history with its commits
included, pinned to one core; the plant on the other. Each meter has a line, so a
connection, of its own; with --shared so many meters share one. For each size: CPU time
of all threads from the scheduler's counters as a share of the core and a poll, memory a
meter, and how punctual polls begin.

Punctual: the plant notes when each request came. A meter's lateness is how much later in
its second it came than at its earliest. A control probe that sleeps until its time and
then sends a request does the same in the same seconds; what the machine and the plant
cause is in both.
"""

import argparse
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SIZES = (10, 30, 100, 300, 1000, 2000, 5000)
UNITS = 100  # behind each port of the plant
PROBE_PERIOD_S = 0.1
HEAD = ("quantity,function,address,registers,type,word_order,multiplier,unit,class,na,"
        "formula,note,source\n")


def quantities(count):
    """Names and units that the plant can show and the gateway knows."""
    found = []
    for row in (ROOT / "conf" / "quantities.csv").read_text().splitlines()[1:]:
        match = re.match(r'(\w+),(?:"[^"]*"|[^,]*),(\w+),(gauge|counter),', row)
        if match and match.group(2) != "s" and "_alt" not in row:
            found.append((match.group(1), match.group(2)))
    return found[:count]


def write_map(folder, registers):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{name},3,{2 * i},2,f32,be,1,{unit},fast,,,,"
            for i, (name, unit) in enumerate(quantities(registers // 2))]
    (folder / f"bench{registers}.csv").write_text(HEAD + "\n".join(rows) + "\n")


def cpu_s(pid):
    """On a core so far, all threads, from the scheduler (nanoseconds)."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e9


def anonymous_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", text, re.M).group(1))


def configuration(count, registers, ports, shared):
    """A line a meter, or lines with several meters and requests in flight."""
    units, in_flight = shared or (1, 1)
    lines, meters = [], []
    for i in range(count):
        if i % units == 0:
            flight = f", in_flight: {in_flight}" if in_flight > 1 else ""
            lines.append(f"  - {{ name: l{i // units}, tcp: {{ host: 127.0.0.1, "
                         f"port: {ports[i // UNITS]}{flight} }} }}")
        meters.append(f"  - {{ name: m{i}, line: l{i // units}, unit: {i % UNITS + 1}, "
                      f"profile: bench{registers} }}")
    return ("lines:\n" + "\n".join(lines) + "\nmeters:\n" + "\n".join(meters) +
            '\nhttp: { listen: "127.0.0.1:0" }\n')


class Probe(threading.Thread):
    """Sends a request at each of its times, as punctual as sleep allows."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.running = True

    def run(self):
        at = time.monotonic() + PROBE_PERIOD_S
        while self.running:
            time.sleep(max(0.0, at - time.monotonic()))
            self.socket.sendall(bytes([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2]))
            self.socket.recv(260)
            at += PROBE_PERIOD_S

    def stop(self):
        self.running = False
        self.join()
        self.socket.close()


def lateness_ms(arrivals, period_s):
    """Of every request against the earliest of its unit within the period."""
    period, late = period_s * 1e9, []
    for times in arrivals.values():
        phases = [(at - times[0] + period / 2) % period for at in times]
        earliest = min(phases)
        late += [(phase - earliest) / 1e6 for phase in phases]
    return sorted(late)


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def read_arrivals(path, probe_port):
    gateway, probe = {}, {}
    for row in path.read_text().splitlines():
        port, unit, at = map(int, row.split(","))
        group = probe if port == probe_port else gateway
        group.setdefault((port, unit), []).append(at)
    return gateway, probe


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        for registers in options.registers:
            write_map(folder / "maps", registers)
        os.sched_setaffinity(0, {0})  # the plant's core; the gateway gets the other

    def start_plant(self, kw, count, registers):
        lines = -(-count // UNITS)
        first = self.options.port
        plant = kw.Plant(self.folder / "plant", maps=self.folder / "maps", tcp=[
            f"{first}-{first + lines - 1}:1-{UNITS}=bench{registers}",
            f"{first + lines}:1=bench{registers}"])
        return plant, list(range(first, first + lines)), first + lines

    def run(self, kw, count, registers):
        plant, ports, probe_port = self.start_plant(kw, count, registers)
        state = self.folder / f"state-{count}-{registers}"
        write_map(state / "meters", registers)
        gateway = kw.Gateway(
            self.folder, configuration(count, registers, ports, self.options.shared),
            state=state, wrap=("taskset", "-c", "1"))
        try:
            return self.measure(gateway, plant, probe_port, count, registers)
        finally:
            gateway.stop()
            plant.stop()
            subprocess.run(["rm", "-rf", str(state)], check=True)

    def measure(self, gateway, plant, probe_port, count, registers):
        pid, seconds = gateway.process.pid, self.options.seconds
        deadline = time.monotonic() + 60
        while gateway.metric("meter", "polls_total") < 3 * count:
            assert time.monotonic() < deadline, gateway.text()[-2000:]
            time.sleep(0.5)
        probe = Probe(probe_port)
        probe.start()
        plant.command("arrivals start")
        polls = gateway.metric("meter", "polls_total")
        wall, used = time.monotonic(), cpu_s(pid)
        time.sleep(seconds)
        wall, used = time.monotonic() - wall, cpu_s(pid) - used
        path = self.folder / "arrivals"
        plant.command(f"arrivals {path}")
        probe.stop()
        polls = gateway.metric("meter", "polls_total") - polls
        gateway_at, probe_at = read_arrivals(path, probe_port)
        late = lateness_ms(gateway_at, 1.0)
        control = lateness_ms(probe_at, PROBE_PERIOD_S)
        return {
            "meters": count, "registers": registers, "share": used / wall * 100,
            "poll_us": used / polls * 1e6, "polls": polls / wall, "seen": len(gateway_at),
            "kib": anonymous_kib(pid),
            "failed": gateway.metric("meter", "polls_failed_total"),
            "p50": quantile(late, 0.5), "p99": quantile(late, 0.99), "max": late[-1],
            "probe_p99": quantile(control, 0.99),
        }


def say(row):
    print(f"{row['registers']:4d} registers {row['meters']:5d} meters: {row['share']:6.2f} % of "
          f"a core, {row['poll_us']:6.1f} us a poll, {row['polls']:7.1f} polls/s, "
          f"{row['failed']:.0f} failed, {row['kib'] / 1024:7.1f} MiB; late p50 {row['p50']:.2f} "
          f"p99 {row['p99']:.2f} max {row['max']:.2f} ms, probe p99 {row['probe_p99']:.2f} ms",
          flush=True)


def draw(rows, path):
    """CPU a poll over the number of meters, one line for each size of map."""
    import math
    width, height, left, bottom = 800, 380, 70, 50
    top = max(row["poll_us"] for row in rows) * 1.1
    last = max(row["meters"] for row in rows)

    def x(meters):
        return left + math.log10(meters / 10) / math.log10(last / 10) * (width - left - 30)

    def y(poll_us):
        return height - bottom - poll_us / top * (height - bottom - 40)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" '
             'fill="#fff"/><text x="70" y="20">CPU microseconds a poll (whole gateway), '
             'one poll a second and meter</text>']
    for step in range(0, int(top) + 1, max(10, int(top / 8) // 10 * 10)):
        parts.append(f'<path d="M{left} {y(step):.1f}H{width - 30}" stroke="#ddd"/>'
                     f'<text x="{left - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{step}</text>')
    for meters in sorted({row["meters"] for row in rows}):
        parts.append(f'<text x="{x(meters):.1f}" y="{height - 28}" text-anchor="middle">'
                     f'{meters}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">meters</text>')
    for registers, colour in zip(sorted({row["registers"] for row in rows}), ("#06c", "#c30")):
        points = [(x(row["meters"]), y(row["poll_us"])) for row in rows
                  if row["registers"] == registers]
        parts.append('<polyline fill="none" stroke-width="2" stroke="' + colour + '" points="' +
                     " ".join(f"{px:.1f},{py:.1f}" for px, py in points) + '"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>'
                  for px, py in points]
        parts.append(f'<text x="{points[-1][0] - 4:.1f}" y="{points[-1][1] - 10:.1f}" '
                     f'text-anchor="end" fill="{colour}">{registers} registers</text>')
    path.write_text("".join(parts) + "</svg>\n")


def conclude(rows):
    """The figures to reach (performance.md) beside what was measured."""
    reach = {10: 5.0, 100: 12.0}
    for row in rows:
        if row["meters"] == 1000:
            print(f"1,000 meters, {row['registers']} registers: {row['share']:.2f} % "
                  f"(reach: {reach.get(row['registers'], 0):.0f}), start late p99 "
                  f"{row['p99'] - row['probe_p99']:+.2f} ms beside the probe (reach: 2)")
    for registers in sorted({row["registers"] for row in rows}):
        own = {row["meters"]: row for row in rows if row["registers"] == registers}
        if 100 in own and 5000 in own:
            print(f"cost a meter, 5,000 over 100, {registers} registers: "
                  f"{own[5000]['poll_us'] / own[100]['poll_us']:.2f} (reach: 1.2)")
            kib = (own[5000]["kib"] - own[100]["kib"]) / 4900
            print(f"anonymous memory a meter, {registers} registers: {kib:.1f} KiB")


def numbers(text):
    return tuple(int(part) for part in re.split("[,:]", text))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--meters", type=numbers, default=SIZES)
    parser.add_argument("--registers", type=numbers, default=(10, 100))
    parser.add_argument("--shared", type=numbers)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--port", type=int, default=24000)
    options = parser.parse_args()
    os.environ["KW_BUILD"] = str(pathlib.Path(options.build).resolve())
    sys.path.insert(0, str(ROOT / "tests" / "system"))
    import gateway as kw
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(folder), options)
        for registers in options.registers:
            for count in options.meters:
                turns = [bench.run(kw, count, registers) for _ in range(options.repeat)]
                middle = statistics.median(turn["poll_us"] for turn in turns)
                rows.append(min(turns, key=lambda turn: abs(turn["poll_us"] - middle)))
                say(rows[-1])
    conclude(rows)
    if options.out:
        draw(rows, options.out)


if __name__ == "__main__":
    main()
