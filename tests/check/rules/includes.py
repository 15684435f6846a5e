"""A file that needs many headers does many things."""

from tree import MEASURED, Offence

NAME = "includes"
SAYS = "project includes <= 10 in a .c file, <= 4 in a header"
LIMITS = {".c": 10, ".h": 4}


def check(tree):
    for source in tree.sources(MEASURED):
        limit = LIMITS[source.path[-2:]]
        quoted = [i for i in source.includes() if i[1] == '"']
        if len(quoted) > limit:
            yield Offence(
                source.path,
                quoted[limit][0],
                f"{len(quoted)} project includes, at most {limit}",
            )
