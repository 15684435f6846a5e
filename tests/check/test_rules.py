"""Each rule on a tree with one offence: that rule reports it, no other does.

Every test starts from the same small tree, which breaks no rule.
"""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import figures  # noqa: E402
import rules  # noqa: E402
from rules import banned, layers, readme_tables  # noqa: E402
from rules import format as layout  # noqa: E402
from tree import Skipped, Tree  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
README = """# meter

## What

## Settings

<!-- table: settings -->
| key | unit |
|---|---|
| every | s |
<!-- end -->

## Routes

## Limits

## How it fails
"""
GOOD = {
    ".clang-format": (HERE.parent.parent / ".clang-format").read_text(),
    "README.md": "# Kilowatch\n",
    "src/base/err.h": SPDX + "#ifndef A\n#define A\nint kw_err(void);\n#endif\n",
    "src/base/err.c": SPDX
    + '#include "base/err.h"\n\nint kw_err(void)\n{\n    return 0;\n}\n',
    "src/core/module.h": SPDX
    + "#ifndef B\n#define B\n\nstruct kw_module {\n    const char *name;\n"
    + "};\n\n#endif\n",
    "modules/meter/CMakeLists.txt": "kw_module(meter SOURCES meter.c)\n",
    "modules/meter/README.md": README,
    "modules/meter/meter.c": SPDX
    + '#include "core/module.h"\n\nextern const struct kw_module kw_meter_module;'
    + '\n\nconst struct kw_module kw_meter_module = {\n    .name = "meter",\n};\n',
    "tests/check/untested.count": "0\n",
    "tests/check/mutable.list": "# none\n",
}
# What the built program says: `kilowatch tables MODULE KIND`.
PROGRAM = """#!/bin/sh
case "$2 $3" in
"meter settings") printf '| key | unit |\\n|---|---|\\n| every | s |\\n' ;;
*) printf '| path |\\n|---|\\n' ;;
esac
"""


def text_of(count, line="int x;\n"):
    return SPDX + line * (count - 1)


def in_function(lines, head="int kw_f(void)"):
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return f"{SPDX}{head};\n\n{head}\n{{\n{body}}}\n"


class RuleTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name) / "tree"
        self.build = Path(holder.name) / "build"
        self.build.mkdir()
        for path, text in GOOD.items():
            self.put(path, text)

    def put(self, path, text):
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def verdicts(self, build=None, only=None):
        """{rule: [offences]} of the rules that found something."""
        tree = Tree(self.root, build)
        found = {}
        for rule in only or rules.ALL:
            try:
                offences = sorted(set(rule.check(tree)))
            except Skipped:
                continue
            if offences:
                found[rule.NAME] = [str(o) for o in offences]
        return found

    def broken(self, rule, message, build=None, count=1, also=()):
        """Exactly that rule reports it; `format` judges layout apart."""
        found = self.verdicts(build)
        found.pop("format", None)
        for other in also:
            self.assertIn(other, found)
            found.pop(other)
        self.assertEqual(list(found), [rule], found)
        self.assertEqual(len(found[rule]), count, found[rule])
        self.assertIn(message, found[rule][0])

    def put_good_build(self):
        """Static libraries of the tree as the build makes them, and a program."""
        program = self.build / "kilowatch"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        for folder, library in (
            ("src/base", "libkw_base.a"),
            ("modules/meter", "modules/meter/libkw_meter.a"),
        ):
            target = self.build / library
            target.parent.mkdir(parents=True, exist_ok=True)
            objects = []
            for source in sorted((self.root / folder).glob("*.c")):
                made = target.parent / (source.name + ".o")
                self.shell(
                    "gcc", "-fPIE", "-w", f"-I{self.root}/src", "-c",
                    str(source), "-o", str(made),
                )  # fmt: skip
                objects.append(str(made))
            self.shell("ar", "rcs", str(target), *objects)
        return self.build

    def shell(self, *command):
        subprocess.run(command, check=True, cwd=self.root, capture_output=True)


class Good(RuleTest):
    def test_nothing_is_found(self):
        self.assertEqual(self.verdicts(), {})

    def test_nothing_is_found_with_a_build(self):
        self.assertEqual(self.verdicts(self.put_good_build()), {})

    def test_an_empty_tree_passes_or_skips(self):
        for path in GOOD:
            if not path.startswith(("tests/", ".clang")):
                (self.root / path).unlink()
        self.assertEqual(self.verdicts(), {})


