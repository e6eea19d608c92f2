#!/usr/bin/env python3
"""Fails when docs/architecture.md or docs/reliability.md names a test that does not exist, when an
invariant or one of the rules R1 to R12 has none, or when a document links to a file that is not there."""
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
rules = re.findall(r"^\| (R\d+) \| .* \| (.*) \|$", (root / "docs/reliability.md").read_text(), re.M)
for rule, cell in rules:
    names = re.findall(r"`(\w+\.\w+)`", cell)
    bad += [f"docs/reliability.md: {rule}: no test is called {name}" for name in names if name not in tests]
    bad += [f"docs/reliability.md: {rule} has no test"] * (not names)
if [rule for rule, _ in rules] != [f"R{number}" for number in range(1, 13)]:
    bad.append("docs/reliability.md: the table does not have the rules R1 to R12, once each")
for name in re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", (root / "docs/reliability.md").read_text()):
    if name not in tests:
        bad.append(f"docs/reliability.md: no test is called {name}")
for path in [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("tests/**/*.md"), *root.glob("bench/*.md")]:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
        if not (path.parent / target).exists():
            bad.append(f"{path.relative_to(root)}: links to {target}, which is not there")
print("\n".join(bad) or f"{len(promises)} invariants and {len(rules)} rules, all with tests; no dead link")
sys.exit(bool(bad))
