"""Compares rows of a view with what a sender says it sent, in plain values."""

import base64
import datetime
import json
import math


def rfc3339(nanoseconds):
    """As strata writes times in JSON: nine digits and Z."""
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def attribute_text(value):
    """An attribute as it reads in SQL; a list or map stays a Python value, for it reads as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value


def same_value(got, want):
    """`got`: text of SQL; `want`: what the sender had."""
    if isinstance(want, (list, dict)):
        return isinstance(got, str) and json.loads(got) == want
    if isinstance(want, float):
        return got is not None and float(got) == want
    return got == (None if want is None else attribute_text(want))


def same_attributes(got, want):
    return set(got) == set(want) and all(same_value(got[key], want[key]) for key in want)


def _same_struct(got, want):
    return all(same_column(name, got.get(name), value) for name, value in want.items())


def same_column(name, got, want):
    if name.endswith("attributes"):
        return same_attributes(got, want)
    if name == "body":
        return same_value(got, want)
    if name in ("events", "links", "exemplars"):
        return len(got) == len(want) and all(map(_same_struct, got, want))
    if name.endswith("time") and want is not None:
        return got == (rfc3339(want) if int(want) else None)
    if isinstance(want, float) or isinstance(got, float):
        return got is not None and want is not None and math.isclose(got, want, rel_tol=0)
    if isinstance(want, list):
        return [float(v) for v in got] == [float(v) for v in want]
    if isinstance(want, int) and isinstance(got, str):
        return int(got) == want
    if isinstance(got, int) and isinstance(want, str):
        return got == int(want)
    return got == want


def differences(got, want):
    """["column: got …, want …"] of two rows; columns that the sender does not name do not count."""
    found = []
    for name, value in want.items():
        if name not in got:
            found.append(f"{name}: no such column")
        elif not same_column(name, got[name], value):
            found.append(f"{name}: got {got[name]!r:.300}, want {value!r:.300}")
    return found
