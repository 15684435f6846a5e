"""The tables in the READMEs are what the program prints."""

import re

import archives
from tree import Offence, Skipped

NAME = "tables"
SAYS = "the READMEs' tables are what the program prints"
KINDS = ("settings", "routes", "metrics")
EXPECTED = ("settings", "routes")  # where the program has rows for them
BLOCK = re.compile(
    r"(<!-- table: (\w+) -->\n)(.*?)(^<!-- end -->)", re.S | re.M
)


def printed(tree, program, module, kind):
    """The table as text, None where the program refuses."""
    said = tree.run([str(program), "tables", module, kind])
    return said.stdout.strip() if said.returncode == 0 else None


def readmes(tree):
    """(path, module) of each README that can hold tables."""
    for path in tree.under(("modules/", "src/"), "/README.md"):
        if path.count("/") == 2:
            yield path, path.split("/")[1]


def has_rows(table):
    return sum(row.startswith("|") for row in (table or "").splitlines()) > 2


def program_of(tree):
    if not tree.build:
        raise Skipped("no build folder given")
    return archives.program(tree)


def check(tree):
    program = program_of(tree)
    for path, module in readmes(tree):
        text = tree.text(path)
        marked = set()
        for match in BLOCK.finditer(text):
            kind = match.group(2)
            marked.add(kind)
            line = text.count("\n", 0, match.start()) + 1
            table = printed(tree, program, module, kind)
            if kind not in KINDS or table is None:
                yield Offence(path, line, f"the program has no table {kind}")
            elif match.group(3).strip() != table:
                yield Offence(path, line, f"{kind} differs: run --write-tables")
        for kind in EXPECTED:
            if kind not in marked and path.startswith("modules/"):
                if has_rows(printed(tree, program, module, kind)):
                    yield Offence(path, 1, f"no `<!-- table: {kind} -->`")


def write(tree):
    """Put the tables that the program prints between the markers."""
    program = program_of(tree)
    for path, module in readmes(tree):
        text = tree.text(path)

        def fresh(match):
            table = printed(tree, program, module, match.group(2))
            if table is None:
                return match.group()
            return f"{match.group(1)}{table}\n{match.group(4)}"

        new = BLOCK.sub(fresh, text)
        if new != text:
            (tree.root / path).write_text(new)
            print(f"written {path}")
