# SPDX-License-Identifier: Apache-2.0
"""Every point of every map, and each type in each order of its bytes: what the gateway shows is
what the plant holds, and what it computes is what Python makes of the same formula."""

import csv
import math
import re
import shutil

import gateway as kw
import pytest
from conftest import tcp_port

PROFILES = sorted(path.stem for path in (kw.CONF / "meters").glob("*.csv")
                  if path.stem != "socomec_identification")
COLUMNS = ("quantity,function,address,registers,type,word_order,multiplier,unit,class,na,formula,"
           "note,source")
ONE, SEVERAL = ("-", "AB", "BA"), ("be", "ABCD", "le", "CDAB", "BADC", "DCBA")
TYPES = [("u16", 1), ("s16", 1), ("u16[3:9]", 1), ("s16[0:11]", 1), ("u16[15]", 1), ("bcd16", 1),
         ("sm16", 1), ("u32", 2), ("s32", 2), ("u32[7:25]", 2), ("f32", 2), ("bcd32", 2),
         ("sm32", 2), ("mod10000", 2), ("mod10000", 3), ("mod10000", 4), ("u64", 4), ("s64", 4),
         ("f64", 4), ("s64[32:63]", 4), ("bcd64", 4)]
MULTIPLIERS = ("1", "0.1", "0.001", "10", "10^scale_power", "0.5*ratio_ct", "10^scale_energy/8")


def quantities():
    """Numbers in base units, one name for each row of the map of types."""
    with (kw.CONF / "quantities.csv").open() as file:
        return [(row["name"], row["unit"]) for row in csv.DictReader(file)
                if row["kind"] != "text" and not re.match(r"scale_|ratio_", row["name"])]


def map_of_types():
    """Function 3 and 4, each type, each order, several multipliers."""
    names = iter(quantities())
    rows, address = {3: [], 4: []}, {3: 0, 4: 0}
    for number, (kind, count) in enumerate(
            (kind, count) for kind, count in TYPES for _ in ("one", "other")):
        orders = ONE if count == 1 else SEVERAL
        function = 3 + number % 2
        for order in orders[number % 2::2]:
            name, unit = next(names)
            times = MULTIPLIERS[(number + address[function]) % len(MULTIPLIERS)]
            rows[function].append(f"{name},{function},{address[function]},{count},{kind},{order},"
                                  f"{times},{unit},fast,,,,test")
            address[function] += count + number % 3
    for name in ("scale_power", "scale_energy", "ratio_ct"):
        rows[4].append(f"{name},4,{address[4]},1,s16,-,1,1,slow,,,,test")
        address[4] += 1
    head = ["#title: Each type", "#make: Test", "#gap: 1", COLUMNS]
    return "\n".join([*head, *rows[3], *rows[4], ""])


def formulas(path):
    """Quantity and formula of each computed row, in the file's order."""
    with path.open() as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [(row["quantity"], row["formula"][1:]) for row in rows
                if row["formula"].startswith("=")]


def compute(formula, values):
    """The formula in Python's words, an implementation that shares nothing with the gateway."""
    names = set(re.findall(r"[a-z_]\w*", formula)) - {"sqrt", "abs", "min", "max"}
    if any(values[name] is None for name in names):
        return None
    scope = {"sqrt": math.sqrt, "abs": abs, "min": min, "max": max, "__builtins__": {},
             **{name: values[name] for name in names}}
    try:
        return float(eval(formula.strip().replace("^", "**"), scope))  # noqa: S307
    except (ZeroDivisionError, ValueError, OverflowError):
        return None


def same(value, expected):
    if value is None or expected is None:
        return value is None and expected is None
    return math.isclose(value, expected, rel_tol=1e-11, abs_tol=1e-9)


def bounds(path):
    """What each quantity can be by the list and the map, in base units; no counter is negative."""
    with (kw.CONF / "quantities.csv").open() as file:
        found = {row["name"]: (float(row["min"] or (0 if row["kind"] == "counter" else "-inf")),
                               float(row["max"] or "inf"))
                 for row in csv.DictReader(file)}
    with path.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row.get("min") or row.get("max"):
                found[row["quantity"]] = (float(row["min"] or "-inf"), float(row["max"] or "inf"))
    return found


def possible(value, limits):
    """The value, None when it is out of its bounds."""
    if isinstance(value, (int, float)) and not limits[0] <= value <= limits[1]:
        return None
    return value


