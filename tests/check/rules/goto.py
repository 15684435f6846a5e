"""goto is the way out of a function, and nothing else."""

from tree import MEASURED, Offence

NAME = "goto"
SAYS = "goto goes forward, to one label a function"


def check(tree):
    for source in tree.sources(MEASURED):
        for function in source.functions:
            gotos = function.gotos()
            labels = sorted({name for name, _ in gotos})
            if len(labels) > 1:
                yield Offence(
                    source.path,
                    function.line,
                    f"{function.name} jumps to {len(labels)} labels: "
                    + ", ".join(labels),
                )
            for name, at in gotos:
                if function.label_at(name) < at:
                    yield Offence(
                        source.path,
                        source.line_of(function.body_at + at),
                        f"goto {name} goes backward",
                    )
