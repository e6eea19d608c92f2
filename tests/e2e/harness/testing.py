"""Tests are functions that take no argument, marked with @test, run in the order of their file."""

import contextlib
import time
import traceback
from dataclasses import dataclass


class Skip(Exception):
    """Raised with the reason why a test cannot run here."""


@dataclass
class Test:
    suite: str
    name: str
    function: object
    nightly: bool
    case: tuple = ()

    def __str__(self):
        return f"{self.suite}.{self.name}"


TESTS = []


def test(function=None, *, nightly=False, cases=None):
    """`cases`: argument tuples; one test each, named after them. `nightly`: only with --all."""

    def register(target):
        suite = target.__module__.rsplit(".", 1)[-1]
        for case in cases or [()]:
            name = " ".join([target.__name__, *(str(part) for part in case)])
            TESTS.append(Test(suite, name, target, nightly, tuple(case)))
        return target

    return register(function) if function else register


def equal(got, want, what="value"):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def check(condition, message):
    if not condition:
        raise AssertionError(message)


@contextlib.contextmanager
def all_of():
    """Collects the failures of many small checks, so that one run shows them all:
    `with all_of() as attempt: attempt(lambda: equal(a, b))`."""
    failures = []

    def attempt(call):
        try:
            return call()
        except (AssertionError, KeyError, TypeError, ValueError, OSError) as failure:
            failures.append(f"{type(failure).__name__}: {failure}")
            return None

    yield attempt
    if failures:
        raise AssertionError("; ".join(dict.fromkeys(failures)))


def run(tests, verbose=False):
    """Prints a line per test and the sum; returns the exit code."""
    passed = failed = skipped = 0
    for one in tests:
        began = time.monotonic()
        try:
            one.function(*one.case)
            passed += 1
            verdict, note = "ok  ", ""
        except Skip as reason:
            skipped += 1
            verdict, note = "skip", f": {reason}"
        except Exception as failure:
            failed += 1
            verdict, note = "FAIL", f": {failure or type(failure).__name__}"
            if verbose or not isinstance(failure, AssertionError):
                note += "\n" + traceback.format_exc()
        print(f"{verdict} {one} ({time.monotonic() - began:.1f} s){note}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
