"""`UNTESTED:` names a branch that no test reaches; their number can only fall."""

from tree import PRODUCT, Offence

NAME = "untested"
SAYS = "no more untested branches than tests/check/untested.count allows"
COUNT = "tests/check/untested.count"


def check(tree):
    if COUNT not in tree.files:
        yield Offence(COUNT, 1, "not found")
        return
    allowed = int(tree.text(COUNT).split()[0])
    marks = [
        (source.path, number)
        for source in tree.sources(PRODUCT)
        for number, line in enumerate(source.raw.splitlines(), 1)
        if "UNTESTED:" in line
    ]
    if len(marks) > allowed:
        for path, line in marks:
            yield Offence(path, line, f"one of {len(marks)}, {allowed} allowed")
