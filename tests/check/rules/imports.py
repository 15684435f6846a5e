"""A peer that is missing fails its own tests, not the whole layer."""

import ast
import sys
from pathlib import PurePosixPath

from tree import Offence

NAME = "imports"
SAYS = "system tests import other packages where they use them"
FOLDER = "tests/system/"


def modules(node):
    """The packages that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return []


def check(tree):
    paths = tree.under((FOLDER,), ".py")
    known = set(sys.stdlib_module_names) | {"pytest"}
    known |= {PurePosixPath(path).stem for path in paths}
    for path in paths:
        for node in ast.parse(tree.text(path)).body:
            for name in modules(node):
                if name not in known:
                    yield Offence(path, node.lineno,
                                  f"{name}: import it in what needs it")
