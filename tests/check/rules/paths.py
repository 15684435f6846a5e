"""The tree builds anywhere: it names no machine and no package host."""

import re

from tree import C_FOLDERS, Offence

NAME = "paths"
SAYS = "no machine paths, no registry hosts, no fixed files in /tmp"

# Written so that this file does not match itself.
EVERYWHERE = (
    (re.compile(r"(?<![\w.$}/-])/(?:wor[k]|roo[t])(?:/\w|\b(?![-/.\w]))"),
     "path of one machine"),
    (re.compile(r"(?<![\w.])/tmp/k[w](?![\w-])"), "path of one machine"),
    (re.compile(r"registry\.npmj[s]\.org|\bpyp[i]\.org|pythonhoste[d]\.org"
                r"|crates\.i[o]\b|proxy\.golan[g]\.org|\bghc[r]\.io"
                r"|\bqua[y]\.io|\bdocke[r]\.io", re.I),
     "registry host"),
)  # fmt: skip
# mkdtemp's template is no fixed name.
TMP = re.compile(r"""["']/tm[p]/(?![^"'\n]*XXXXXX)[^"'\n]*["']""")
TMP_FILES = C_FOLDERS + ("docker/", "certs/")


def check(tree):
    for path in tree.files:
        if path == "LICENSE":
            continue
        text = tree.text(path)
        patterns = list(EVERYWHERE)
        if path.startswith(TMP_FILES) and path.endswith((".c", ".h", ".py")):
            patterns.append((TMP, "fixed file in /tmp: use mkdtemp"))
        for pattern, message in patterns:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield Offence(path, line, f"{message}: {match.group().strip()}")
