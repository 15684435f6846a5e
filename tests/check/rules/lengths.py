"""A file is one idea, a function fits on a screen."""

from tree import MEASURED, Offence

NAME = "lengths"
SAYS = ".c <= 600 lines, .h <= 250, functions <= 70 without their tables"
FILE_MAX = {".c": 600, ".h": 250}
FUNCTION_MAX = 70


def check(tree):
    for source in tree.sources(MEASURED):
        limit = FILE_MAX[source.path[-2:]]
        if source.lines > limit:
            yield Offence(
                source.path, limit + 1, f"{source.lines} lines, at most {limit}"
            )
        for function in source.functions:
            if function.length > FUNCTION_MAX:
                yield Offence(
                    source.path,
                    function.line,
                    f"{function.name} has {function.length} lines, "
                    f"at most {FUNCTION_MAX}",
                )