class Sources(RuleTest):
    def test_spdx(self):
        self.put("src/base/a.c", "int kw_a;\n")
        self.broken("spdx", "src/base/a.c:1:")

    def test_format(self):
        try:
            layout.formatter(Tree(self.root))
        except Skipped as why:
            self.skipTest(str(why))
        self.put("src/base/a.c", SPDX + "int  kw_a;\n")
        found = self.verdicts()
        self.assertEqual(list(found), ["format"])
        self.assertIn("src/base/a.c:2:", found["format"][0])

    def test_lengths_of_files(self):
        self.put("src/base/a.c", text_of(600))
        self.put("src/base/a.h", text_of(250))
        self.assertNotIn("lengths", self.verdicts())
        self.put("src/base/a.c", text_of(601))
        self.broken("lengths", "src/base/a.c:601: 601 lines, at most 600")
        self.put("src/base/a.c", text_of(600))
        self.put("src/base/a.h", text_of(251))
        self.broken("lengths", "src/base/a.h:251: 251 lines, at most 250")

    def test_length_of_a_function(self):
        self.put("src/base/a.c", in_function("g();\n" * 67))
        self.assertNotIn("lengths", self.verdicts())
        self.put("src/base/a.c", in_function("g();\n" * 68))
        self.broken("lengths", "src/base/a.c:4: kw_f has 71 lines")

    def test_complexity(self):
        self.put("src/base/a.c", in_function("if (a)\n    b();\n" * 14))
        self.assertNotIn("complexity", self.verdicts())
        self.put("src/base/a.c", in_function("if (a)\n    b();\n" * 15))
        self.broken("complexity", "kw_f: cyclomatic complexity 16, at most 15")

    def test_nesting(self):
        self.put("tests/plant/a.c", in_function("for (;;) " * 4 + ";"))
        self.assertNotIn("complexity", self.verdicts())
        self.put("tests/plant/a.c", in_function("for (;;) " * 5 + ";"))
        self.broken("complexity", "kw_f: nesting depth 5, at most 4")

    def test_parameters(self):
        head = "int kw_f(" + ", ".join(f"int {c}" for c in "abcdef")
        self.put("src/base/a.c", in_function("return 0;", head + ")"))
        self.assertNotIn("complexity", self.verdicts())
        self.put("src/base/a.c", in_function("return 0;", head + ", int g)"))
        self.broken("complexity", "kw_f: number of parameters 7, at most 6")

    def test_goto_backward(self):
        self.put("src/base/a.c", in_function("again:\ngoto again;"))
        self.broken("goto", "src/base/a.c:7: goto again goes backward")

    def test_goto_to_two_labels(self):
        self.put("src/base/a.c", in_function("goto a;\ngoto b;\na:\nb:\ng();"))
        self.broken("goto", "kw_f jumps to 2 labels: a, b")

    def test_goto_forward_is_fine(self):
        self.put("src/base/a.c", in_function("goto a;\ngoto a;\na:\ng();"))
        self.assertNotIn("goto", self.verdicts())

    def test_banned(self):
        for call, path in (
            ("strcpy(a, b)", "tests/unit/a.c"),
            ("strtoul(a, b, c)", "bench/a.c"),
            ("sscanf(a, b)", "modules/meter/a.c"),
            ("gets(a)", "src/base/a.c"),
            ("alloca(1)", "src/base/a.c"),
            ("system(a)", "src/cli/a.c"),
            ("execvp(a, b)", "modules/meter/a.c"),
            ("malloc(1)", "tests/plant/a.c"),
            ("random()", "src/net/a.c"),
            ("usleep(1)", "modules/meter/a.c"),
            ("getaddrinfo(a)", "src/net/a.c"),
        ):
            with self.subTest(call):
                self.put(path, in_function(call + ";"))
                self.broken("banned", f"{path}:6: {call.split('(')[0]}:")
                (self.root / path).unlink()

    def test_banned_elsewhere_is_allowed(self):
        self.put("src/base/mem.c", in_function("free(a);"))
        self.put("tests/unit/a.c", in_function("free(a);\nsleep(1);\nexecv(a);"))
        self.put("src/base/a.c", in_function("a->free(b);\n/* free(a) */"))
        self.assertNotIn("banned", self.verdicts())

    def test_exceptions_name_rows_that_exist(self):
        known = {names for names, _, _ in banned.CALLS}
        for _, names in banned.EXCEPT:
            self.assertIn(names, known)

    def test_words(self):
        for word in ("TO" + "DO", "FIX" + "ME", "for " + "now", "Place" + "holder"):
            with self.subTest(word):
                self.put("docs/a.md", f"one\n{word}: later\n")
                self.broken("words", "docs/a.md:2:")

    def test_words_that_only_look_alike(self):
        self.put("docs/a.md", "kw-XXXXXX, for nowhere, TODOS\n")
        self.put("webroot/a.html", "<input place" + 'holder="a">\n')
        self.assertEqual(self.verdicts(), {})

    def test_untested(self):
        self.put("src/base/a.c", SPDX + "/* UNTESTED: the disk is full */\n")
        self.broken("untested", "src/base/a.c:2: one of 1, 0 allowed")
        self.put("tests/check/untested.count", "1\n")
        self.assertNotIn("untested", self.verdicts())


