#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the simulated switchboard with mbpoll, point by point.

Usage: smoke.py PLANT CONF_DIR

For every register map one meter is put on a serial line and on a TCP port,
the model is frozen, and each point is read by mbpoll (another master than the
ones in the tests) and compared with what the control socket says. Needs
Debian's mbpoll.
"""

import csv
import json
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


class Control:
    """The plant's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")

    def ask(self, command):
        self.file.write(command + "\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if "error" in answer:
            raise SystemExit(f"{command}: {answer['error']}")
        return answer


def read_map(path):
    """The points of a map as (function, address, registers, quantity, order);
    what is computed and what is only some bits of a register is left out."""
    with path.open(newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return [(int(row["function"]), int(row["address"]),
                 int(row["registers"]), row["quantity"], row["word_order"])
                for row in csv.DictReader(lines)
                if row["function"] and "[" not in row["type"]
                and row["type"] != "string"]


def mbpoll(target, unit, function, address, count):
    """Registers as mbpoll prints them."""
    kind = "3:hex" if function == 4 else "4:hex"
    command = ["mbpoll", *target[1:], "-a", str(unit), "-0", "-1", "-r",
               str(address), "-c", str(count), "-t", kind, "-o", "1",
               target[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = re.findall(r"^\[\d+\]:\s+0x([0-9A-F]{4})", done.stdout, re.M)
    if len(words) != count:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return words


def compare(control, line, target, unit, points):
    """Reads each point of a meter; returns how many differ."""
    wrong = 0
    told = {point["quantity"]: point
            for point in control.ask(f"values {line} {unit}")["points"]}
    for function, address, count, quantity, order in points:
        words = mbpoll(target, unit, function, address, count)
        if order in ("le", "CDAB", "DCBA"):
            words.reverse()
        if order in ("BA", "BADC", "DCBA"):
            words = [word[2:] + word[:2] for word in words]
        if "".join(words) != told[quantity]["raw"]:
            print(f"{line} {unit} {quantity}: {words} but {told[quantity]}")
            wrong += 1
    return wrong


def main(arguments):
    if len(arguments) != 3:
        print("usage: smoke.py PLANT CONF_DIR", file=sys.stderr)
        return 2
    maps = Path(arguments[2]) / "meters"
    profiles = sorted(path.stem for path in maps.glob("*.csv")
                      if path.stem != "socomec_identification")
    meters = ",".join(f"{unit}={name}"
                      for unit, name in enumerate(profiles, 1))
    with tempfile.TemporaryDirectory() as folder:
        plant = subprocess.Popen(
            [arguments[1], "--maps", str(maps), "--dir", folder, "--ready",
             "--quantities", str(Path(arguments[2]) / "quantities.csv"),
             "--control", f"{folder}/control",
             "--serial", f"panel:38400:8N1:{meters}", "--tcp", f"0:{meters}"],
            stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(plant.stdout.readline())
            control = Control(f"{folder}/control")
            control.ask("freeze")
            port = str(ready["tcp"][0]["port"])
            targets = {
                "panel": [ready["serial"][0]["path"], "-m", "rtu", "-b",
                          "38400", "-P", "none"],
                port: ["127.0.0.1", "-m", "tcp", "-p", port],
            }
            wrong = count = 0
            for unit, name in enumerate(profiles, 1):
                points = read_map(maps / f"{name}.csv")
                for line, target in targets.items():
                    wrong += compare(control, line, target, unit, points)
                    count += len(points)
            print(f"{count} points read, {wrong} wrong")
        finally:
            plant.terminate()
            status = plant.wait(5)
        left = [path.name for path in Path(folder).iterdir()]
    print(f"plant ended with {status}, left behind: {left or 'nothing'}")
    return 1 if wrong or status != 0 or left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
