"""State lives in objects that are passed in, not in files."""

import archives
from tree import Offence

NAME = "globals"
SAYS = "no mutable file-scope variables but those in tests/check/mutable.list"
LIST = "tests/check/mutable.list"
LISTED_MAX = 3


def listed(tree):
    """path:name of each row that is neither empty nor a comment: its line."""
    rows = enumerate(tree.text_or_empty(LIST).splitlines(), 1)
    return {
        row.split()[0]: line
        for line, row in rows
        if row.strip() and not row.startswith("#")
    }


def check(tree):
    names = listed(tree)
    if len(names) > LISTED_MAX:
        yield Offence(LIST, 1, f"{len(names)} names, at most {LISTED_MAX}")
    seen = set()
    for library in archives.libraries(tree):
        for member, symbol in library.mutable():
            name = symbol.split(".")[0]  # a static inside a function: name.7
            where = archives.source_of(tree, library, member)
            seen.add(f"{where}:{name}")
            if f"{where}:{name}" not in names:
                yield Offence(where, 1, f"{name} can be changed")
    for row in names.keys() - seen:
        yield Offence(LIST, names[row], f"{row} is not in the libraries")