class Layers(RuleTest):
    def refused(self, path, include, message):
        with self.subTest(f"{path} {include}"):
            self.put(path, f"{SPDX}#include {include}\n")
            found = self.verdicts(only=[layers])
            self.assertEqual(list(found), ["layers"], found)
            self.assertEqual(len(found["layers"]), 1, found)
            self.assertIn(f"{path}:2: {message}", found["layers"][0])
            (self.root / path).unlink()

    def allowed(self, path, include):
        with self.subTest(f"{path} {include}"):
            self.put(path, f"{SPDX}#include {include}\n")
            self.assertEqual(self.verdicts(only=[layers]), {})
            (self.root / path).unlink()

    def test_layers(self):
        self.put("src/net/stream.h", SPDX)
        self.put("modules/meter/meter.h", SPDX)
        self.put("modules/mail/mail.h", SPDX)
        module = '"core/module.h"'
        self.refused("src/base/a.c", module, "base may not include core")
        self.refused("src/core/a.c", '"net/stream.h"', "core may not")
        self.refused("src/net/a.c", '"meter/meter.h"', "net may not")
        self.refused("modules/meter/a.c", '"mail/mail.h"', "modules/meter may")
        self.refused("modules/meter/a.c", '"../mail/mail.h"', "modules/meter may")
        self.refused("tests/plant/a.c", module, "tests/plant may not")
        self.allowed("src/core/a.c", '"base/err.h"')
        self.allowed("src/main.c", '"meter/meter.h"')
        self.allowed("src/cli/a.c", '"meter/meter.h"')
        self.allowed("modules/meter/a.c", '"net/stream.h"')
        self.allowed("modules/meter/a.c", '"meter.h"')
        self.allowed("modules/meter/a.c", '"made_by_the_build.h"')

    def test_needs(self):
        self.put("modules/mail/mail.h", SPDX)
        self.put(
            "modules/meter/CMakeLists.txt",
            "kw_module(meter # NEEDS snmp\n  NEEDS transfer mail\n  SOURCES a.c)\n",
        )
        tree = Tree(self.root)
        self.assertEqual(layers.needs(tree, "meter"), ["transfer", "mail"])
        self.allowed("modules/meter/a.c", '"mail/mail.h"')

    def test_libraries(self):
        for name, good, bad in (
            ("openssl/ssl.h", "src/net/a.c", "modules/http/a.c"),
            ("uv.h", "modules/meter/a.c", "src/base/a.c"),
            ("lmdb.h", "src/core/db_write.c", "src/core/conf.c"),
            ("jansson.h", "src/core/conf_json.c", "modules/http/a.c"),
            ("yaml.h", "src/core/conf_yaml.c", "src/core/db.c"),
            ("modbus.h", "modules/meter/serial.c", "modules/meter/bus.c"),
            ("modbus/modbus.h", "tests/plant/a.c", "src/core/a.c"),
            ("llhttp.h", "modules/http/a.c", "src/net/a.c"),
            ("ares.h", "src/net/a.c", "src/core/a.c"),
            ("curl/curl.h", "modules/transfer/a.c", "modules/mail/a.c"),
            ("net-snmp/net-snmp-config.h", "modules/snmp/a.c", "src/main.c"),
            ("zstd.h", "modules/history/a.c", "modules/export/a.c"),
            ("utf8proc.h", "modules/auth/a.c", "src/base/a.c"),
        ):
            self.refused(bad, f"<{name}>", f"<{name}> belongs to")
            self.allowed(good, f"<{name}>")
        self.refused("src/base/a.c", "<boost.h>", "<boost.h> has no owner")
        self.allowed("src/base/a.c", "<sys/stat.h>")

    def test_exactly_that_rule(self):
        self.put("src/base/a.c", SPDX + '#include "core/module.h"\n')
        self.broken("layers", "src/base/a.c:2: base may not include core")

    def test_includes(self):
        for path, limit in (("src/base/a.c", 10), ("src/base/a.h", 4)):
            with self.subTest(path):
                line = '#include "base/err.h"\n'
                self.put(path, SPDX + line * limit)
                self.assertNotIn("includes", self.verdicts())
                self.put(path, SPDX + line * (limit + 1))
                self.broken("includes", f"{path}:{limit + 2}: {limit + 1} project")
                (self.root / path).unlink()

    def test_cycles(self):
        guard = "#ifndef {0}\n#define {0}\n#include \"base/{1}.h\"\n#endif\n"
        self.put("src/base/x.h", SPDX + guard.format("X", "y"))
        self.put("src/base/y.h", SPDX + guard.format("Y", "z"))
        self.put("src/base/z.h", SPDX + guard.format("Z", "x"))
        self.broken("cycles", "src/base/x.h -> src/base/y.h -> src/base/z.h")

    def test_headers(self):
        self.put("src/base/a.h", SPDX + "uint8_t kw_a(void);\n")
        self.broken("headers", "src/base/a.h:2: unknown type name")

    def test_header_of_a_library_that_is_not_there(self):
        self.put("modules/http/a.h", SPDX + "#include <net-snmp/none.h>\n")
        self.put("modules/snmp/b.h", SPDX + '#include "http/a.h"\n')
        self.assertEqual(self.verdicts(only=[rules.headers]), {})
        found = self.verdicts(self.build, [rules.headers])["headers"]
        self.assertIn("modules/http/a.h:2: net-snmp/none.h: No such", found[0])
        self.assertIn("modules/snmp/b.h:1: modules/http/a.h: net-snmp", found[1])


