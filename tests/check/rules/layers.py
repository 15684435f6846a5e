"""Who may include whom, and which library belongs to whom.

A project header is looked at by the folder it lies in, a library's header by
OWNERS. What is in neither table is an offence: a new dependency is a decision.
"""

import re

from tree import PRODUCT, Offence

NAME = "layers"
SAYS = "includes follow the layers, NEEDS, and the owners of libraries"

# folder: what it may include besides itself
LAYERS = {
    "base": (),
    "core": ("base",),
    "net": ("base", "core"),
    "cli": ("base", "core", "net", "modules"),
    "main.c": ("base", "core", "net", "cli", "modules"),
}
MODULE_BELOW = ("base", "core", "net")
# The simulator is the other implementation: it knows nothing of the gateway.
PLANT_BELOW = ("base", "tests/plant", "tests/lib")

# library header: paths that may include it
OWNERS = (
    (r"openssl/.*", r"src/net/|modules/auth/"),
    (r"uv\.h", r"src/core/|src/net/|src/main\.c|src/cli/|modules/"),
    (r"lmdb\.h", r"src/core/db[^/]*$"),
    (r"jansson\.h", r"src/core/conf_json\.c$"),
    (r"yaml\.h", r"src/core/conf[^/]*$"),
    (r"modbus(/modbus)?\.h", r"modules/meter/serial[^/]*$|tests/plant/"),
    (r"llhttp\.h", r"modules/http/"),
    (r"ares(_\w+)?\.h", r"src/net/"),
    (r"curl/.*", r"modules/transfer/"),
    (r"net-snmp/.*", r"modules/snmp/"),
    (r"zstd\.h", r"modules/history/"),
    (r"utf8proc\.h", r"modules/auth/"),
    (r"archive(_entry)?\.h", r"modules/update/"),
    (r"cmocka\.h", r"tests/"),
)

# The C library, POSIX and Linux are everybody's.
SYSTEM = re.compile(
    r"(?:assert|complex|ctype|dirent|dlfcn|endian|errno|execinfo|fcntl|fenv"
    r"|float|fnmatch|getopt|glob|grp|ifaddrs|inttypes|iso646|langinfo|limits"
    r"|link|locale|malloc|math|netdb|poll|pthread|pty|pwd|regex|sched"
    r"|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef"
    r"|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads"
    r"|time|uchar|ucontext|unistd|utime|wchar|wctype"
    r"|(?:arpa|asm|linux|net|netinet|netpacket|sys)/[\w/.-]+?)\.h"
)


def needs(tree, module):
    """Modules named after NEEDS in the module's kw_module() call."""
    cmake = re.sub(r"#.*", "", tree.text_or_empty(f"modules/{module}/CMakeLists.txt"))
    call = re.search(r"\bkw_module\s*\(([^)]*)\)", cmake)
    found = []
    reading = False
    for word in call.group(1).split() if call else ():
        if word.isupper():
            reading = word == "NEEDS"
        elif reading:
            found.append(word)
    return found


def area(path):
    """'base', 'core', ..., 'modules/meter', 'tests/plant'."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else "/".join(parts[:2])


def allowed(tree, path):
    own = area(path)
    if own.startswith("modules/"):
        module = own.split("/")[1]
        return MODULE_BELOW + (own,) + tuple(
            f"modules/{name}" for name in needs(tree, module)
        )
    if own == "tests/plant":
        return PLANT_BELOW
    return LAYERS.get(own, ()) + (own,)


def is_library(name):
    return any(re.fullmatch(header, name) for header, _ in OWNERS)


def library_offence(path, name):
    for header, owner in OWNERS:
        if re.fullmatch(header, name):
            if re.match(owner, path):
                return None
            return f"<{name}> belongs to {owner}"
    if SYSTEM.fullmatch(name):
        return None
    return f"<{name}> has no owner in tests/check/rules/layers.py"


def check(tree):
    for source in tree.sources(PRODUCT + ("tests/plant/",)):
        below = allowed(tree, source.path)
        for line, mark, name in source.includes():
            if mark == "<":
                message = library_offence(source.path, name)
                if message:
                    yield Offence(source.path, line, message)
                continue
            target = tree.resolve(source.path, name)
            if target is None:  # made by the build
                continue
            to = area(target)
            if to not in below and to.split("/")[0] not in below:
                yield Offence(
                    source.path,
                    line,
                    f"{area(source.path)} may not include {to} ({name})",
                )
