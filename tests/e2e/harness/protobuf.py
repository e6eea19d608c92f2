"""Protocol Buffers, as much as OTLP needs: fields out of values, and values back by number."""

import struct


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def int_field(number, value):
    return tag(number, 0) + varint(value) if value else b""


def fixed64(number, value):
    return tag(number, 1) + struct.pack("<Q", value & (1 << 64) - 1)


def sfixed64(number, value):
    return tag(number, 1) + struct.pack("<q", value)


def double(number, value):
    return tag(number, 1) + struct.pack("<d", value)


def fixed32(number, value):
    return tag(number, 5) + struct.pack("<I", value)


def message(number, body):
    return tag(number, 2) + varint(len(body)) + body


def text(number, value):
    return message(number, value.encode()) if value else b""


def packed(number, body):
    return message(number, body) if body else b""


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint longer than ten bytes")


def fields(data):
    """[(number, value)]: an int for varint and fixed fields, bytes for the others. Raises
    ValueError or IndexError on what is not a message."""
    out, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = read_varint(data, at)
        elif wire_type == 1:
            (value,), at = struct.unpack_from("<Q", data, at), at + 8
        elif wire_type == 2:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
            if len(value) != size:
                raise ValueError("field longer than its message")
        elif wire_type == 5:
            (value,), at = struct.unpack_from("<I", data, at), at + 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if number == 0:
            raise ValueError("field number 0")
        out.append((number, value))
    return out


def first(data, number, default=None):
    return next((value for n, value in fields(data) if n == number), default)


def status(data):
    """google.rpc.Status as (code, message, [type url of each detail])."""
    code, text_, details = 0, "", []
    for number, value in fields(data):
        if number == 1:
            code = value
        elif number == 2:
            text_ = value.decode()
        elif number == 3:
            details.append(first(value, 1, b"").decode())
    return code, text_, details
