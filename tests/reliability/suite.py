"""What the suites in Python share: their options, their counts, and the harness of tests/e2e."""

import argparse
import json
import os
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("STRATA_BUILD", ROOT / "build/release")).resolve()

os.environ.setdefault("STRATA_BINARY", str(BUILD / "strata"))
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.dont_write_bytecode = True

from harness.testing import Skip  # noqa: E402

SKIPPED = 77  # the exit code of a suite that cannot run here


class Suite:
    """Options, dice and counts of a run. `options`: name of an option with a number, and its default."""

    def __init__(self, description, **options):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--output", help="where the counts are written as JSON")
        for name, default in options.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
        self.options = parser.parse_args()
        self.dice = random.Random(self.options.seed)
        random.seed(self.options.seed)  # for the harness
        self.counts = {}

    def count(self, name, more=1):
        self.counts[name] = self.counts.get(name, 0) + more

    def say(self, text):
        print(text, flush=True)

    def run(self, body):
        """Calls body(suite); ends the process as tests/reliability/README.md asks for."""
        self.say(f"seed {self.options.seed}")
        code = 0
        try:
            body(self)
        except Skip as reason:
            print(reason)
            sys.exit(SKIPPED)
        except AssertionError as failure:
            print(f"FAILED (seed {self.options.seed}): {failure}")
            code = 1
        finally:
            if self.options.output:
                pathlib.Path(self.options.output).write_text(json.dumps(self.counts) + "\n")
        if code == 0:
            print(", ".join(f"{value:,} {name}" for name, value in self.counts.items()))
        sys.exit(code)
