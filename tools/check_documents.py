#!/usr/bin/env python3
"""Fails when docs/architecture.md or docs/reliability.md names a test that does not exist, or when a
document links to a file that is not there."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
tests = set()
for path in root.glob("src/**/*_test.cc"):
    for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(), re.M):
        tests.add(f"{suite}.{name}")
for path in root.glob("tests/e2e/suites/*.py"):
    for name in re.findall(r"^def (\w+)\(", path.read_text(), re.M):
        tests.add(f"{path.stem}.{name}")

bad = []
promises = re.findall(r"^\| \d \| .* \| (.*) \|$", (root / "docs/architecture.md").read_text(), re.M)
for cell in promises:
    names = re.findall(r"`(\w+\.\w+)`", cell)
    bad += [f"docs/architecture.md: no test is called {name}" for name in names if name not in tests]
    bad += ["docs/architecture.md: an invariant without a test"] * (not names)
bad += ["docs/architecture.md: the table of invariants is gone"] * (not promises)
for name in re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", (root / "docs/reliability.md").read_text()):
    if name not in tests:
        bad.append(f"docs/reliability.md: no test is called {name}")
for path in [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("tests/**/*.md"), *root.glob("bench/*.md")]:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
        if not (path.parent / target).exists():
            bad.append(f"{path.relative_to(root)}: links to {target}, which is not there")
print("\n".join(bad) or f"{len(promises)} invariants, all with tests; no dead link")
sys.exit(bool(bad))
