# SPDX-License-Identifier: Apache-2.0
"""An independent reader of MCUboot images, for test/interop/mcuboot.test.ts.

Written from the layout of MCUboot's boot/bootutil/include/bootutil/image.h and docs/design.md alone, with
python3-cryptography for the signatures. Standard input is JSON: keys (SubjectPublicKeyInfo, base64) and
images (base64). Standard output is JSON: of each image "genuine VERSION COUNTER", or why it is none.
"""
import base64
import hashlib
import json
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HASHES = {0x10: ("sha256", 32), 0x11: ("sha384", 48), 0x12: ("sha512", 64)}
SIGNATURES = {0x20, 0x22, 0x23, 0x24}
KEYS = {0x01, 0x02}
PURE = 0x25
ENCRYPTION = {0x30, 0x31, 0x32, 0x33, 0x34}
OUTSIDE = set(HASHES) | SIGNATURES | KEYS | {PURE} | ENCRYPTION
INSIDE = {0x40, 0x50, 0x60, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75}
REPEATABLE = SIGNATURES | KEYS | {0x40}
FLAGS = 0x4 | 0x8 | 0x10 | 0x20 | 0x100 | 0x200 | 0x400 | 0x800
MAGIC8 = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
MAGIC_WIDE = bytes.fromhex("2de15d29410b8d77679c110f1f8a")


class Refused(Exception):
    pass


def demand(condition, reason):
    if not condition:
        raise Refused(reason)


def area(image, start, magic, stated=None):
    demand(start + 4 <= len(image), "artefact-truncated")
    found, total = struct.unpack_from("<HH", image, start)
    demand(found == magic and total >= 4, "artefact-malformed")
    demand(stated is None or total == stated, "artefact-malformed")
    demand(start + total <= len(image), "artefact-truncated")
    entries, at, end = [], start + 4, start + total
    while at < end:
        demand(at + 4 <= end, "artefact-truncated")
        kind, length = struct.unpack_from("<HH", image, at)
        demand(at + 4 + length <= end, "artefact-truncated")
        entries.append((kind, image[at + 4 : at + 4 + length]))
        at += 4 + length
    return entries, end


def is_vendor(kind):
    return 0xA0 <= kind <= 0xFFFE and kind & 0xFF >= 0xA0


def judge_area(entries, allowed, inside):
    seen = set()
    for kind, _ in entries:
        known = kind in OUTSIDE or kind in INSIDE or is_vendor(kind)
        demand(known, "artefact-field-not-allowed")
        demand(kind in allowed or (inside and is_vendor(kind)), "artefact-field-not-allowed")
        demand(kind not in seen or kind in REPEATABLE, "artefact-field-twice")
        seen.add(kind)
    demand(len(seen & set(HASHES)) <= 1, "artefact-field-twice")


def judge_tail(tail):
    if not tail:
        return
    wrong = "artefact-trailing-octets"
    demand(len(tail) >= 16, wrong)
    if tail[-16:] == MAGIC8:
        align = 8
    else:
        align = struct.unpack_from("<H", tail, len(tail) - 16)[0]
        demand(tail[-14:] == MAGIC_WIDE and align in (16, 32), wrong)
    okay = len(tail) - max(16, align) - align
    demand(okay >= 0 and tail[okay + 1] in (0, 0xFF), wrong)
    erased = tail[okay + 1]
    for at in range(len(tail) - 16):
        demand(tail[at] == erased or (at == okay and tail[at] == 1), wrong)


def key_octets(key):
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def kind_of(key):
    if isinstance(key, rsa.RSAPublicKey):
        return {3072: 0x23, 2048: 0x20}.get(key.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return 0x24
    return 0x22


def hash_of(key):
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"sha256", "sha512"}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1":
        return {"sha384"}
    return {"sha256"}


def find_key(keys, kind, value):
    for key in keys:
        octets = key_octets(key)
        digests = [hashlib.new(name, octets).digest() for name, _ in HASHES.values()]
        if (kind == 0x02 and octets == value) or (kind == 0x01 and value in digests):
            return key
    return None


def check(key, name, digest, signature):
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            algorithm = hashes.SHA384() if name == "sha384" else hashes.SHA256()
            key.verify(signature, digest, ec.ECDSA(utils.Prehashed(algorithm)))
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            key.verify(signature, digest, pss, utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("signature-wrong") from None


def judge(image, keys):
    demand(len(image) >= 32, "artefact-truncated")
    magic, _, header, guarded_size, size, flags = struct.unpack_from("<IIHHII", image)
    major, minor, revision, build, pad = struct.unpack_from("<BBHII", image, 20)
    demand(magic == 0x96F3B83D and header >= 32 and pad == 0, "artefact-malformed")
    start = header + size
    demand(start + guarded_size <= 0xFFFEFFFF, "artefact-malformed")
    demand(start + 4 <= len(image), "artefact-truncated")
    guarded, covered = [], start
    if guarded_size != 0:
        guarded, covered = area(image, start, 0x6908, guarded_size)
    bare, end = area(image, covered, 0x6907)
    demand(flags & (0x4 | 0x8 | 0x200 | 0x400) == 0, "artefact-encrypted")
    demand(flags & ~FLAGS == 0, "artefact-field-not-allowed")
    judge_area(guarded, INSIDE, True)
    judge_area(bare, OUTSIDE, False)
    counter = next((value for kind, value in guarded if kind == 0x50), None)
    demand(counter is None or len(counter) == 4, "artefact-malformed")
    demand(all(len(value) == 12 for kind, value in guarded if kind == 0x40), "artefact-malformed")
    demand(len({kind for kind, _ in bare if kind in KEYS}) <= 1, "artefact-field-not-allowed")
    size = next((HASHES[kind][1] for kind, _ in bare if kind in HASHES), None)
    for kind, value in bare:
        fits = len(value) == size if size else len(value) in (32, 64)
        demand(kind != 0x01 or fits, "artefact-malformed")
    demand(len({kind for kind, _ in bare if kind in SIGNATURES}) <= 1, "artefact-field-not-allowed")
    judge_tail(image[end:])
    known, key, count = [], None, 0
    for kind, value in bare:
        if kind in KEYS:
            key = find_key(keys, kind, value)
        if kind in SIGNATURES:
            count += 1
            if key is not None:
                demand(kind_of(key) == kind, "signature-wrong")
                known.append((key, value))
            key = None
    demand(count > 0, "artefact-not-signed")
    demand(known, "artefact-signer-unknown")
    stated = next(((kind, value) for kind, value in bare if kind in HASHES), None)
    demand(stated is not None, "artefact-malformed")
    name, _ = HASHES[stated[0]]
    digest = hashlib.new(name, image[:covered]).digest()
    for key, _ in known:
        demand(name in hash_of(key), "signature-wrong")
    demand(digest == stated[1], "artefact-digest-wrong")
    for key, signature in known:
        check(key, name, digest, signature)
    security = "none" if counter is None else struct.unpack("<I", counter)[0]
    return f"genuine {major}.{minor}.{revision}+{build} {security}"


def main():
    asked = json.load(sys.stdin)
    keys = [serialization.load_der_public_key(base64.b64decode(key)) for key in asked["keys"]]
    answers = []
    for image in asked["images"]:
        try:
            answers.append(judge(base64.b64decode(image), keys))
        except Refused as refused:
            answers.append(str(refused))
    json.dump(answers, sys.stdout)


main()
