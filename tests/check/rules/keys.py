"""Keys are made on the device or by a script, never kept in the repository."""

import re

from tree import Offence

NAME = "keys"
SAYS = "no private keys in the tree"
ENDINGS = (".key", ".p12", ".pfx", ".jks", ".p8")
# A marker alone (code that looks for it) is no key: base64 has to follow.
PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\\[nr]|[\"'\s])*[A-Za-z0-9+/]{32}"
)


def check(tree):
    for path in tree.files:
        if path.endswith(ENDINGS):
            yield Offence(path, 1, "looks like a key by its name")
        text = tree.text(path)
        for match in PEM.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield Offence(path, line, "private key")
