"""What a folder in modules/ has to hold."""

import re

from rules import layers
from tree import Offence

NAME = "contract"
SAYS = "each module has its README, kw_module(), own name, the same needs"
SECTIONS = ["What", "Settings", "Routes", "Limits", "How it fails"]
STRUCT = re.compile(r"\bstruct\s+kw_module\s+\w+\s*=\s*\{")
MEMBER = re.compile(r'\.name\s*=\s*"([^"]*)"')
NEEDS = re.compile(r"\.needs\s*=\s*(\w+)")


def check(tree):
    for module in tree.modules():
        folder = f"modules/{module}"
        yield from readme(tree, f"{folder}/README.md")
        yield from build_file(tree, f"{folder}/CMakeLists.txt", module)
        yield from name(tree, folder, module)
        yield from same_needs(tree, folder, module)


def readme(tree, path):
    if path not in tree.files:
        yield Offence(path, 1, "not found")
        return
    found = re.findall(r"^## +(.*?) *$", tree.text(path), re.M)
    for section in SECTIONS:
        if section not in found:
            yield Offence(path, 1, f'no section "## {section}"')
    listed = [section for section in found if section in SECTIONS]
    if len(listed) == len(SECTIONS) and listed != SECTIONS:
        yield Offence(path, 1, "sections in this order: " + ", ".join(SECTIONS))


def build_file(tree, path, module):
    if path not in tree.files:
        yield Offence(path, 1, "not found")
        return
    calls = re.findall(r"^\s*kw_module\s*\(\s*(\w+)", tree.text(path), re.M)
    if calls != [module]:
        yield Offence(path, 1, f"one kw_module({module} ...) call expected")


def name(tree, folder, module):
    named = []
    for source in tree.sources((folder + "/",), ".c"):
        for match in STRUCT.finditer(source.code):
            member = MEMBER.search(source.raw, match.end())
            line = source.line_of(match.start())
            named.append((source.path, line, member.group(1) if member else ""))
    for path, line, text in named:
        if text != module:
            yield Offence(path, line, f'the module is named "{text}"')
    if len(named) != 1:
        yield Offence(
            f"{folder}/CMakeLists.txt",
            1,
            f"{len(named)} definitions of struct kw_module in {folder}, not one",
        )


def same_needs(tree, folder, module):
    """The program starts and stops by .needs, the build links by NEEDS."""
    built = layers.needs(tree, module)
    for source in tree.sources((folder + "/",), ".c"):
        for match in STRUCT.finditer(source.code):
            line = source.line_of(match.start())
            named = declared(source, match.end())
            if named is None:
                message = ".needs is no array of names in the same file"
                yield Offence(source.path, line, message)
            elif sorted(named) != sorted(built):
                message = (
                    f".needs says {' '.join(named) or 'nothing'}, "
                    f"NEEDS says {' '.join(built) or 'nothing'}"
                )
                yield Offence(source.path, line, message)


def declared(source, start):
    """The names that .needs of the struct from start on refers to."""
    end = source.code.find("};", start)
    member = NEEDS.search(source.code, start, end)
    if member is None:
        return []
    array = re.search(
        rf"\b{member.group(1)}\s*\[\]\s*=\s*\{{([^}}]*)\}}", source.raw
    )
    return re.findall(r'"(\w+)"', array.group(1)) if array else None
