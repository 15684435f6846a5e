"""Calls that have a safer counterpart, or no place in this program at all.

An exception is a row of EXCEPT with its reason, so that it is reviewed here.
"""

from tree import C_FOLDERS, PRODUCT, Offence

NAME = "banned"
SAYS = "no banned calls"

PLANT = PRODUCT + ("tests/plant/",)
LOOP = ("src/base/", "src/core/", "src/net/", "src/main.c", "modules/")

NUMBERS = r"v?sscanf|ato[ifl]|atoll|strto(?:l|ll|ul|ull|imax|umax)"
MEMORY = r"malloc|calloc|realloc|reallocarray|free|strn?dup|v?asprintf"

# (names as a pattern, where it holds, what to do)
CALLS = (
    ("strcpy|strcat|sprintf|vsprintf|strncpy|strncat|stpcpy|strtok|strtok_r",
     C_FOLDERS, "unbounded or silently cut: use kw_buf or snprintf"),
    (NUMBERS, C_FOLDERS, "reads numbers leniently: use base/text.h"),
    ("gets|tmpnam|tempnam|mktemp", C_FOLDERS, "can't be used safely"),
    ("alloca", C_FOLDERS, "the stack has no ceiling check"),
    ("system|popen|exec(?:l|le|lp|v|ve|vp|vpe|veat)|fexecve|posix_spawnp?",
     PLANT, "the gateway starts no other program"),
    (MEMORY, PLANT, "use kw_mem, which counts and can be made to fail"),
    ("rand|srand|rand_r|random|srandom|[dlm]rand48",
     PRODUCT, "predictable: random values come from the operating system"),
    ("sleep|usleep|nanosleep|clock_nanosleep|select|pselect|uv_sleep",
     LOOP, "waits: nothing on the loop does"),
    ("getaddrinfo|uv_getaddrinfo|gethostbyname(?:_r|2)?|getnameinfo",
     LOOP, "waits for DNS: names are resolved by c-ares on the loop"),
)  # fmt: skip

# (path, names as a pattern): why
EXCEPT = {
    ("src/base/mem.c", MEMORY): "the allocator itself",
    ("tests/plant/util.c", MEMORY): "the simulator shares no code with the gateway",
    ("tests/plant/util.c", NUMBERS): "its own reader of numbers, in one place",
}


def check(tree):
    for names, folders, reason in CALLS:
        for source in tree.sources(folders):
            if (source.path, names) in EXCEPT:
                continue
            for line, name in source.calls(names):
                yield Offence(source.path, line, f"{name}: {reason}")