class Modules(RuleTest):
    def test_no_readme(self):
        (self.root / "modules/meter/README.md").unlink()
        self.broken("contract", "modules/meter/README.md:1: not found")

    def test_section_missing(self):
        self.put("modules/meter/README.md", README.replace("## Limits", ""))
        self.broken("contract", 'no section "## Limits"')

    def test_sections_in_another_order(self):
        text = README.replace("## What", "## Q").replace("## Limits", "## What")
        self.put("modules/meter/README.md", text.replace("## Q", "## Limits"))
        self.broken("contract", "sections in this order")

    def test_build_file(self):
        self.put("modules/meter/CMakeLists.txt", "kw_module(metre SOURCES a.c)\n")
        self.broken("contract", "one kw_module(meter ...) call expected")

    def test_name(self):
        text = GOOD["modules/meter/meter.c"].replace('"meter"', '"metre"')
        self.put("modules/meter/meter.c", text)
        self.broken("contract", 'meter.c:6: the module is named "metre"')

    def test_no_struct(self):
        self.put("modules/meter/meter.c", SPDX)
        self.broken("contract", "0 definitions of struct kw_module")

    def put_needs(self, built, array, member=".needs = needs"):
        self.put("modules/meter/CMakeLists.txt", f"kw_module(meter {built} PURE a.c)\n")
        self.put(
            "modules/meter/meter.c",
            SPDX + '#include "core/module.h"\n\nextern const struct kw_module '
            f"kw_meter_module;\n{array}\nconst struct kw_module kw_meter_module = "
            f'{{\n    .name = "meter",\n    {member},\n}};\n',
        )

    def contract(self):
        return self.verdicts(only=[rules.contract]).get("contract", [])

    def test_needs_in_two_places(self):
        array = 'static const char *const needs[] = {%s};'
        for built, names, message in (
            ("NEEDS auth http", '"http", "auth", NULL', None),
            ("NEEDS auth", '"auth", NULL', None),
            ("", "NULL", None),
            ("NEEDS auth", "NULL", ".needs says nothing, NEEDS says auth"),
            ("", '"auth", NULL', ".needs says auth, NEEDS says nothing"),
            ("NEEDS auth http", '"auth", NULL', "NEEDS says auth http"),
        ):
            with self.subTest(f"{built} {names}"):
                self.put_needs(built, array % names)
                found = self.contract()
                self.assertEqual(len(found), 0 if message is None else 1, found)
                self.assertTrue(message is None or message in found[0], found)

    def test_needs_that_are_missing_or_elsewhere(self):
        self.put_needs("NEEDS auth", "", member=".objects = NULL")
        self.assertIn(".needs says nothing", self.contract()[0])
        self.put_needs("NEEDS auth", "", member=".needs = elsewhere")
        self.assertIn("no array of names in the same file", self.contract()[0])


