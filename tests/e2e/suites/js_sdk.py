"""The OpenTelemetry SDK for JavaScript over 18 combinations of signal, protocol and compression:
what SQL gives back is what was sent, field by field."""

import functools
import pathlib

from harness import sdk
from harness.packages import npm, require
from harness.testing import test

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "js_sdk"
COMBINATIONS = [
    (signal, protocol, compression)
    for signal in ("logs", "spans", "metrics")
    for protocol in ("grpc", "http/protobuf", "http/json")
    for compression in ("none", "gzip")
]


@functools.cache
def outcome():
    return sdk.sent_and_stored([require("node"), "send.mjs"], npm("js_sdk", SOURCE))


@test(cases=COMBINATIONS)
def combination(*key):
    sdk.compare(*outcome()[key])
