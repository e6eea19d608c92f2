#!/usr/bin/env python3
"""Fails when a file has more than 400 lines or a function more than 70 (tests: 600 and 150). What may
be longer stands in tools/size_exceptions.txt with its reason; a line there that is no longer needed
fails as well."""
import pathlib
import re
import sys

LIMITS, TEST_LIMITS = (400, 70), (600, 150)  # lines of a file, of a function
root = pathlib.Path(sys.argv[1])
exceptions = {}
for line in (root / "tools/size_exceptions.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        place, _, reason = line.partition(" ")
        exceptions[place] = reason


def functions(lines):
    """(first line, name, length) of each body. The formatter guarantees that a body which begins at
    some indentation ends with a lone brace at the same."""
    for indent in ("", "  "):
        start = None
        for number, line in enumerate(lines, 1):
            if line == indent + "}" and start:
                opening = lines[start - 1]
                name = re.search(r"([\w~:]+)\(", opening)
                yield start, name[1] if name else opening.strip(), number - start + 1
                start = None
            elif re.match(indent + r"\S.*\{$", line):
                kind = re.match(r"\s*(template <.*> )?(namespace|class|struct|enum|union|extern)\b", line)
                start = None if kind else number


problems, used = [], set()
for path in sorted([*root.glob("src/**/*.h"), *root.glob("src/**/*.cc"), *root.glob("bench/**/*.cc")]):
    name = str(path.relative_to(root))
    lines = path.read_text().splitlines()
    file_max, function_max = TEST_LIMITS if name.endswith("_test.cc") else LIMITS
    found = []
    if len(lines) > file_max:
        found.append((name, f"{len(lines)} lines, more than {file_max}"))
    for number, function, length in functions(lines):
        if length > function_max:
            found.append((f"{name}:{function}", f"{length} lines at line {number}, more than {function_max}"))
    for place, problem in found:
        used.add(place)
        if place not in exceptions:
            problems.append(f"{place}: {problem}")
problems += [f"{place}: in tools/size_exceptions.txt, but no longer needed" for place in exceptions.keys() - used]
print("\n".join(problems) or "all files and functions within their limits")
sys.exit(bool(problems))