def differences(gateway, plant, meters, maps=kw.CONF / "meters"):
    """What differs between the gateway's points and what they have to be; how many there were.
    meters: name, line or port of the plant, unit, profile."""
    points = gateway.points()
    found, compared = [], 0
    for name, line, unit, profile in meters:
        limits = bounds(maps / f"{profile}.csv")
        values = {point["quantity"]: possible(point["value"], limits[point["quantity"]])
                  for point in plant.command(f"values {line} {unit}")["points"]}
        for quantity, formula in formulas(maps / f"{profile}.csv"):
            values[quantity] = possible(compute(formula, values), limits[quantity])
        for quantity, value in values.items():
            point = points.get(f"{name}.{quantity}")
            if point is None:  # an attribute, not a sample
                continue
            compared += 1
            if not same(point["value"], value):
                found.append((profile, point["name"], point["value"], value, point["quality"]))
    return found, compared


class World:
    """A plant and a gateway with the same meters on a TCP and on a serial line."""

    def __init__(self, folder, profiles, maps):
        self.maps = maps
        meters = ",".join(f"{i + 1}={p}" for i, p in enumerate(profiles))
        self.plant = kw.Plant(folder / "plant", serial=["panel:0:8N1:" + meters],
                              tcp=["0:" + meters], maps=maps)
        self.port = tcp_port(self.plant)
        self.meters = [(f"{name}{number}", line, number, profile)
                       for number, profile in enumerate(profiles, 1)
                       for name, line in (("t", self.port), ("s", "panel"))]
        rows = "".join(
            f"  - {{ name: {name}{i + 1}, line: {line}, unit: {i + 1}, profile: {p},"
            " every: 200ms }\n"
            for i, p in enumerate(profiles) for name, line in (("t", "net"), ("s", "bus")))
        self.gateway = kw.Gateway(folder, f"""
lines:
  - {{ name: net, tcp: {{ host: 127.0.0.1, port: {self.port} }} }}
  - {{ name: bus, serial: {{ port: {folder}/plant/panel, baud: 115200, parity: none }} }}
meters:
{rows}http: {{ listen: "127.0.0.1:0" }}
""")

    def must_agree(self, what, least):
        """The gateway is started anew: the first value of a counter is taken as it is, another
        one is believed only after minutes. A block whose first answer was late, on a busy
        machine, is asked again after one."""
        last = []
        assert self.gateway.stop() == 0
        self.gateway.start()

        def agrees():
            last[:] = differences(self.gateway, self.plant, self.meters, self.maps)
            return not last[0]

        try:
            kw.wait_for(agrees, 90, 0.2)
        except AssertionError:
            raise AssertionError(f"{what}: {last[0][:20]}") from None
        assert last[1] > least, last[1]

    def close(self):
        if self.gateway.process.poll() is None:
            self.gateway.kill()
        self.plant.stop()


@pytest.fixture
def world(tmp_path):
    """Makes a world; its maps are those of the library and those given."""
    made = []

    def make(profiles, more=()):
        maps = tmp_path / "maps"
        shutil.copytree(kw.CONF / "meters", maps)
        (tmp_path / "state" / "meters").mkdir(parents=True)
        for name, text in more:
            (maps / f"{name}.csv").write_text(text)
            (tmp_path / "state" / "meters" / f"{name}.csv").write_text(text)
        made.append(World(tmp_path, profiles, maps))
        return made[0]

    yield make
    for one in made:
        one.close()


def test_every_point_of_every_map(world):
    here = world(PROFILES)
    for mode in ("pattern", "clear"):
        here.plant.command("freeze")
        here.plant.command(mode)
        here.must_agree(mode, 1000)
    assert here.gateway.stop() == 0


def test_each_type_in_each_order(world):
    text = map_of_types()
    here = world(["each_type"], [("each_type", text)])
    here.plant.command("freeze")
    for mode in ("pattern", "clear"):
        here.plant.command(mode)
        here.must_agree(mode, 190)
    # The extremes of each type, one after the other.
    names = [line.split(",")[0] for line in text.splitlines() if line.endswith(",test")]
    for how in ("min", "max", "negative", "na"):
        for name in names:
            for line in (here.port, "panel"):
                here.plant.command(f"set 1@{line} {name} {how}")
        here.must_agree(how, 190)
    assert here.gateway.stop() == 0


def test_decimals_are_shown_as_they_are_written(world):
    """2301 x 0.1 is 230.1 in the API, and not 230.10000000000002."""
    here = world(["abb_b23_b24"])
    here.plant.command("freeze")
    here.plant.command(f"set 1@{here.port} voltage_l1_n 0x000008FD")
    kw.wait_for(lambda: here.gateway.points()["t1.voltage_l1_n"]["value"] == 230.1)
    assert here.gateway.stop() == 0