class Secrets(RuleTest):
    def test_memcmp(self):
        text = in_function("return memcmp(a, b, 16);")
        self.put("src/base/secret.c", text)
        self.broken("memcmp", "src/base/secret.c:6: memcmp: use kw_secret_equal")
        (self.root / "src/base/secret.c").unlink()
        self.put("src/base/list.c", text)
        self.assertEqual(self.verdicts(), {})

    def test_imports(self):
        self.put("tests/system/peer.py", "def f():\n    import other\n")
        self.put("tests/system/test_a.py", "import os.path, pytest\n"
                 "from peer import f\n")
        self.assertEqual(self.verdicts(), {})
        self.put("tests/system/test_b.py", "\nfrom other.client import X\n")
        self.broken("imports", "tests/system/test_b.py:2: other: import it")

    def test_key_by_content(self):
        marker = "-----BEGIN EC PRIVATE " + "KEY-----\n"
        self.put("docs/a.txt", "one\n" + marker + "A" * 64 + "\n")
        self.broken("keys", "docs/a.txt:2: private key")
        self.put("docs/a.txt", "code that looks for " + marker)
        self.assertEqual(self.verdicts(), {})

    def test_key_by_name(self):
        self.put("certs/server.key", "")
        self.broken("keys", "certs/server.key:1: looks like a key by its name")

    def test_paths(self):
        for text in (
            "/wor" + "k/main",
            "cd /roo" + "t/a",
            "/tm" + "p/kw/build",
            "https://registry.npmj" + "s.org/uplot",
            "https://pyp" + "i.org/simple",
        ):
            with self.subTest(text):
                self.put("docs/a.md", f"one\n{text}\n")
                self.broken("paths", "docs/a.md:2:")

    def test_paths_that_only_look_alike(self):
        self.put("docs/a.md", "network/work/a, src/root/b, $PWD/work/c, /works\n")
        self.assertEqual(self.verdicts(), {})

    def test_fixed_file_in_tmp(self):
        text = in_function('open("/tm' + 'p/state", 0);')
        self.put("tests/unit/a.c", text)
        self.broken("paths", "tests/unit/a.c:6: fixed file in")
        self.put("tests/unit/a.c", text.replace("state", "kw-XXXXXX"))
        self.assertNotIn("paths", self.verdicts())


class Webroot(RuleTest):
    def test_inline(self):
        for text, message in (
            ("<script>a()</script>", "inline script"),
            ("<style>a { }</style>", "inline style sheet"),
            ('<p style="color: red">', "inline style"),
            ('<p class="a"\n  onclick="b()">', "inline event handler"),
            ('<a href="javascript:b()">', "inline script"),
        ):
            with self.subTest(text):
                self.put("webroot/a.html", text + "\n")
                self.broken("webroot", f"webroot/a.html:1: {message}")

    def test_markup_from_text(self):
        self.put("webroot/src/a.ts", "node.innerHTML = name;\n")
        self.broken("webroot", "text from outside could become markup")

    def test_foreign_host(self):
        self.put("webroot/src/a.css", '\n@import "https://fonts.example/a.css";\n')
        self.broken("webroot", "webroot/src/a.css:2: address of another host")

    def test_length(self):
        self.put("webroot/src/a.ts", "a();\n" * 300)
        self.assertEqual(self.verdicts(), {})
        self.put("webroot/src/a.ts", "a();\n" * 301)
        self.broken("webroot", "webroot/src/a.ts:301: 301 lines, at most 300")

    def test_what_is_fine(self):
        self.put(
            "webroot/a.html",
            '<script type="module" src="a.js"></script><p data-style="x">'
            '<svg xmlns="http://www.w3.org/2000/svg"></svg>\n',
        )
        self.put("webroot/package-lock.json", '"https://example.org/a.tgz"\n')
        self.assertEqual(self.verdicts(), {})


