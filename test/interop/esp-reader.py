# SPDX-License-Identifier: Apache-2.0
"""An independent reader of images signed for secure boot v2 of ESP-IDF, for test/interop/esp-secure-boot.test.ts.

Written from ESP-IDF's docs/en/security/secure-boot-v2.rst and the layout of esptool's signature blocks, with
python3-cryptography for the signatures. A device is known by the digests in its eFuses, which are made here from the
public keys. Input and output as of mcuboot-reader.py; of a genuine image the answer ends with the digest of the key.
"""
import base64
import hashlib
import json
import struct
import sys
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

SECTOR, BLOCK = 4096, 1216


class Refused(Exception):
    pass


def demand(condition, reason):
    if not condition:
        raise Refused(reason)


def little(number, octets):
    return number.to_bytes(octets, "little")


def efuse_digest(key):
    numbers = key.public_numbers()
    if isinstance(key, rsa.RSAPublicKey):
        octets = little(numbers.n, 384) + little(numbers.e, 4)
        octets += little(pow(2, 6144, numbers.n), 384)
        octets += little(-pow(numbers.n, -1, 1 << 32) % (1 << 32), 4)
    else:
        curve, half = (2, 32) if key.curve.name == "secp256r1" else (3, 48)
        octets = bytes([curve]) + little(numbers.x, half) + little(numbers.y, half)
    return hashlib.sha256(octets).digest()


def image_end(data):
    demand(len(data) >= 24, "artefact-truncated")
    magic, count = data[0], data[1]
    demand(magic == 0xE9 and 1 <= count <= 16 and data[2] <= 5, "artefact-malformed")
    at = 24
    for _ in range(count):
        demand(at + 8 <= len(data), "artefact-truncated")
        size = struct.unpack_from("<I", data, at + 4)[0]
        demand(size <= 1 << 24, "artefact-malformed")
        at += 8 + size
    at = at + 15 - at % 16
    demand(at + 1 <= len(data), "artefact-truncated")
    end = at + 1 + (32 if data[23] == 1 else 0)
    demand(end <= len(data), "artefact-truncated")
    return end


def blocks_of(sector):
    found, at = [], 0
    while len(found) < 3 and sector[at] == 0xE7:
        block = sector[at : at + BLOCK]
        stated = struct.unpack_from("<I", block, 1196)[0]
        demand(zlib.crc32(block[:1196]) == stated, "artefact-malformed")
        version, variant = block[1], block[2]
        if (version, variant) == (2, 0):
            digest, key, signature, rest = block[4:36], block[36:812], block[812:1196], b""
        elif (version, variant) == (3, 0) and block[36] == 2:
            digest, key, signature = block[4:36], block[36:101], block[101:165]
            rest = block[165:1196]
        elif (version, variant) == (3, 1):
            digest, key, signature = block[4:52], block[52:149], block[149:245]
            rest = block[245:1196]
        else:
            raise Refused("artefact-malformed")
        odd = block[3] != 0 or any(rest) or any(block[1200:])
        demand(not odd, "artefact-malformed")
        found.append((digest, key, signature))
        at += BLOCK
    demand(all(octet == 0xFF for octet in sector[at:]), "artefact-malformed")
    return found


def check(key, digest, signature):
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            key.verify(signature[::-1], digest, pss, utils.Prehashed(hashes.SHA256()))
        else:
            half = len(signature) // 2
            r = int.from_bytes(signature[:half], "little")
            s = int.from_bytes(signature[half:], "little")
            name = hashes.SHA256() if half == 32 else hashes.SHA384()
            pair = utils.encode_dss_signature(r, s)
            key.verify(pair, digest, ec.ECDSA(utils.Prehashed(name)))
    except InvalidSignature:
        raise Refused("signature-wrong") from None


def judge(data, known):
    end = image_end(data)
    covered = -(-end // SECTOR) * SECTOR
    padded = data[end : min(len(data), covered)]
    demand(all(octet == 0xFF for octet in padded), "artefact-trailing-octets")
    demand(len(data) > covered, "artefact-not-signed")
    demand(len(data) <= covered + SECTOR, "artefact-trailing-octets")
    demand(len(data) == covered + SECTOR, "artefact-truncated")
    blocks = blocks_of(data[covered:])
    demand(blocks, "artefact-not-signed")
    demand(len({len(digest) for digest, _, _ in blocks}) == 1, "artefact-malformed")
    name = "sha256" if len(blocks[0][0]) == 32 else "sha384"
    digest = hashlib.new(name, data[:covered]).digest()
    for stated, _, _ in blocks:
        demand(stated == digest, "artefact-digest-wrong")
    mine = [(hashlib.sha256(key).digest(), signature) for _, key, signature in blocks]
    mine = [(burnt, signature) for burnt, signature in mine if burnt in known]
    demand(mine, "artefact-signer-unknown")
    for burnt, signature in mine:
        check(known[burnt], digest, signature)
    return "genuine " + " ".join(burnt.hex() for burnt, _ in mine)


def main():
    asked = json.load(sys.stdin)
    keys = [serialization.load_der_public_key(base64.b64decode(key)) for key in asked["keys"]]
    known = {efuse_digest(key): key for key in keys}
    answers = []
    for image in asked["images"]:
        try:
            answers.append(judge(base64.b64decode(image), known))
        except Refused as refused:
            answers.append(str(refused))
    json.dump(answers, sys.stdout)


main()
