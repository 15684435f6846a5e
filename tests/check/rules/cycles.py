"""Headers form no circle."""

from tree import C_FOLDERS, Offence

NAME = "cycles"
SAYS = "no header includes itself, not even through others"


def edges(tree):
    """header: list of (header, line) that it includes."""
    return {
        source.path: [
            (target, line)
            for line, mark, name in source.includes()
            if mark == '"' and (target := tree.resolve(source.path, name))
        ]
        for source in tree.sources(C_FOLDERS, ".h")
    }


def check(tree):
    graph = edges(tree)
    done = set()

    def walk(path, way):
        """Yield each circle once: at the include that closes it."""
        for target, line in graph.get(path, ()):
            if target in way:
                circle = way[way.index(target) :] + [target]
                yield Offence(path, line, "circle: " + " -> ".join(circle))
            elif target not in done:
                yield from walk(target, way + [target])
        done.add(path)

    for path in graph:
        if path not in done:
            yield from walk(path, [path])
