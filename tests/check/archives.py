"""What a build folder holds: static libraries and the program."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tree import Skipped

# Libraries of others that the build compiles from their sources.
FOREIGN = {"llhttp"}
# Writable sections; .data.rel.ro is constant once the program has started.
WRITABLE = re.compile(r"\.(?:data|bss|tdata|tbss)(?:\.(?!rel\.ro).*)?|COMMON|\*COM\*")


@dataclass
class Library:
    tree: object
    path: Path
    folder: str  # src/base, modules/meter
    prefix: str  # kw_, kw_meter_

    def _rows(self):
        """(member, columns of `nm -f sysv`) of each symbol."""
        said = self.tree.run(["nm", "-A", "-f", "sysv", str(self.path)])
        for row in said.stdout.splitlines():
            columns = [column.strip() for column in row.split("|")]
            if len(columns) < 7:
                continue
            place, _, symbol = columns[0].rpartition(":")
            yield place.rpartition(":")[2], symbol, columns

    def symbols(self):
        for member, symbol, columns in self._rows():
            yield member, symbol, columns[2]

    def mutable(self):
        for member, symbol, columns in self._rows():
            if columns[2] in "bBdDC" and WRITABLE.fullmatch(columns[6]):
                if not symbol.startswith("__"):
                    yield member, symbol


def libraries(tree):
    """The product's static libraries; a module's pure part is one as well."""
    if not tree.build:
        raise Skipped("no build folder given")
    found = []
    for path in sorted(tree.build.rglob("lib*.a")):
        owner = _owner(tree, path)
        if owner:
            found.append(Library(tree, path, *owner))
    if not found:
        raise Skipped("the build folder holds no library of the product")
    return found


def _owner(tree, path):
    """(folder, prefix) by where the library lies, else by its name."""
    parts = path.relative_to(tree.build).parts
    name = re.sub(r"^lib(?:kw_)?|\.a$", "", path.name)
    layer = re.match(r"(base|core|net)(?:_|$)", name)
    if "tests" in parts or "bench" in parts or name in FOREIGN:
        return None
    if parts[0] == "modules" and parts[1] in tree.modules():
        return f"modules/{parts[1]}", f"kw_{parts[1]}_"
    if layer:
        return f"src/{layer.group(1)}", "kw_"
    for module in tree.modules():
        if name == module or name.startswith(module + "_"):
            return f"modules/{module}", f"kw_{module}_"
    return None


def source_of(tree, library, member):
    """modules/meter/bus.c of bus.c.o, also where that lies deeper."""
    base = re.sub(r"\.o(?:bj)?$", "", member)
    for path in tree.under((library.folder + "/",), ".c"):
        if os.path.basename(path) == base:
            return path
    return f"{library.folder}/{base}"


def program(tree):
    for path in sorted(tree.build.rglob("kilowatch")):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise Skipped("the build folder holds no kilowatch")
