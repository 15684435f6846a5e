"""Each header compiles alone, so that the order of includes never matters."""

import json
import os
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor

from rules import layers
from tree import MEASURED, Offence, Skipped

NAME = "headers"
SAYS = "each header compiles alone"
COMMAND = ["gcc", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-w", "-xc", "-"]
FOLDERS = ("src", "modules", "tests", "tests/lib")
MISSING = re.compile(r"fatal error: (\S+): No such file")


def include_flags(tree):
    """-I of the tree, and what the build adds for libraries."""
    flags = [f"-I{tree.root / folder}" for folder in FOLDERS]
    database = tree.build / "compile_commands.json" if tree.build else None
    if database and database.is_file():
        for entry in json.loads(database.read_text()):
            words = shlex.split(entry.get("command", ""))
            for word, after in zip(words, words[1:] + [""]):
                if word == "-isystem":
                    flags.append("-isystem" + after)
                elif word.startswith("-I") and len(word) > 2:
                    flags.append(word)
    return list(dict.fromkeys(flags))


def check(tree):
    if not shutil.which("gcc"):
        raise Skipped("gcc is not installed")
    flags = include_flags(tree)

    def compile_alone(source):
        said = tree.run(COMMAND + flags, input=f'#include "{source.path}"\n')
        if said.returncode == 0:
            return None
        missing = MISSING.search(said.stderr)
        if missing and not tree.build and layers.is_library(missing.group(1)):
            return None  # only the build knows where that library lies
        error = re.search(r":(\d+):\d+: (?:fatal )?error: (.*)", said.stderr)
        line, text = error.groups() if error else (1, said.stderr.strip()[:200])
        where = re.search(r"^(\S+?):\d+:\d+: (?:fatal )?error:", said.stderr, re.M)
        if where and not where.group(1).endswith(source.path):
            line, text = 1, f"{os.path.relpath(where.group(1), tree.root)}: {text}"
        return Offence(source.path, int(line), text)

    with ThreadPoolExecutor(max_workers=2) as pool:
        found = pool.map(compile_alone, tree.sources(MEASURED, ".h"))
        yield from (offence for offence in found if offence)
