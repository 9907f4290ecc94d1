# SPDX-License-Identifier: Apache-2.0
"""Signs with LMS under HSS, one level and height 5, by every parameter set: written from RFC 8554 and RFC 9858 alone.

For tests: the keys come from a seed and nothing keeps count of what was signed. In: {"sets": [[lms, lmots]]}, types by
their numbers. Out: [{"key", "signature", "message"}], base64.
"""

import base64
import hashlib
import json
import struct
import sys

FAMILIES = [("sha256", 32), ("sha256", 24), ("shake256", 32), ("shake256", 24)]
P = {32: (265, 133, 67, 34), 24: (200, 101, 51, 26)}
LS = {32: (7, 6, 4, 0), 24: (8, 6, 4, 0)}
D_PBLC, D_MESG, D_LEAF, D_INTR = 0x8080, 0x8181, 0x8282, 0x8383
H = 5


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def make(lms, lmots):
    family, index = divmod(lmots - 1, 4)
    name, n = FAMILIES[family]
    assert (lms - 5) // 5 == family and (lms - 5) % 5 == 0
    w, p, ls = 1 << index, P[n][index], LS[n][index]

    def h(data):
        if name == "shake256":
            return hashlib.shake_256(data).digest(n)
        return hashlib.sha256(data).digest()[:n]

    def coef(data, i):
        return data[i * w // 8] >> (8 - (w * (i % (8 // w)) + w)) & ((1 << w) - 1)

    def secret(q, i):
        return hashlib.sha512(b"seed" + u32(lms) + u32(lmots) + u32(q) + u16(i)).digest()[:n]

    def chain(q, i, value, first, last):
        for j in range(first, last):
            value = h(identifier + u32(q) + u16(i) + bytes([j]) + value)
        return value

    identifier = hashlib.sha256(b"identifier" + u32(lms) + u32(lmots)).digest()[:16]
    top = (1 << w) - 1

    def public(q):
        ends = b"".join(chain(q, i, secret(q, i), 0, top) for i in range(p))
        return h(identifier + u32(q) + u16(D_PBLC) + ends)

    nodes = {}
    for q in range(1 << H):
        r = (1 << H) + q
        nodes[r] = h(identifier + u32(r) + u16(D_LEAF) + public(q))
    for r in range((1 << H) - 1, 0, -1):
        nodes[r] = h(identifier + u32(r) + u16(D_INTR) + nodes[2 * r] + nodes[2 * r + 1])

    q, message = 19, b"firmware by LMS %d and LM-OTS %d" % (lms, lmots)
    c = secret(q, 0xFFFD)
    digest = h(identifier + u32(q) + u16(D_MESG) + c + message)
    total = sum(top - coef(digest, i) for i in range(8 * n // w))
    digits = digest + u16(total << ls & 0xFFFF)
    y = b"".join(chain(q, i, secret(q, i), 0, coef(digits, i)) for i in range(p))
    path, r = b"", (1 << H) + q
    while r > 1:
        path, r = path + nodes[r ^ 1], r // 2
    key = u32(1) + u32(lms) + u32(lmots) + identifier + nodes[1]
    signature = u32(0) + u32(q) + u32(lmots) + c + y + u32(lms) + path
    parts = {"key": key, "signature": signature, "message": message}
    return {part: base64.b64encode(value).decode() for part, value in parts.items()}


print(json.dumps([make(lms, lmots) for lms, lmots in json.load(sys.stdin)["sets"]]))
