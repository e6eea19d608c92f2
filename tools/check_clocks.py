#!/usr/bin/env python3
"""Fails when the product reads the wall clock elsewhere than in base/clock.cc, or waits by it: timers, ages
and deadlines run on the monotonic clock, and every clock is passed in (docs/reliability.md, R11)."""
import pathlib
import re
import sys

src = pathlib.Path(sys.argv[1])
wall = re.compile(r"system_clock|high_resolution_clock|CLOCK_REALTIME|\bgettimeofday\b|\bstd::time\(|[^\w.>:]time\((nullptr|NULL|0)\)")
bad = []
for path in sorted([*src.rglob("*.h"), *src.rglob("*.cc")]):
    name = path.relative_to(src).as_posix()
    if name == "base/clock.cc" or path.stem.endswith(("_test", "_fuzz", "_for_test")):
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if wall.search(line.split("//")[0]):
            bad.append(f"{name}:{number}: reads the wall clock: {line.strip()}")
print("\n".join(bad) or "nobody but base/clock.cc reads the wall clock")
sys.exit(bool(bad))
