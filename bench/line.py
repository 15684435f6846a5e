#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How near a line is to its physical limit, beside mbpoll and libmodbus.

usage: bench/line.py [--build DIR] [--seconds S] [--turns N] [--quick] [--realtime] [--svg FILE] [PART...]

Parts: trips (transactions a second over what frames, silence and the meter's
turnaround leave room for), ports (8 ports whose meters answer after 20 ms),
dead (two of eight meters dead, time-out 1 s). All without a name.

The plant's lines keep the time of each character and are strict: a request
that comes before the silence is over is counted and gets no answer. The ways
run in turns; medians, in brackets the lowest and the highest. `spin` burns a
core on the port and the clock: what it reaches is the most that plant and
machine allow. Build before: ninja -C build/release bench_line, which runs it
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))

BAUDS = (9600, 38400, 115200)
REGISTERS = (10, 50, 125)
BITS = 10  # 8N1
TURNAROUND_MS = 5
DEAD = ((9600, 10), (38400, 20))  # six meters ask for more than the line can do
HEAD = "quantity,function,address,registers,type,word_order,multiplier,unit,class,na,formula,note,source\n"
TEN = ("voltage_l1_n", "voltage_l2_n", "voltage_l3_n", "voltage_l1_l2", "voltage_l2_l3",
       "voltage_l3_l1", "current_l1", "current_l2", "current_l3", "frequency")


def silence_s(baud):
    """MODBUS over Serial Line V1.02, 2.5.1.1."""
    return 3.5 * BITS / baud if baud <= 19200 else 0.00175


def theory(baud, registers):
    """Transactions a second: request, turnaround, answer, silence."""
    characters = 8 + 5 + 2 * registers
    turnaround = max(TURNAROUND_MS / 1000, silence_s(baud))
    return 1 / (characters * BITS / baud + turnaround + silence_s(baud))


def unit_of(name):
    return "A" if "current" in name else "Hz" if name == "frequency" else "V"


def write_maps(folder):
    """A map whose gaps make blocks of 10, 50 and 125 registers, and those of DEAD."""
    keys = "#title: Bench\n#max_registers: 125\n"
    rows = [f"{name},3,{at},1,u16,-,0.1,V,fast,,,,\n" for name, at in zip(TEN, (0, 9, 49, 124))]
    (folder / "long.csv").write_text(keys + "#gap: 100\n" + HEAD + "".join(rows))
    for _, registers in DEAD:
        wide = registers // len(TEN)
        kind = "u32,be" if wide == 2 else "u16,-"
        rows = [f"{name},3,{i * wide},{wide},{kind},0.1,{unit_of(name)},fast,,,,\n" for i, name in enumerate(TEN)]
        (folder / f"dead{registers}.csv").write_text(keys + HEAD + "".join(rows))


