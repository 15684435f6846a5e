"""First line of every C file."""

from tree import C_FOLDERS, Offence

NAME = "spdx"
SAYS = "every C file starts with its licence"
LINE = "/* SPDX-License-Identifier: Apache-2.0 */"


def check(tree):
    for source in tree.sources(C_FOLDERS):
        if source.raw.split("\n", 1)[0] != LINE:
            yield Offence(source.path, 1, f"the first line is not {LINE}")
