"""The scanner on sources that are easy to misread."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from scanner import Source  # noqa: E402


def scan(text):
    return Source("x.c", text)


def function(text):
    found = scan(text).functions
    assert len(found) == 1, [f.name for f in found]
    return found[0]


def body(text):
    return function("int f(void)\n{\n" + text + "\n}\n")


class Blanking(unittest.TestCase):
    def test_positions_stay(self):
        text = 'int a; /* b\n c */ char *s = "x{y"; // d {\nchar q = \'{\';\n'
        source = scan(text)
        self.assertEqual(len(source.code), len(text))
        self.assertEqual(source.code.count("\n"), text.count("\n"))
        self.assertNotIn("{", source.code)
        self.assertIn("char *s", source.code)

    def test_comment_signs_in_strings(self):
        source = scan('char *s = "/* no"; int b; char *t = "*/";\n')
        self.assertIn("int b;", source.code)
        self.assertEqual(source.comment_lines, set())

    def test_quotes_in_comments(self):
        source = scan("/* don't */ int a; // it's\nint b;\n")
        self.assertIn("int a;", source.code)
        self.assertIn("int b;", source.code)

    def test_escapes(self):
        source = scan("char a = '\\''; char *b = \"\\\\\"; int c = 1; /* x */\n")
        self.assertIn("int c = 1;", source.code)
        self.assertNotIn("x", source.code)

    def test_line_comment_with_continuation(self):
        source = scan("// a \\\n int hidden;\nint seen;\n")
        self.assertNotIn("hidden", source.code)
        self.assertIn("seen", source.code)

    def test_open_comment_at_the_end(self):
        self.assertEqual(scan("int a; /* never closed").code.strip(), "int a;")

    def test_comment_lines(self):
        source = scan("/* a\n   b */\nint x; // c\nint y;\n")
        self.assertEqual(source.comment_lines, {1, 2, 3})

    def test_lines(self):
        self.assertEqual(scan("a\nb\n").lines, 2)
        self.assertEqual(scan("a\nb").lines, 2)


class Preprocessor(unittest.TestCase):
    def test_else_branch_is_dropped(self):
        text = (
            "#ifdef A\nint f(void)\n{\n#else\nint f(int a)\n{\n#endif\n"
            "    return 0;\n}\n"
        )
        self.assertEqual(function(text).parameters, 0)

    def test_if_0_is_dropped_and_nests(self):
        text = "#if 0\n#if 1\nint f(void)\n{\n}\n#endif\n#endif\nint g(void)\n{\n}\n"
        self.assertEqual(function(text).name, "g")

    def test_elif(self):
        text = "#if A\nint a(void)\n{\n}\n#elif B\nint b(void)\n{\n}\n#endif\n"
        self.assertEqual(function(text).name, "a")

    def test_macros_are_no_functions(self):
        text = "#define F(x) \\\n    int f(void) \\\n    { \\\n    }\nint g;\n"
        self.assertEqual(scan(text).functions, [])

    def test_includes(self):
        text = '#include <uv.h>\n/* #include "no.h" */\n# include "a/b.h"\n'
        found = list(scan(text).includes())
        self.assertEqual(found, [(1, "<", "uv.h"), (3, '"', "a/b.h")])

    def test_calls_in_macros_count(self):
        source = scan("#define F(x) strcpy(x, y)\n")
        self.assertEqual(list(source.calls("strcpy")), [(1, "strcpy")])


class Calls(unittest.TestCase):
    def test_members_and_longer_names_are_others(self):
        source = scan("a->free(x); b.free(x); kw_free(x); freed(x);\n")
        self.assertEqual(list(source.calls("free")), [])

    def test_the_call_itself(self):
        source = scan("int a;\n  free (x);\n")
        self.assertEqual(list(source.calls("malloc|free")), [(2, "free")])


class Functions(unittest.TestCase):
    def test_plain(self):
        found = function("static int f(int a, char *b)\n{\n    return a;\n}\n")
        self.assertEqual(found.name, "f")
        self.assertTrue(found.static)
        self.assertEqual(found.parameters, 2)
        self.assertEqual((found.line, found.end, found.length), (1, 4, 4))

    def test_head_on_several_lines(self):
        found = function("\n/* why */\nint\nf(int a,\n  int b)\n{\n}\n")
        self.assertEqual(found.line, 3)
        self.assertFalse(found.static)

    def test_two_after_each_other(self):
        text = "int a(void)\n{\n}\n\nint b(void)\n{\n    { }\n}\n"
        self.assertEqual([f.name for f in scan(text).functions], ["a", "b"])

    def test_no_functions(self):
        for text in (
            "struct a {\n int (*f)(void);\n};\n",
            "enum e { A, B };\n",
            "static const struct s t[] = {\n { 1, f(2) },\n};\n",
            "struct s v = (struct s){ 1 };\n",
            "struct __attribute__((packed)) s { int a; };\n",
            "int f(void);\n",
        ):
            self.assertEqual(scan(text).functions, [], text)

    def test_attribute(self):
        text = "__attribute__((format(printf, 1, 2)))\nint f(const char *s, ...)\n{\n}\n"
        found = function(text)
        self.assertEqual((found.name, found.parameters), ("f", 2))

    def test_returns_a_pointer_to_a_function(self):
        found = function("static void (*pick(int a, int b))(int)\n{\n}\n")
        self.assertEqual((found.name, found.parameters), ("pick", 2))

    def test_parameter_that_is_a_function(self):
        found = function("void f(int (*cb)(int, int), int a[2])\n{\n}\n")
        self.assertEqual(found.parameters, 2)

    def test_after_an_initialiser(self):
        text = "static int a[] = { 1, 2 };\nint f(void)\n{\n}\n"
        self.assertEqual(function(text).line, 2)

    def test_tables_inside_do_not_count(self):
        rows = "".join(f"        {{ {i} }},\n" for i in range(80))
        text = (
            "int f(void)\n{\n    static const struct row rows[] = {\n"
            + rows
            + "    };\n    return 0;\n}\n"
        )
        self.assertEqual(function(text).length, 5)

    def test_braces_in_literals(self):
        text = "int a(void)\n{\n    return '}';\n}\nint b(void)\n{\n}\n"
        self.assertEqual([f.end for f in scan(text).functions], [4, 7])


class Complexity(unittest.TestCase):
    def test_counts(self):
        for text, value in (
            ("return 0;", 1),
            ("if (a) b(); else c();", 2),
            ("if (a && b || c) d();", 4),
            ("for (;;) while (a) do b(); while (c);", 4),
            ("return a ? b : c;", 2),
            ("return &a == &&b;", 2),
            ("switch (a) { case 1: b(); break; default: c(); }", 2),
            ("switch (a) { case 1: case 2: case 3: b(); }", 2),
            ("switch (a) { case 1: b(); case 2: c(); }", 3),
            ("KW_LIST_EACH(a, b) c();", 2),
            ("notif(a); forx(b); a = b & c | d;", 1),
        ):
            self.assertEqual(body(text).complexity, value, text)


class Nesting(unittest.TestCase):
    def test_depths(self):
        for text, value in (
            ("a();", 0),
            ("{ { a(); } }", 0),
            ("if (a) b();", 1),
            ("if (a) { b(); } else if (c) { d(); } else { e(); }", 1),
            ("if (a) for (;;) while (b) c();", 3),
            ("do { if (a) b(); } while (c); if (d) e();", 2),
            ("switch (a) { case 1: if (b) c(); break; default: d(); }", 2),
            ("x = (struct y){ .a = { 1 } }; if (a) b();", 1),
            ("int a[] = { 1, 2 }; struct s { int a; } s; if (a) b();", 1),
            ("KW_EACH(i, list) { if (a) b(); }", 2),
            ("KW_EACH(i, list) if (a) b();", 2),
            ("a = b ? c : d; if (e) f();", 1),
            ("out: if (a) b();", 1),
            ("if (a) { } b = c(d)(e); if (f) g();", 1),
            ("if (a) if (b) c(); else d(); else e();", 2),
        ):
            self.assertEqual(body(text).nesting, value, text)

    def test_broken_source_ends(self):
        for text in ("if (a", "do", "switch (a) {", "(((", "for"):
            for found in scan("int f(void)\n{\n" + text).functions:
                self.assertGreaterEqual(found.nesting, 0)


class Gotos(unittest.TestCase):
    def test_forward(self):
        found = body("    if (a)\n        goto out;\n    b();\nout:\n    c();")
        name, at = found.gotos()[0]
        self.assertEqual(name, "out")
        self.assertGreater(found.label_at("out"), at)

    def test_backward(self):
        found = body("again:\n    b();\n    goto again;")
        name, at = found.gotos()[0]
        self.assertLess(found.label_at(name), at)

    def test_not_a_label(self):
        found = body("    x = a ? b : out;\n")
        self.assertEqual(found.label_at("out"), -1)


if __name__ == "__main__":
    unittest.main()
