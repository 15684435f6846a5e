#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the register maps and the list of quantities.

Usage: check_maps.py CONF_DIR

CONF_DIR holds quantities.csv and meters/*.csv. Every finding is printed as
file:line:column: message; the exit status is 1 if there was any.
"""

import csv
import io
import re
import sys
from pathlib import Path

MAP_COLUMNS = ("quantity function address registers type word_order multiplier"
               " unit class na formula note source").split()
BOUNDS = ["min", "max"]  # may be left out of a map
QUANTITY_COLUMNS = "name title unit kind decimals group".split() + BOUNDS
HEADER_KEYS = {"title", "make", "max_registers", "gap", "forbidden", "pause",
               "load_stride", "fingerprint"}
# type -> registers that it may have
TYPE_REGISTERS = {"bit": {1}, "u16": {1}, "s16": {1}, "u32": {2}, "s32": {2},
                  "u64": {4}, "s64": {4}, "f32": {2}, "f64": {4},
                  "bcd16": {1}, "bcd32": {2}, "bcd64": {4}, "sm16": {1},
                  "sm32": {2}, "mod10000": {2, 3, 4},
                  "string": set(range(1, 33))}
BITS = re.compile(r"(?P<type>[us](16|32|64))"
                  r"\[(?P<first>\d+)(:(?P<last>\d+))?\]$")
ORDERS = {False: {"-", "AB", "BA"},
          True: {"be", "le", "ABCD", "CDAB", "BADC", "DCBA"}}
# unit in a map -> base unit
BASE_UNIT = {"V": "V", "A": "A", "W": "W", "var": "var", "VA": "VA",
             "Wh": "Wh", "varh": "varh", "VAh": "VAh", "Hz": "Hz", "s": "s",
             "min": "s", "h": "s", "d": "s", "1": "1", "%": "1", "deg": "deg"}
BASE_UNIT |= {prefix + base: base for prefix in "mkMG"
              for base in ("V", "A", "W", "var", "VA", "Wh", "varh", "VAh",
                           "Hz", "s")}
FUNCTIONS = {"sqrt", "abs", "min", "max", "sin", "cos", "acos"}
KINDS = {"gauge", "counter", "state", "text"}
CLASSES = {"fast", "normal", "slow"}
GROUPS = {"voltage", "current", "power", "energy", "quality", "frequency",
          "time", "info"}
FORMULAS = {"", "four_quadrant"}
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*$")
DURATION = re.compile(r"[1-9][0-9]*(ms|s)$")
RANGES = re.compile(r"[0-9]+(-[0-9]+)?( [0-9]+(-[0-9]+)?)*$")


class Report:
    """Collects findings of one file, with their place."""

    def __init__(self, path):
        self.path = path
        self.findings = []

    def add(self, line, column, message):
        self.findings.append((line, column,
                              f"{self.path}:{line}:{column}: {message}"))

    def flush(self):
        for _, _, text in sorted(self.findings):
            print(text)
        return len(self.findings)


def fields_of(text):
    """Splits one CSV line into (column, value); columns count from 1."""
    values = next(csv.reader(io.StringIO(text)), [])
    result, at = [], 0
    for value in values:
        result.append((at + 1, value))
        quoted = at < len(text) and text[at] == '"'
        width = len(value) + (2 + value.count('"') if quoted else 0)
        at += width + 1
    return result


def read_table(path, report, columns, headers):
    """Yields (line, {column name: (column, value)}) of each row."""
    seen_columns = False
    data = path.read_bytes()
    if b"\r" in data:
        report.add(1, 1, "carriage return found, lines end with LF only")
    if not data.endswith(b"\n"):
        report.add(data.count(b"\n") + 1, 1, "last line has no line end")
    lines = data.decode("utf-8").split("\n")[:-1]
    for number, text in enumerate(lines, 1):
        if text == "#" or text.startswith("# "):
            continue
        if not seen_columns and text.startswith("#"):
            key, colon, value = text[1:].partition(":")
            if not colon or key not in HEADER_KEYS:
                report.add(number, 2, f"unknown key '{key}'")
            elif key == "fingerprint" and key in headers:
                key = f"fingerprint {number}"  # may have several lines
            elif key in headers:
                report.add(number, 2, f"key '{key}' appears twice")
            headers[key] = (number, len(key) + 3, value.strip())
            continue
        fields = fields_of(text)
        if not seen_columns:
            seen_columns = True
            found = [value for _, value in fields]
            if found == [*columns, *BOUNDS]:
                columns = found
            if found != columns:
                report.add(number, 1, "expected the columns "
                           + ",".join(columns))
            continue
        if len(fields) != len(columns):
            report.add(number, 1, f"{len(fields)} fields, expected "
                       f"{len(columns)}")
            continue
        yield number, dict(zip(columns, fields))
    if not seen_columns:
        report.add(len(lines) + 1, 1, "no line with the column names")


def check_bounds(bad, row):
    """Bounds of a row, if it has any."""
    least, most = (row.get(column, (1, ""))[1] for column in BOUNDS)
    try:
        if not float(least or "-inf") < float(most or "inf"):
            bad("max", "must be above min")
    except ValueError:
        bad("min" if least else "max", "min and max are numbers")


def check_quantities(path):
    report, known = Report(path), {}
    headers = {}
    for line, row in read_table(path, report, QUANTITY_COLUMNS, headers):
        def bad(column, message):
            report.add(line, row[column][0], message)
        name = row["name"][1]
        if not NAME.match(name):
            bad("name", f"'{name}' is not a name in lower case words")
        if name in known:
            bad("name", f"'{name}' appears twice")
        if not row["title"][1]:
            bad("title", "a title is needed")
        if BASE_UNIT.get(row["unit"][1]) != row["unit"][1]:
            bad("unit", f"'{row['unit'][1]}' is not a base unit")
        if row["kind"][1] not in KINDS:
            bad("kind", "expected one of " + " ".join(sorted(KINDS)))
        if not re.match(r"[0-6]$", row["decimals"][1]):
            bad("decimals", "expected 0 to 6")
        if row["group"][1] not in GROUPS:
            bad("group", "expected one of " + " ".join(sorted(GROUPS)))
        check_bounds(bad, row)
        known[name] = (row["unit"][1], row["kind"][1])
    for number, column, _ in headers.values():
        report.add(number, column, "no '#key: value' lines here")
    return report, known


def check_headers(report, headers, names):
    def value(key, default=""):
        return headers.get(key, (1, 1, default))

    def bad(key, message):
        line, column, _ = value(key)
        report.add(line, column, f"{key}: {message}")
    for key in ("title", "make"):
        if not value(key)[2]:
            bad(key, "is needed")
    limit = value("max_registers", "125")[2]
    if not limit.isdigit() or not 1 <= int(limit) <= 125:
        bad("max_registers", "expected 1 to 125")
    gap = value("gap", "0")[2]
    if not gap.isdigit() or int(gap) > 123:
        bad("gap", "expected 0 to 123")
    if "pause" in headers and not DURATION.match(value("pause")[2]):
        bad("pause", "expected a duration such as 20ms")
    stride = value("load_stride", "2048")[2]
    if not stride.isdigit() or not 1 <= int(stride) <= 32768:
        bad("load_stride", "expected 1 to 32768")
    if "forbidden" in headers and not RANGES.match(value("forbidden")[2]):
        bad("forbidden", "expected addresses such as 10 20-29")
    for key in (key for key in headers if key.startswith("fingerprint")):
        mark = value(key)[2]
        words = mark.split(" ", 2)
        forms = {"says": 2, "text": 3, "number": 3}
        if words[0] in forms:
            right = len(words) >= forms[words[0]]
        else:
            right = mark in ("true", "none") or (len(words) == 3 and words[0] in names)
        if not right:
            bad(key, "expected 'true', 'none', a fingerprint map, one of "
                "its quantities and the text it begins with, or says, text "
                "or number and what they ask for")
    return int(limit) if limit.isdigit() else 125


def in_range(text, low, high):
    return text.isdigit() and low <= int(text) <= high


def type_of(row):
    """Name of the type without its bits; None when the bits don't fit."""
    text = row["type"][1]
    found = BITS.match(text)
    if not found:
        return text
    first = int(found["first"])
    last = int(found["last"] or first)
    size = 16 * next(iter(TYPE_REGISTERS[found["type"]]))
    return found["type"] if first <= last < size else None


def check_place(bad, row, limit):
    """Address, registers and type of a row; returns (address, registers)."""
    kind = type_of(row)
    if row["function"][1] not in ("1", "2", "3", "4"):
        bad("function", "expected 1 to 4")
    if not in_range(row["address"][1], 0, 65535):
        bad("address", "expected 0 to 65535")
        return None
    if not in_range(row["registers"][1], 1, limit):
        bad("registers", f"expected 1 to {limit}")
        return None
    address, count = int(row["address"][1]), int(row["registers"][1])
    if address + count > 65536:
        bad("registers", "ends above address 65535")
    if kind not in TYPE_REGISTERS:
        bad("type", "expected one of " + " ".join(sorted(TYPE_REGISTERS)))
        return address, count
    if (kind == "bit") != (row["function"][1] in ("1", "2")):
        bad("type", "bit goes with function 1 and 2")
    if count not in TYPE_REGISTERS[kind]:
        bad("registers", f"type {kind} takes "
            + " or ".join(map(str, sorted(TYPE_REGISTERS[kind]))))
    orders = ORDERS[count > 1] | ({"-"} if kind == "string" else set())
    if row["word_order"][1] not in orders:
        bad("word_order", "expected " + " ".join(sorted(orders)))
    return address, count


def names_in(formula):
    """Quantities that a formula or multiplier uses."""
    words = set(re.findall(r"(?<![\w.])[a-z]\w*", formula))
    return words - FUNCTIONS


def check_operands(bad, row, column, quantities):
    """What a formula or multiplier names is in the same map."""
    for name in sorted(names_in(row[column][1])):
        if name not in quantities:
            bad(column, f"'{name}' is no quantity of this map")


def check_multiplier(bad, row, quantities):
    text = row["multiplier"][1]
    try:
        if not float(text) > 0:
            bad("multiplier", "must be above 0")
    except ValueError:
        check_operands(bad, row, "multiplier", quantities)
        if not names_in(text):
            bad("multiplier", "not a number")


def check_value(bad, row, known, quantities):
    """Quantity, unit, multiplier and raw codes of a row."""
    name, unit, kind = row["quantity"][1], row["unit"][1], type_of(row)
    if name not in known:
        bad("quantity", f"'{name}' is not in quantities.csv")
    elif unit not in BASE_UNIT:
        bad("unit", f"unknown unit '{unit}'")
    elif BASE_UNIT[unit] != known[name][0]:
        bad("unit", f"{unit} does not convert to {known[name][0]}")
    elif kind == "string" and known[name][1] != "text":
        bad("type", "a string needs a quantity of kind text")
    check_multiplier(bad, row, quantities)
    if row["class"][1] not in CLASSES:
        bad("class", "expected one of " + " ".join(sorted(CLASSES)))
    if row["formula"][1] not in FORMULAS:
        bad("formula", f"unknown formula '{row['formula'][1]}'")
    digits = 4 * int(row["registers"][1] or 0) if kind != "string" else 0
    for code in row["na"][1].split():
        if not re.match(r"[0-9A-F]+$", code) or len(code) != digits:
            bad("na", f"'{code}': expected {digits} hexadecimal digits")
    if not row["source"][1]:
        bad("source", "is needed")


def check_computed(bad, row, known, above):
    """A row without registers: its formula may use what stands above it."""
    name = row["quantity"][1]
    if name not in known:
        bad("quantity", f"'{name}' is not in quantities.csv")
    elif row["unit"][1] not in ("", known[name][0]):
        bad("unit", f"expected {known[name][0]}")
    for column in ("function", "address", "registers", "type", "word_order",
                   "multiplier", "class", "na"):
        if row[column][1]:
            bad(column, "expected nothing in a row that is computed")
    check_operands(bad, row, "formula", above)
    if not names_in(row["formula"][1]):
        bad("formula", "names no quantity")


def check_map(path, known, names):
    report, headers = Report(path), {}
    rows = list(read_table(path, report, MAP_COLUMNS, headers))
    limit = check_headers(report, headers, names)
    read = {row["quantity"][1] for _, row in rows
            if not row["formula"][1].startswith("=")}
    seen, taken, last = {}, {}, (0, -1)
    for line, row in rows:
        def bad(column, message):
            report.add(line, row[column][0], message)
        name = row["quantity"][1]
        check_bounds(bad, row)
        if name in seen:
            bad("quantity", f"'{name}' is already in line {seen[name]}")
        if row["formula"][1].startswith("="):
            check_computed(bad, row, known, read | set(seen))
            seen[name] = line
            continue
        seen[name] = line
        check_value(bad, row, known, read - {name})
        place = check_place(bad, row, limit)
        if place is None or not row["function"][1].isdigit():
            continue
        address, count = place
        function = int(row["function"][1])
        bits = bool(BITS.match(row["type"][1]))
        if (function, address) < last or ((function, address) == last
                                          and not bits):
            bad("address", "rows are sorted by function and address")
        last = (function, address)
        for register in range(address, address + count):
            other = taken.get((function, register))
            if other and not (bits and other[1]):
                bad("address", f"register {register} is already in line "
                    f"{other[0]}")
                break
            taken[(function, register)] = (line, bits)
    return report, len(rows), set(seen)


def main(arguments):
    if len(arguments) != 2:
        print("usage: check_maps.py CONF_DIR", file=sys.stderr)
        return 2
    conf = Path(arguments[1])
    report, known = check_quantities(conf / "quantities.csv")
    findings, used, points = report.flush(), set(), 0
    paths = sorted((conf / "meters").glob("*.csv"))
    for path in paths:
        report, count, seen = check_map(path, known, {p.stem for p in paths})
        findings += report.flush()
        points += count
        used |= seen
    for name in sorted(set(known) - used):
        print(f"{conf}/quantities.csv:1:1: no map uses '{name}'")
        findings += 1
    print(f"{len(paths)} maps, {points} points, {len(known)} quantities, "
          f"{findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
