"""A commit's subject says where and what."""

import re

from tree import Offence, Skipped

NAME = "commits"
SAYS = "subjects are `area: what changes`, at most 60 characters"
SUBJECT = re.compile(r"[a-z0-9][a-z0-9_.,/+-]*(?:, [a-z0-9_./+-]+)*: \S.*[^.\s]")
LENGTH_MAX = 60
LAST = 200


def check(tree):
    git = tree.run(
        ["git", "log", "--no-merges", f"-{LAST}", "--format=%h%x09%s"]
    )
    if not (tree.root / ".git").exists() or git.returncode != 0:
        raise Skipped("no git history here")
    for row in git.stdout.splitlines():
        commit, _, subject = row.partition("\t")
        if not SUBJECT.fullmatch(subject):
            yield Offence(f"commit {commit}", 0, f"not `area: what`: {subject}")
        if len(subject) > LENGTH_MAX:
            yield Offence(
                f"commit {commit}",
                0,
                f"{len(subject)} characters, at most {LENGTH_MAX}: {subject}",
            )
