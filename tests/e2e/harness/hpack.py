"""Header compression of HTTP/2 (RFC 7541), for a client that asks its peer for an empty dynamic
table: static table, literals and the Huffman code, which is canonical and so needs lengths only."""

STATIC_TABLE = [
    (name, value.replace("_", " "))
    for name, *values in (
        entry.split("|")
        for entry in (
            ":authority :method|GET|POST :path|/|/index.html :scheme|http|https "
            ":status|200|204|206|304|400|404|500 accept-charset accept-encoding|gzip,_deflate "
            "accept-language accept-ranges accept access-control-allow-origin age allow "
            "authorization cache-control content-disposition content-encoding content-language "
            "content-length content-location content-range content-type cookie date etag expect "
            "expires from host if-match if-modified-since if-none-match if-range "
            "if-unmodified-since last-modified link location max-forwards proxy-authenticate "
            "proxy-authorization range referer refresh retry-after server set-cookie "
            "strict-transport-security transfer-encoding user-agent vary via www-authenticate"
        ).split()
    )
    for value in (values or [""])
]

HUFFMAN_LENGTHS = bytes.fromhex(
    "0d171c1c1c1c1c1c1c181e1c1c1e1c1c1c1c1c1c1c1c1e1c1c1c1c1c1c1c1c1c060a0a0c0d06080b0a0a080b"
    "080606060505050606060606060607080f060c0a0d0607070707070707070707070707070707070707070707"
    "0807080d130d0e060f05060506050606060507070606060506070605050607070707070f0b0e0d1c14161414"
    "1616161716171717171718171818161718171717171516171617171816151416161717151716161815161717"
    "151516151716171714161616171616171a1a1413161716191a1a1a1b1b1a181913151a1b1b1a1b1815151a1a"
    "1c1b1b1b14181415161515171616191918181a171a1b1a1a1b1b1b1b1b1c1b1b1b1b1b1a1e"
)


def _codes():
    codes, code, previous = {}, 0, 0
    for symbol in sorted(range(257), key=lambda s: (HUFFMAN_LENGTHS[s], s)):
        length = HUFFMAN_LENGTHS[symbol]
        code <<= length - previous
        codes[length, code] = symbol
        code, previous = code + 1, length
    return codes


HUFFMAN = _codes()


def huffman_decode(data):
    out, code, length = bytearray(), 0, 0
    for byte in data:
        for bit in range(7, -1, -1):
            code, length = code << 1 | byte >> bit & 1, length + 1
            symbol = HUFFMAN.get((length, code))
            if symbol is not None:
                out.append(symbol)
                code = length = 0
    return bytes(out)


def _integer(data, at, prefix_bits):
    mask = (1 << prefix_bits) - 1
    value, at = data[at] & mask, at + 1
    if value < mask:
        return value, at
    shift = 0
    while True:
        byte, at = data[at], at + 1
        value += (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _string(data, at):
    huffman = data[at] & 0x80
    size, at = _integer(data, at, 7)
    raw = data[at : at + size]
    return (huffman_decode(raw) if huffman else raw).decode("latin-1"), at + size


class Decoder:
    """Keeps a dynamic table all the same: a peer may use it until it has seen our settings."""

    def __init__(self):
        self._dynamic = []

    def _entry(self, index):
        if index <= len(STATIC_TABLE):
            return STATIC_TABLE[index - 1]
        return self._dynamic[index - len(STATIC_TABLE) - 1]

    def decode(self, data):
        headers, at = [], 0
        while at < len(data):
            byte = data[at]
            if byte & 0x80:
                index, at = _integer(data, at, 7)
                headers.append(self._entry(index))
                continue
            if byte & 0xE0 == 0x20:
                _, at = _integer(data, at, 5)
                continue
            keeps = byte & 0x40
            index, at = _integer(data, at, 6 if keeps else 4)
            if index:
                name = self._entry(index)[0]
            else:
                name, at = _string(data, at)
            value, at = _string(data, at)
            headers.append((name, value))
            if keeps:
                self._dynamic.insert(0, (name, value))
        return headers


def encode(headers):
    """Literals that are never indexed: larger, and without state."""
    out = bytearray()
    for name, value in headers:
        out.append(0)
        for part in (name.encode(), value.encode()):
            if len(part) < 127:
                out.append(len(part))
            else:
                out.append(127)
                rest = len(part) - 127
                while rest >= 0x80:
                    out.append(rest & 0x7F | 0x80)
                    rest >>= 7
                out.append(rest)
            out += part
    return bytes(out)
