"""Main holds finished work: no notes to oneself, no announcements."""

import re

from tree import Offence

NAME = "words"
SAYS = "no markers or phrases of unfinished work"

# Written so that this file does not match itself.
MARKERS = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
PHRASES = re.compile(r"\b(?:for no[w]|simplifie[d]|placeholde[r])\b", re.I)
# The attribute and the pseudo-element of that name belong to HTML and CSS.
NO_PHRASES = ("webroot/", "tests/browser/")
# Texts of others, and what parsers are fed with.
LEFT_OUT = ("LICENSE", "tests/data/", "tests/fuzz/corpus/")
LOCK_FILES = ("package-lock.json",)


def check(tree):
    for path in tree.files:
        if path.startswith(LEFT_OUT) or path.endswith(LOCK_FILES):
            continue
        text = tree.text(path)
        patterns = [MARKERS]
        if not path.startswith(NO_PHRASES):
            patterns.append(PHRASES)
        for pattern in patterns:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield Offence(path, line, f'"{match.group()}"')
