#!/usr/bin/env python3
"""Fails when docs/metrics.md and the metrics that the source registers are not the same set of names.
A name is registered where it stands in the source as a literal of its own: "strata_<module>_…"."""
import pathlib
import re
import sys

src, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
registered = {}
for path in sorted(src.rglob("*")):
    if path.suffix not in (".cc", ".h") or path.stem.endswith(("_test", "_fuzz")):
        continue
    for name in re.findall(r'"(strata_[a-z0-9]+_[a-z0-9_]+)"', path.read_text()):
        registered.setdefault(name, path.relative_to(src))
documented = re.findall(r"^\| `(strata_[a-z0-9_]+)`", page.read_text(), re.MULTILINE)

bad = [f"{name} ({path}) is not in {page.name}" for name, path in registered.items() if name not in documented]
bad += [f"{name} is in {page.name} and not in the source" for name in documented if name not in registered]
bad += [f"{name} is in {page.name} twice" for name in sorted(set(documented)) if documented.count(name) > 1]
print("\n".join(bad) or f"{len(registered)} metrics, all documented")
sys.exit(bool(bad))
