"""A small reader of C sources: enough to find functions and measure them.

It is no C parser. It blanks what is not code (comments, literals, directives,
the branches that `#else` opens) and keeps every line and column where it was,
so that a position in the blanked text is a position in the file.
"""

import bisect
import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
    (?P<comment> /\*.*?(?:\*/|\Z) | //(?:\\\n|[^\n])* )
  | (?P<string>  "(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z) )
  | (?P<char>    '(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z) )
    """,
    re.S | re.X,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b(.*)")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
_WORD = re.compile(r"[A-Za-z_]\w*|[^\s\w]|\d[\w.]*")
_ATTRIBUTE = re.compile(r"\b__attribute__\s*\(\(")
_CONTROL = {"if", "for", "while", "switch"}
_NO_FUNCTION = {"if", "for", "while", "switch", "return", "sizeof"}


def _spaces(text):
    return re.sub(r"[^\n]", " ", text)


def _matching(text, start, opening, closing):
    """Index of the bracket that closes the one at start, or len(text)."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] == opening:
            depth += 1
        elif text[i] == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(text)


def _blank_else_branches(text):
    """Blank directives and all branches but the first (`#if 0` has none)."""
    out = []
    live = [True]  # one entry a level of #if: is its text kept?
    for line in _joined_lines(text):
        match = _CONDITIONAL.match(line)
        if match:
            word, rest = match.groups()
            if word.startswith("if"):
                live.append(word != "if" or rest.strip() != "0")
            elif word == "endif":
                if len(live) > 1:
                    live.pop()
            elif len(live) > 1:
                live[-1] = False
        if match or not all(live) or _DIRECTIVE.match(line):
            out.append(_spaces(line))
        else:
            out.append(line)
    return "".join(out)


def _joined_lines(text):
    """Lines with their end; a directive comes with its continuation lines."""
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        if _DIRECTIVE.match(held) and line.rstrip("\n").endswith("\\"):
            continue
        yield held
        held = ""
    if held:
        yield held


@dataclass
class Function:
    name: str
    line: int  # of its name's declaration, first line
    end: int  # line of the closing brace
    static: bool
    parameters: int
    body: str  # between the braces, blanked
    body_at: int  # offset of the body in the blanked text
    table_lines: int  # lines of constant tables inside

    @property
    def length(self):
        return self.end - self.line + 1 - self.table_lines

    @property
    def complexity(self):
        branch = r"\b(?:if|for|while|KW_\w*EACH\w*)\b|\?|&&|\|\|"
        count = 1 + len(re.findall(branch, self.body))
        # labels that share one body are one branch
        labels = re.sub(r"\bcase\b[^:;{}]*:\s*(?=case\b)", "", self.body)
        return count + len(re.findall(r"\bcase\b", labels))

    @property
    def nesting(self):
        return _Nesting(self.body).deepest

    def gotos(self):
        """(name of the label, offset in the body) of each goto."""
        found = re.finditer(r"\bgoto\s+(\w+)", self.body)
        return [(m.group(1), m.start()) for m in found]

    def label_at(self, name):
        match = re.search(
            r"(?:^|[;{}:])\s*(%s)\s*:(?!:)" % re.escape(name), self.body, re.M
        )
        return match.start(1) if match else -1


class _Nesting:
    """Walks the statements of a body; how deep do the controls stand?"""

    def __init__(self, body):
        self.words = _WORD.findall(body)
        self.at = 0
        self.deepest = 0
        while self.at < len(self.words):
            self._statement(0)

    def _peek(self):
        return self.words[self.at] if self.at < len(self.words) else ""

    def _group(self, opening, closing):
        depth = 0
        while self.at < len(self.words):
            depth += self.words[self.at] == opening
            depth -= self.words[self.at] == closing
            self.at += 1
            if depth == 0:
                return

    def _controlled(self, depth):
        self.deepest = max(self.deepest, depth + 1)
        self._statement(depth + 1)

    def _statement(self, depth):
        word = self._peek()
        if word == "{":
            self.at += 1
            while self._peek() not in ("}", ""):
                self._statement(depth)
            self.at += 1
        elif word in _CONTROL:
            self.at += 1
            self._group("(", ")")
            self._controlled(depth)
            while word == "if" and self._peek() == "else":
                self.at += 1
                if self._peek() != "if":
                    self._controlled(depth)
                    break
                self.at += 1
                self._group("(", ")")
                self._controlled(depth)
        elif word == "do":
            self.at += 1
            self._controlled(depth)
            self._plain(depth)
        else:
            self._plain(depth)

    def _plain(self, depth):
        """An expression, a declaration, a label, or a macro that loops."""
        start = self.at
        while self.at < len(self.words):
            word = self.words[self.at]
            if word == "(":
                self._group("(", ")")
                if self.at - start > 1 and self._macro_loop(start):
                    self._controlled(depth)
                    return
                continue
            if word == "[":
                self._group("[", "]")
                continue
            if word == "{":  # initialiser, compound literal
                self._group("{", "}")
                continue
            if word == "}":
                if self.at == start:
                    self.at += 1
                return
            self.at += 1
            if word == ";":
                return
            if word == ":" and "?" not in self.words[start : self.at]:
                return

    def _macro_loop(self, start):
        """`NAME(...)` and then a block: a loop that a macro opens."""
        follows = self._peek()
        name = self.words[start]
        alone = self.words[start + 1 : start + 2] == ["("]
        return (
            alone
            and re.fullmatch(r"[A-Za-z_]\w*", name) is not None
            and (follows == "{" or follows in _CONTROL)
        )


@dataclass
class Source:
    """One C file: raw text and the views of it that the rules look at."""

    path: str
    raw: str
    code: str = ""  # comments and literals blanked, directives kept
    body: str = ""  # directives and #else branches blanked too
    comment_lines: set = field(default_factory=set)
    functions: list = field(default_factory=list)

    def __post_init__(self):
        self._starts = [0]
        for match in re.finditer("\n", self.raw):
            self._starts.append(match.end())
        self.code = _TOKEN.sub(self._blank, self.raw)
        self.body = _blank_else_branches(self.code)
        self.functions = list(self._find_functions())

    def _blank(self, match):
        text = match.group()
        if match.lastgroup == "comment":
            first = self.line_of(match.start())
            last = first + text.rstrip("\n").count("\n")
            self.comment_lines.update(range(first, last + 1))
            return _spaces(text)
        if len(text) < 2:
            return text
        return text[0] + _spaces(text[1:-1]) + text[-1]

    def line_of(self, offset):
        return bisect.bisect_right(self._starts, offset)

    @property
    def lines(self):
        return self.raw.count("\n") + (not self.raw.endswith("\n"))

    @property
    def code_lines(self):
        return sum(1 for line in self.code.splitlines() if line.strip())

    def includes(self):
        """(line, '<' or '"', name) of each include; comments don't count."""
        for match in _INCLUDE.finditer(self.raw):
            if self.code[match.start() : match.start(1)].strip():
                yield self.line_of(match.start(1)), match.group(1), match.group(2)

    def calls(self, name):
        """Lines where name(...) is called, not where a member of that name is."""
        pattern = r"(?<![\w.])(?<!->)(?:%s)\s*\(" % name
        for match in re.finditer(pattern, self.code):
            yield self.line_of(match.start()), match.group().rstrip("( \n\t")

    def _find_functions(self):
        text = self.body
        start = i = 0
        while i < len(text):
            if text[i] in ";}":
                start = i + 1
            elif text[i] == "{":
                end = _matching(text, i, "{", "}")
                function = self._function(start, i, end)
                if function:
                    yield function
                i = end
                # what follows an initialiser or a struct belongs to it
                if function:
                    start = i + 1
            i += 1

    def _function(self, start, brace, end):
        head = text = self.body[start:brace]
        while True:
            match = _ATTRIBUTE.search(text)
            if not match:
                break
            close = _matching(text, match.end() - 2, "(", ")")
            text = text[: match.start()] + _spaces(
                text[match.start() : close + 1]
            ) + text[close + 1 :]
        if not text.rstrip().endswith(")") or _top_level(text, "="):
            return None
        name, parameters = _declarator(text.rstrip())
        if not name or name in _NO_FUNCTION:
            return None
        at = start + len(head) - len(head.lstrip())
        body = self.body[brace + 1 : end]
        return Function(
            name=name,
            line=self.line_of(at),
            end=self.line_of(min(end, len(self.body) - 1)),
            static=re.search(r"\bstatic\b", text) is not None,
            parameters=_count_parameters(parameters),
            body=body,
            body_at=brace + 1,
            table_lines=_table_lines(body),
        )


def _top_level(text, sign):
    depth = 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if depth == 0 and char == sign:
            return True
    return False


def _declarator(text):
    """Name and parameter list of a head that ends with ')'."""
    close = len(text) - 1
    depth = 0
    for i in range(close, -1, -1):
        depth += (text[i] == ")") - (text[i] == "(")
        if depth == 0:
            break
    before = text[:i].rstrip()
    if before.endswith(")"):  # returns a pointer to a function
        opening = before.rfind("(*")
        inner = before[opening + 1 : -1].rstrip() if opening >= 0 else ""
        return _declarator(inner) if inner.endswith(")") else ("", "")
    match = re.search(r"([A-Za-z_]\w*)$", before)
    return (match.group(1) if match else "", text[i + 1 : close])


def _count_parameters(text):
    if text.strip() in ("", "void"):
        return 0
    depth = 0
    count = 1
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        count += depth == 0 and char == ","
    return count


def _table_lines(body):
    """Lines of the `static const ... = { ... }` tables inside a function."""
    total = 0
    for match in re.finditer(r"\bstatic\s+const\b[^;{}()]*=\s*\{", body):
        close = _matching(body, match.end() - 1, "{", "}")
        total += body.count("\n", match.end(), close)
    return total
