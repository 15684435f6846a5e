"""Layout, as clang-format 14 with .clang-format has it."""

import re
import shutil
from collections import Counter

from tree import C_FOLDERS, Offence, Skipped

NAME = "format"
SAYS = "clang-format changes nothing"
BATCH = 40


def formatter(tree):
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            version = tree.run([name, "--version"]).stdout
            if re.search(r"version 14\.", version):
                return name
    raise Skipped("clang-format 14 is not installed")


def check(tree):
    command = [formatter(tree), "--dry-run", "-Werror", "--style=file"]
    if ".clang-format" not in tree.files:
        yield Offence(".clang-format", 1, "not found")
        return
    paths = tree.under(C_FOLDERS, ".c", ".h")
    first = {}
    places = Counter()
    for at in range(0, len(paths), BATCH):
        said = tree.run(command + paths[at : at + BATCH]).stderr
        for path, line in re.findall(r"^([^:\n]+):(\d+):\d+: error:", said, re.M):
            first.setdefault(path, int(line))
            places[path] += 1
    for path, line in first.items():
        yield Offence(path, line, f"clang-format -i ({places[path]} places)")
