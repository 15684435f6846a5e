"""What a reader has to keep in mind at once has a limit."""

from tree import MEASURED, Offence

NAME = "complexity"
SAYS = "cyclomatic complexity <= 15, nesting <= 4, parameters <= 6"
LIMITS = (
    ("complexity", "cyclomatic complexity", 15),
    ("nesting", "nesting depth", 4),
    ("parameters", "number of parameters", 6),
)

# (path, function, attribute): why
EXCEPT = {
    ("src/net/tls_session.c", "on_message", "parameters"): "OpenSSL gives it seven",
}


def check(tree):
    for source in tree.sources(MEASURED):
        for function in source.functions:
            for attribute, words, limit in LIMITS:
                value = getattr(function, attribute)
                if (source.path, function.name, attribute) in EXCEPT:
                    continue
                if value > limit:
                    yield Offence(
                        source.path,
                        function.line,
                        f"{function.name}: {words} {value}, at most {limit}",
                    )
