"""What the built libraries export and import."""

import re

import archives
from rules import banned
from tree import Offence

NAME = "symbols"
SAYS = "exported symbols carry their owner's prefix, no banned imports"

GLIBC = re.compile(r"__(?:isoc\d+_)?(\w+?)(?:_chk)?")


def plain(symbol):
    """strtol of __isoc23_strtol, sprintf of __sprintf_chk."""
    match = GLIBC.fullmatch(symbol)
    return match.group(1) if match else symbol


def check(tree):
    for library in archives.libraries(tree):
        for member, symbol, kind in library.symbols():
            where = archives.source_of(tree, library, member)
            if kind == "U":
                if imported(where, plain(symbol)):
                    yield Offence(where, 1, f"imports {plain(symbol)}")
            elif kind.isupper() and not symbol.startswith(
                (library.prefix, "__")
            ):
                yield Offence(
                    where, 1, f"exports {symbol}, not {library.prefix}*"
                )


def imported(where, symbol):
    """Is the symbol banned where it is used?"""
    return any(
        re.fullmatch(names, symbol)
        and where.startswith(folders)
        and (where, names) not in banned.EXCEPT
        for names, folders, _ in banned.CALLS
    )
