"""Secrets are compared in constant time."""

from tree import Offence

NAME = "memcmp"
SAYS = "modules/auth and base/secret use no memcmp"
FOLDERS = ("modules/auth/", "src/base/secret")


def check(tree):
    for source in tree.sources(FOLDERS):
        for line, name in source.calls("memcmp|bcmp"):
            yield Offence(source.path, line, f"{name}: use kw_secret_equal")