def run(command, seconds):
    """Runs a program that ends by itself and prints JSON."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          timeout=seconds + 30, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def run_mbpoll(port, baud, registers, seconds):
    """mbpoll asks until it is ended; its fastest rate is every 10 ms."""
    child = subprocess.Popen(["mbpoll", "-m", "rtu", "-a", "1", "-b", str(baud), "-P", "none", "-0", "-r", "0",
                              "-c", str(registers), "-t", "4", "-l", "11", "-o", "1", str(port)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    child.terminate()
    child.wait()
    return {"seconds": seconds, "cpu_us": 0}


def counts(plant, line):
    for entry in plant.command("stats")["lines"]:
        if entry["line"] == line:
            return entry
    raise SystemExit(f"no line {line}")


def one(plant, build, way, baud, registers, seconds):
    """One turn: share of the limit, silences cut short, requests unanswered."""
    line = f"b{baud}"
    port = plant.folder / line
    before = counts(plant, line)
    if way == "mbpoll":
        result = run_mbpoll(port, baud, registers, seconds)
    else:
        keep = 0 if way == "plain" else silence_s(baud) * 1000
        name = "modbus" if way in ("silent", "plain") else way
        result = run([build / "bench" / "bench_line_one", "trips", name, port, baud, registers, seconds, keep], seconds)
    time.sleep(0.15)  # what is under way ends; the plant frees the port
    after = counts(plant, line)
    done = {key: after[key] - before[key] for key in ("requests", "replies", "too_short_gaps")}
    good = result.get("good", done["replies"])
    return {"share": good / result["seconds"] / theory(baud, registers), "rate": good / result["seconds"],
            "short": done["too_short_gaps"], "lost": done["requests"] - done["replies"],
            "cpu_us": result["cpu_us"]}


WAYS = ("own", "silent", "mbpoll", "plain", "spin")
NAMES = {"own": "kilowatch", "silent": "libmodbus, silence kept", "mbpoll": "mbpoll", "plain": "libmodbus, plain",
         "spin": "spin (plant's ceiling)"}


def spread(values):
    return f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f})"


def part_trips(kw, args):
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        maps = pathlib.Path(folder) / "maps"
        maps.mkdir()
        write_maps(maps)
        plant = kw.Plant(pathlib.Path(folder) / "plant", [f"b{b}:{b}:8N1:1=long" for b in BAUDS],
                         extra=["--maps", maps, "--strict", "--turnaround", str(TURNAROUND_MS)])
        try:
            for baud in BAUDS:
                for registers in REGISTERS:
                    for _ in range(args.turns):
                        for way in WAYS:
                            result = one(plant, args.build, way, baud, registers, args.seconds)
                            results.setdefault((baud, registers, way), []).append(result)
                    show_cell(results, baud, registers)
        finally:
            plant.stop()
    verdict(results)
    if args.svg:
        draw(results, args.svg)


def show_cell(results, baud, registers):
    print(f"{baud} baud, {registers} registers: limit {theory(baud, registers):.2f} a second")
    for way in WAYS:
        turns = results[baud, registers, way]
        cpu = f"{statistics.median(t['cpu_us'] for t in turns):5.0f} us CPU" if way not in ("mbpoll",) else ""
        print(f"    {NAMES[way]:<24} {spread([t['share'] for t in turns])}  short silences "
              f"{sum(t['short'] for t in turns)}, unanswered {sum(t['lost'] for t in turns)}  {cpu}", flush=True)


def verdict(results):
    """The figures to reach."""
    def median(baud, registers, way):
        return statistics.median(t["share"] for t in results[baud, registers, way])

    for baud in BAUDS:
        for registers in REGISTERS:
            own, peer = median(baud, registers, "own"), median(baud, registers, "silent")
            ceiling = median(baud, registers, "spin")
            turns = results[baud, registers, "own"]
            broken = sum(t["short"] + t["lost"] for t in turns)
            reached = (own >= peer if baud == 115200 else own >= 0.985) and broken == 0
            print(f"{baud:>6} x {registers:>3}: {own:.4f} of the limit, {own / peer:.4f} of libmodbus, "
                  f"{own / ceiling:.4f} of the ceiling{'' if reached else '  NOT REACHED'}")


def draw(results, path):
    """Bars of the medians, one group a cell."""
    colours = {"own": "#0a58a8", "silent": "#7aa6d6", "mbpoll": "#c9b458", "plain": "#b5523b", "spin": "#999"}
    cells = [(b, r) for b in BAUDS for r in REGISTERS]
    width, height, group = 960, 360, 100
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12"><rect width="100%" height="100%" fill="#fff"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = 300 - share * 240
        parts.append(f'<line x1="50" x2="{width - 10}" y1="{y}" y2="{y}" stroke="#ddd"/>'
                     f'<text x="14" y="{y + 4}">{share:.2f}</text>')
    for i, (baud, registers) in enumerate(cells):
        for j, way in enumerate(WAYS):
            share = statistics.median(t["share"] for t in results[baud, registers, way])
            parts.append(f'<rect x="{56 + i * group + j * 17}" y="{300 - share * 240:.1f}" width="15" '
                         f'height="{share * 240:.1f}" fill="{colours[way]}"/>')
        parts.append(f'<text x="{56 + i * group}" y="318">{baud} x {registers}</text>')
    for j, way in enumerate(WAYS):
        parts.append(f'<rect x="{56 + j * 175}" y="335" width="12" height="12" fill="{colours[way]}"/>'
                     f'<text x="{72 + j * 175}" y="346">{NAMES[way]}</text>')
    parts.append('<text x="56" y="24" font-size="14">Transactions a second over the limit of the line '
                 '(baud x registers)</text></svg>')
    pathlib.Path(path).write_text("".join(parts))


def part_ports(_kw, args):
    """Eight ports, answers after 20 ms: with no silence at most 400 a second."""
    for silence_ms, limit in ((0, 400.0), (1.75, 8 / 0.02175)):
        rates, cpu = [], []
        for _ in range(args.turns):
            result = run([args.build / "bench" / "bench_line_one", "ports", "own", 8, 20, args.seconds, silence_ms],
                         args.seconds)
            rates.append(result["good"] / result["seconds"])
            cpu.append(result["cpu_us"])
        print(f"8 ports, answers after 20 ms, silence {silence_ms} ms: "
              f"{statistics.median(rates):.1f} a second ({min(rates):.1f} to {max(rates):.1f}) of {limit:.1f}, "
              f"{statistics.median(cpu):.0f} us CPU{' (reach: 390)' if silence_ms == 0 else ''}")


def settings(port, baud, registers):
    lines = [f"lines:\n  - {{ name: a, serial: {{ port: {port}, baud: {baud}, parity: none }}, timeout: 1s }}\nmeters:\n"]
    lines += [f"  - {{ name: m{unit}, line: a, unit: {unit}, profile: dead{registers}, every: 100ms }}\n"
              for unit in range(1, 9)]
    return "".join(lines)


def part_dead(kw, args):
    """The six that live, over what the line could do for six, minute by minute."""
    for baud, registers in DEAD:
        dead(kw, args, baud, registers)


def dead(kw, args, baud, registers):
    limit = theory(baud, registers)
    minutes = 1 if args.quick else 3
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "state/meters").mkdir(parents=True)
        write_maps(folder / "state/meters")
        plant = kw.Plant(folder / "plant", [f"a:{baud}:8N1:1-8=dead{registers}"],
                         extra=["--maps", folder / "state/meters", "--strict", "--turnaround", str(TURNAROUND_MS)])
        try:
            for unit in (3, 6):
                plant.command(f"fault a {unit} dead")
            (folder / "lines.yaml").write_text(settings(folder / "plant/a", baud, registers))
            child = subprocess.Popen([args.build / "bench" / "bench_line_one", "meters", ROOT / "conf", folder / "state",
                                      folder / "lines.yaml", str(minutes * 60 + 2)], stdout=subprocess.PIPE, text=True)
            before, start, marks = counts(plant, "a"), time.monotonic(), [10, 30] + [60 * m for m in range(1, minutes + 1)]
            last, since = before, 0.0
            for mark in marks:
                time.sleep(max(0, start + mark - time.monotonic()))
                now, at = counts(plant, "a"), time.monotonic() - start
                share = (now["replies"] - last["replies"]) / (at - since) / limit
                print(f"{baud} baud, two of eight dead, {since:3.0f} to {at:3.0f} s: {share:.4f} of the limit, short silences "
                      f"{now['too_short_gaps']}, from the start "
                      f"{(now['replies'] - before['replies']) / at / limit:.4f} (reach: 0.95)", flush=True)
                last, since = now, at
            figures = json.loads(child.communicate()[0])
            print(f"    time-outs {figures['timeouts_total']:.0f}, check sums {figures['crc_errors_total']:.0f}, "
                  f"foreign {figures['foreign_total']:.0f}, set aside {figures['meters_failing']:.0f}")
        finally:
            plant.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few and short turns, to see that it works")
    parser.add_argument("--realtime", action="store_true",
                        help="plant and masters before everything else on a machine that is in use (needs root)")
    parser.add_argument("--svg")
    parser.add_argument("parts", nargs="*", metavar="PART")
    args = parser.parse_args()
    args.build = args.build.resolve()
    if args.quick:
        args.seconds, args.turns = 1.5, 1
    if args.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    os.environ["KW_BUILD"] = str(args.build)
    import gateway as kw  # reads KW_BUILD

    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; turnaround "
          f"{TURNAROUND_MS} ms, 8N1, strict; {args.turns} turns of {args.seconds} s{', real-time priority' * args.realtime}")
    parts = {"trips": part_trips, "ports": part_ports, "dead": part_dead}
    for name in args.parts or parts:
        parts[name](kw, args)


if __name__ == "__main__":
    main()