class History(RuleTest):
    def commit(self, subject):
        name = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        self.shell("git", "init", "-q")
        self.shell("git", "add", "-A")
        self.shell(
            "git", *name, "commit", "-q", "--no-verify", "--allow-empty",
            "-m", subject,
        )  # fmt: skip

    def test_subjects(self):
        self.commit("meter: keep the other units of a line alive")
        self.commit("tests/unit: cover the leap second")
        self.commit("meter, history: name the unit once")
        self.assertEqual(self.verdicts(), {})

    def test_no_area(self):
        self.commit("Fix things")
        self.broken("commits", "not `area: what`: Fix things")

    def test_full_stop(self):
        self.commit("meter: fix things.")
        self.broken("commits", "not `area: what`")

    def test_too_long(self):
        self.commit("meter: " + "a" * 54)
        self.broken("commits", "61 characters, at most 60")

    def test_ignored_files_are_not_judged(self):
        self.put(".gitignore", "/made/\n")
        self.put("made/a.key", "")
        self.commit("all: begin")
        self.assertEqual(self.verdicts(), {})


class Build(RuleTest):
    def add(self, path, code):
        self.put(path, SPDX + code)
        return self.put_good_build()

    def test_prefix(self):
        build = self.add("modules/meter/a.c", "int kw_mail_a(void)\n{ return 0; }\n")
        self.broken("symbols", "a.c:1: exports kw_mail_a, not kw_meter_", build)
        build = self.add("modules/meter/a.c", "int kw_meter_a(void)\n{ return 0; }\n")
        self.assertNotIn("symbols", self.verdicts(build))

    def test_prefix_of_base(self):
        build = self.add("src/base/a.c", "int a(void)\n{ return 0; }\n")
        self.broken("symbols", "src/base/a.c:1: exports a, not kw_*", build)

    def test_foreign_library(self):
        build = self.add("modules/meter/a.c", "int llhttp_a;\n")
        made = build / "modules/meter"
        (made / "libkw_meter.a").rename(made / "libllhttp.a")
        self.assertEqual(self.verdicts(build, [rules.symbols, rules.globals]), {})

    def test_import(self):
        build = self.add(
            "src/base/a.c",
            "#include <stdlib.h>\nint (*kw_pick(void))(const char *)\n"
            "{ return system; }\n",
        )
        self.broken("symbols", "src/base/a.c:1: imports system", build)

    def test_import_under_glibcs_name(self):
        build = self.add(
            "src/base/a.c",
            "extern int __isoc23_strtol(void);\n"
            "int kw_a(void)\n{ return __isoc23_strtol(); }\n",
        )
        self.broken("symbols", "imports strtol", build)

    def test_mutable(self):
        for code in (
            "int kw_count;\n",
            "int kw_count = 1;\n",
            "_Thread_local int kw_count;\n",
            "int kw_a(void)\n{ static int kw_count; return kw_count++; }\n",
        ):
            with self.subTest(code):
                build = self.add("src/base/a.c", code)
                self.broken("globals", "a.c:1: kw_count can be changed", build)

    def test_constant(self):
        build = self.add(
            "src/base/a.c",
            'const char *const kw_names[] = { "a", "b" };\nconst int kw_one = 1;\n',
        )
        self.assertNotIn("globals", self.verdicts(build))

    def test_mutable_with_a_name(self):
        self.put("tests/check/mutable.list", "# signal\nsrc/base/a.c:kw_count  why\n")
        build = self.add("src/base/a.c", "int kw_count;\n")
        self.assertEqual(self.verdicts(build, [rules.globals]), {})
        self.put("src/base/err.c", GOOD["src/base/err.c"] + "int kw_count;\n")
        found = self.verdicts(self.put_good_build(), [rules.globals])
        self.assertEqual(found, {"globals": ["src/base/err.c:1: kw_count can be changed"]})

    def test_list_is_exact_and_short(self):
        self.put("tests/check/mutable.list", "a  why\n")
        self.broken("globals", "mutable.list:1: a is not", self.put_good_build())
        self.put("tests/check/mutable.list", "a\nb\nc\nd\n")
        found = self.verdicts(self.put_good_build())
        self.assertIn("4 names, at most 3", found["globals"][0])

    def test_tables(self):
        build = self.put_good_build()
        text = README.replace("| every | s |", "| every | ms |")
        self.put("modules/meter/README.md", text)
        self.broken("tables", "README.md:7: settings differs", build)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            readme_tables.write(Tree(self.root, build))
        self.assertEqual(said.getvalue(), "written modules/meter/README.md\n")
        self.assertEqual((self.root / "modules/meter/README.md").read_text(), README)

    def test_table_missing(self):
        build = self.put_good_build()
        text = README.replace("table: settings", "settings")
        self.put("modules/meter/README.md", text)
        self.broken("tables", "no `<!-- table: settings -->`", build)

    def test_skipped_without_a_build(self):
        tree = Tree(self.root)
        for rule in (rules.symbols, rules.globals, readme_tables):
            with self.assertRaises(Skipped):
                list(rule.check(tree))

    def test_skipped_with_an_empty_build(self):
        tree = Tree(self.root, self.build)
        for rule in (rules.symbols, rules.globals, readme_tables):
            with self.assertRaises(Skipped):
                list(rule.check(tree))


