"""The page works under a strict policy and asks nobody but the gateway."""

import re

from tree import Offence

NAME = "webroot"
SAYS = "nothing inline, no foreign hosts, files <= 300 lines"
LINES_MAX = 300
MEASURED = (".ts", ".tsx", ".js", ".mjs", ".css", ".html")
# A name space is no address that anything fetches.
FOREIGN = re.compile(
    r"\bhttps?://(?!www\.w3\.org/|localhost\b|127\.0\.0\.1|\$\{|\[)", re.I
)
HTML = (
    (re.compile(r"<script\b(?![^>]*\bsrc\s*=)", re.I), "inline script"),
    (re.compile(r"<style\b", re.I), "inline style sheet"),
    (re.compile(r"<[^>]*\sstyle\s*=", re.I), "inline style"),
    (re.compile(r"<[^>]*\son[a-z]+\s*=", re.I), "inline event handler"),
    (re.compile(r"\bjavascript:", re.I), "inline script"),
)
SCRIPT = (
    (re.compile(r"\bdangerouslySetInnerHTML\b|\.(?:inner|outer)HTML\s*=(?!=)"
                r"|\binsertAdjacentHTML\b|\bdocument\.write\b"),
     "text from outside could become markup"),
    (re.compile(r"(?<![\w.])eval\s*\(|\bnew\s+Function\s*\("),
     "script made from text"),
)  # fmt: skip


def patterns(path):
    if path.endswith(".html"):
        yield from HTML
    if path.endswith((".ts", ".tsx", ".js", ".mjs")):
        yield from SCRIPT
    yield FOREIGN, "address of another host"


def check(tree):
    for path in tree.under(("webroot/",)):
        if path.endswith("package-lock.json"):
            continue
        text = tree.text(path)
        if path.endswith(MEASURED) and text.count("\n") > LINES_MAX:
            lines = text.count("\n")
            yield Offence(path, LINES_MAX + 1, f"{lines} lines, at most {LINES_MAX}")
        if path.endswith(".md"):
            continue
        for pattern, message in patterns(path):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield Offence(path, line, message)
