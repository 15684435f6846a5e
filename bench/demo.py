#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory and CPU of the gateway with the demo's eight meters.

usage: bench/demo.py [MINUTES] [OUT.svg]

Starts plant and gateway on a state folder of their own, looks at /proc every
ten seconds, prints anonymous memory (LMDB's mapped pages are file cache), its
slope over the second half, CPU as a share of one core beside an idle process
of the same length, and draws both.
"""

import os
import pathlib
import re
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import gateway as kw  # noqa: E402

STEP_S = 10


def anonymous_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", text, re.M).group(1))


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slope(rows):
    """KiB an hour by least squares."""
    n = len(rows)
    mean_t = sum(r[0] for r in rows) / n
    mean_v = sum(r[1] for r in rows) / n
    over = sum((r[0] - mean_t) * (r[1] - mean_v) for r in rows)
    under = sum((r[0] - mean_t) ** 2 for r in rows)
    return over / under * 3600 if under else 0.0


def draw(rows, path):
    width, height, top = 800, 300, max(r[1] for r in rows) * 1.15
    line = " ".join(f"{r[0] / rows[-1][0] * (width - 80) + 60:.1f},"
                    f"{height - 40 - r[1] / top * (height - 60):.1f}" for r in rows)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>'
        f'<text x="60" y="16">anonymous memory, MiB, highest {max(r[1] for r in rows) / 1024:.1f}'
        f'</text><text x="60" y="{height - 12}">0 to {rows[-1][0] / 60:.0f} minutes</text></svg>')


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        plant, gateway = kw.demo(folder)
        try:
            pid, start, rows = gateway.process.pid, time.monotonic(), []
            cpu_start = None
            while (now := time.monotonic() - start) < minutes * 60:
                rows.append((now, anonymous_kib(pid)))
                if cpu_start is None and now >= STEP_S:
                    cpu_start = (now, cpu_s(pid))
                time.sleep(STEP_S)
            used = cpu_s(pid) - cpu_start[1]
            polls = gateway.metric("meter", "polls_total")
            share = used / (time.monotonic() - start - cpu_start[0]) * 100
        finally:
            gateway.stop()
            plant.stop()
    for at, kib in rows[:: max(1, len(rows) // 12)]:
        print(f"{at / 60:6.1f} min  {kib / 1024:6.2f} MiB")
    print(f"anonymous memory at the end {rows[-1][1] / 1024:.2f} MiB (reach: 24)")
    print(f"slope of the second half {slope(rows[len(rows) // 2:]):.0f} KiB/h (reach: 0)")
    print(f"CPU {share:.2f} % of a core (reach: 2), "
          f"{used / polls * 1e6:.0f} us a poll of {polls:.0f}")
    if len(sys.argv) > 2:
        draw(rows, pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
