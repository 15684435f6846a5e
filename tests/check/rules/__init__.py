"""The rules, in the order in which they are printed.

A rule is a file with NAME, SAYS (one sentence) and check(tree), which yields
Offences or raises Skipped.
"""

from rules import (
    banned,
    commits,
    complexity,
    contract,
    cycles,
    format,
    globals,
    goto,
    headers,
    imports,
    includes,
    keys,
    layers,
    lengths,
    memcmp,
    paths,
    readme_tables,
    spdx,
    symbols,
    untested,
    webroot,
    words,
)

ALL = [
    spdx,
    format,
    lengths,
    complexity,
    goto,
    banned,
    words,
    untested,
    layers,
    includes,
    cycles,
    headers,
    contract,
    memcmp,
    keys,
    paths,
    webroot,
    imports,
    commits,
    symbols,
    globals,
    readme_tables,
]