class Runner(RuleTest):
    def run_it(self, *words):
        command = [sys.executable, str(HERE / "run"), "--root", str(self.root)]
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run(
            command + list(words),
            text=True,
            capture_output=True,
            env=environment,
            check=False,
        )

    def test_passes(self):
        said = self.run_it("--build", str(self.put_good_build()))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"\n\d+ passed, 0 failed\n$")

    def test_fails(self):
        self.put("src/base/a.c", "int kw_a;\n")
        said = self.run_it("--only", "spdx,goto")
        self.assertEqual(said.returncode, 1)
        self.assertIn("\n  src/base/a.c:1: the first line", said.stdout)
        self.assertRegex(said.stdout, r"\n1 passed, 1 failed\n$")

    def test_says_skipped(self):
        said = self.run_it("--only", "tables")
        self.assertIn("skipped  tables: no build folder given", said.stdout)
        self.assertRegex(said.stdout, r"\n0 passed, 0 failed\n$")

    def test_wrong_use(self):
        for words in (["--only", "nonsense"], ["--build", "nowhere"], ["-x"]):
            self.assertEqual(self.run_it(*words).returncode, 2, words)

    def test_list_names_every_rule(self):
        said = self.run_it("--list").stdout
        for rule in rules.ALL:
            self.assertRegex(said, rf"(?m)^{rule.NAME} ")


class Figures(RuleTest):
    def test_quantile(self):
        self.assertEqual(figures.quantile([], 50), 0)
        self.assertEqual(figures.quantile([3, 1, 2], 50), 2)
        self.assertEqual(figures.quantile(range(1, 11), 90), 9)

    def test_rows(self):
        self.put("tests/unit/test_err.c", SPDX + "int a;\n\nint b;\n")
        found = {name: value for name, value, _ in figures.rows(Tree(self.root))}
        self.assertEqual(found[".c files"], "2")
        self.assertEqual(found["functions"], "1")
        self.assertEqual(found["static functions"], "0 %")
        self.assertTrue(found["test lines in C : product lines"].endswith("(3)"))


class Itself(unittest.TestCase):
    def test_every_rule_is_listed(self):
        files = {p.stem for p in (HERE / "rules").glob("*.py")} - {"__init__"}
        self.assertEqual(len(files), len(rules.ALL))
        self.assertEqual(len({rule.NAME for rule in rules.ALL}), len(rules.ALL))


if __name__ == "__main__":
    unittest.main()
