"""The files that the rules look at, read once."""

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scanner import Source

SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__", "build", "state"}
PRODUCT = ("src/", "modules/")
MEASURED = PRODUCT + ("tests/plant/", "tests/lib/")
C_FOLDERS = PRODUCT + ("tests/", "bench/")


@dataclass(frozen=True, order=True)
class Offence:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Skipped(Exception):
    """A rule can't be judged here; the text says why."""


class Tree:
    def __init__(self, root, build=None):
        self.root = Path(root).resolve()
        self.build = Path(build).resolve() if build else None
        self.files = sorted(p for p in self._listed() if self._is_file(p))

    def _is_file(self, path):
        full = self.root / path
        return full.is_file() and not full.is_symlink()

    def _listed(self):
        """Tracked and new files, as git sees them; without git, all."""
        if (self.root / ".git").exists():
            git = self.run(
                ["git", "ls-files", "-z", "-co", "--exclude-standard"]
            )
            if git.returncode == 0:
                return set(git.stdout.split("\0")) - {""}
        found = set()
        for folder, below, names in os.walk(self.root):
            below[:] = [b for b in below if b not in SKIPPED_FOLDERS]
            inside = Path(folder).relative_to(self.root)
            found.update(str(inside / name) for name in names)
        return found

    def run(self, command, **options):
        return subprocess.run(
            command,
            cwd=self.root,
            text=True,
            errors="replace",
            capture_output=True,
            check=False,
            **options,
        )

    def under(self, folders, *endings):
        """Paths below the folders (a tuple of prefixes) with these endings."""
        return [
            p
            for p in self.files
            if p.startswith(folders) and (not endings or p.endswith(endings))
        ]

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """Contents of a text file, "" of a binary one."""
        data = (self.root / path).read_bytes()
        if b"\0" in data[:8192]:
            return ""
        return data.decode("utf-8", errors="replace")

    def text_or_empty(self, path):
        return self.text(path) if path in self.files else ""

    @functools.lru_cache(maxsize=None)
    def source(self, path):
        return Source(path, self.text(path))

    def sources(self, folders, *endings):
        for path in self.under(folders, *(endings or (".c", ".h"))):
            yield self.source(path)

    @functools.lru_cache(maxsize=None)
    def modules(self):
        """Names of the folders in modules/ that hold something."""
        return sorted(
            {p.split("/")[1] for p in self.under(("modules/",)) if p.count("/") > 1}
        )

    def resolve(self, path, name):
        """The file in the tree that `#include "name"` in path means, or None."""
        folder = os.path.dirname(path)
        for base in (folder, "src", "modules", "tests", "tests/lib", ""):
            found = os.path.normpath(os.path.join(base, name))
            if found in self._file_set():
                return found
        return None

    @functools.lru_cache(maxsize=None)
    def _file_set(self):
        return frozenset(self.files)
