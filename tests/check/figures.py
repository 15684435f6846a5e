"""Figures that are reported and do not fail (`run --aim`)."""

import re

from tree import PRODUCT

CODE_TESTS = (".c", ".h", ".py", ".sh", ".ts", ".js", ".mjs", ".cjs")
TESTS = tuple(
    f"tests/{layer}/"
    for layer in ("lib", "virtual", "unit", "loop", "fault", "real", "fuzz", "system", "browser")
)


def quantile(values, share):
    """The smallest value that at least this share of the values reaches."""
    ordered = sorted(values)
    if not ordered:
        return 0
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def spread(values):
    return (
        f"median {quantile(values, 50)}, p90 {quantile(values, 90)}, "
        f"max {max(values, default=0)}"
    )


def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "none"


def comment_share(sources):
    """Lines that hold a comment, of the lines that hold anything."""
    comments = sum(len(source.comment_lines) for source in sources)
    filled = sum(
        sum(1 for line in source.raw.splitlines() if line.strip())
        for source in sources
    )
    return percent(comments, filled)


def code_lines(tree, folders, *endings):
    """Lines that are not empty."""
    return sum(
        sum(1 for line in tree.text(path).splitlines() if line.strip())
        for path in tree.under(folders, *endings)
    )


def rows(tree):
    c_files = list(tree.sources(PRODUCT, ".c"))
    headers = list(tree.sources(PRODUCT, ".h"))
    functions = [f for source in c_files for f in source.functions]
    product = code_lines(tree, PRODUCT, ".c", ".h")
    c_tests = code_lines(tree, TESTS, ".c", ".h")
    tests = code_lines(tree, TESTS, *CODE_TESTS)
    quoted = [
        sum(mark == '"' for _, mark, _ in source.includes())
        for source in c_files
    ]
    static = sum(f.static for f in functions)
    gotos = sum(len(f.gotos()) for f in functions)
    lines = [source.lines for source in c_files]
    yield ".c files", str(len(c_files)), ""
    yield "lines of a .c file", spread(lines), "median <= 200, p90 <= 450"
    yield ".h files", str(len(headers)), ""
    yield "lines of a header", spread([h.lines for h in headers]), "median <= 60"
    yield "functions", str(len(functions)), ""
    yield (
        "lines of a function",
        spread([f.length for f in functions]),
        "median <= 14, p90 <= 40",
    )
    yield "complexity", spread([f.complexity for f in functions]), "max 15"
    yield "nesting", spread([f.nesting for f in functions]), "max 4"
    yield "parameters", spread([f.parameters for f in functions]), "max 6"
    yield "static functions", percent(static, len(functions)), ">= 60 %"
    yield "comment lines, .c", comment_share(c_files), "10-18 %"
    yield "comment lines, .h", comment_share(headers), "35-55 %"
    yield "project includes of a .c file", spread(quoted), "max 10"
    yield "goto per 1,000 lines", f"{1000 * gotos / (product or 1):.1f}", ""
    yield "product lines (C, filled)", str(product), ""
    yield (
        "test lines in C : product lines",
        f"{c_tests / (product or 1):.2f} ({c_tests})",
        "",
    )
    yield (
        "all test lines : product lines",
        f"{tests / (product or 1):.2f} ({tests})",
        ">= 1.2",
    )
    yield "UNTESTED: marks", str(untested(c_files + headers)), "never grows"


def untested(sources):
    return sum(len(re.findall("UNTESTED:", s.raw)) for s in sources)


def show(tree):
    for name, value, aim in rows(tree):
        print(f"{name:32} {value}" + (f"   (aim: {aim})" if aim else ""))
