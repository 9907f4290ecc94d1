# SPDX-License-Identifier: Apache-2.0
"""Reads outer manifests (docs/outer-manifest.md) and SUIT envelopes (draft 37), written from those pages alone.

In: {"keys": [SubjectPublicKeyInfo, base64], "images": [base64]}. Out: one answer an image: `genuine` or the name of
the refusal; behind it, of each ML-DSA signature, which this Python cannot check: key id, input and signature.
"""

import base64
import hashlib
import json
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

DEVICE = {"environment": 2, "product": "pump-7", "hardware": "board-c", "counter": 42}
FIRMWARE = b"firmware of a pump\n"
TYPE = {3: "application/vnd.vitalsign.outer-manifest+cbor"}
ML_DSA = {-48: 2420, -49: 3309, -50: 4627}


class Refused(Exception):
    pass


def load(data):
    """One item of deterministic CBOR and nothing behind it."""
    import io

    stream = io.BytesIO(data)
    try:
        item = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeEOF, EOFError):
        raise Refused("artefact-truncated")
    except Exception:
        raise Refused("artefact-malformed")
    if stream.read(1):
        raise Refused("artefact-trailing-octets")
    # Keys of one kind, or shorter ones of numbers first: the order of RFC 7049 is that of RFC 8949 here.
    if cbor2.dumps(item, canonical=True) != data:
        raise Refused("artefact-malformed")
    return item


def kid(spki):
    return hashlib.sha256(spki).digest()


def holds(alg, spki, data, signature):
    """None where this Python cannot tell."""
    try:
        key = serialization.load_der_public_key(spki)
    except Exception:
        return None
    try:
        if alg in (-7, -35):
            half = 32 if alg == -7 else 48
            if len(signature) != 2 * half:
                return False
            r, s = (int.from_bytes(signature[i : i + half], "big") for i in (0, half))
            digest = hashes.SHA256() if alg == -7 else hashes.SHA384()
            key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(digest))
        elif alg in (-8, -19) and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            return False
        return True
    except InvalidSignature:
        return False


def dumps(item):
    return cbor2.dumps(item, canonical=True)


def outer(data, keys, asks):
    envelope = load(data)
    if not isinstance(envelope, cbor2.CBORTag) or envelope.tag != 98:
        raise Refused("artefact-malformed")
    body, unprotected, payload, signatures = envelope.value
    if body != dumps(TYPE) or set(unprotected) - {270}:
        raise Refused("artefact-malformed")
    manifest = load(payload)
    if sorted(manifest) != list(range(1, 11)) or manifest[1] != 1:
        raise Refused("artefact-malformed")
    policy = [tuple(row) for row in manifest[9]]
    named = []
    for protected, other, _ in signatures:
        header = load(protected)
        if other or set(header) != {1, 4}:
            raise Refused("artefact-malformed")
        named.append((header[1], header[4]))
    if named != policy:
        raise Refused("artefact-signatures-differ")
    for (alg, key_id), (protected, _, signature) in zip(policy, signatures):
        if key_id not in keys:
            raise Refused("artefact-signer-unknown")
        to_be_signed = dumps(["Signature", body, protected, b"", payload])
        if alg in ML_DSA:
            asks.append((key_id, to_be_signed, signature))
        elif not holds(alg, keys[key_id], to_be_signed, signature):
            raise Refused("signature-wrong")
    algs = {alg for alg, _ in policy}
    if not (algs & {-7, -35, -8, -19} and algs & {-49, -50}):
        raise Refused("artefact-signature-missing")
    if manifest[5] != DEVICE["environment"]:
        raise Refused("artefact-environment-wrong")
    if manifest[2] != DEVICE["product"]:
        raise Refused("artefact-hardware-wrong")
    if manifest[10] and DEVICE["hardware"] not in manifest[10]:
        raise Refused("artefact-hardware-wrong")
    here = (len(FIRMWARE), hashlib.sha256(FIRMWARE).digest())
    if here not in [(row[2], row[3]) for row in manifest[8]]:
        raise Refused("artefact-digest-wrong")
    if manifest[4] < DEVICE["counter"]:
        raise Refused("artefact-version-lower")


COMMANDS = {1, 2, 3, 5, 6, 12, 14, 15, 18, 20, 21, 22, 23, 24, 31, 32}
PARAMETERS = {1, 2, 3, 5, 12, 13, 14, 18, 21, 22, 23, 24, 25}
DIGESTS = {-16: "sha256", -43: "sha384", -44: "sha512"}


def digest_is(digest, data):
    name = DIGESTS.get(digest[0])
    return name is not None and hashlib.new(name, data).digest() == digest[1]


def commands(sequence):
    """Number and argument by turns; sequences in sequences too."""
    items = load(sequence)
    if len(items) % 2 or not items:
        raise Refused("artefact-malformed")
    for number, argument in zip(items[::2], items[1::2]):
        yield number, argument
        if number == 32:
            yield from commands(argument)
        if number == 15:
            for one in argument:
                if one is not None:
                    yield from commands(one)


def suit(data, keys, asks):
    envelope = load(data)
    if not isinstance(envelope, cbor2.CBORTag) or envelope.tag != 107:
        raise Refused("artefact-malformed")
    entries = envelope.value
    digest_bytes, *blocks = load(entries[2])
    digest = load(digest_bytes)
    manifest = load(entries[3])
    if manifest.get(1) != 1 or 2 not in manifest or 3 not in manifest:
        raise Refused("artefact-malformed")
    common = load(manifest[3])
    known = {**{key: manifest[key] for key in (7, 8, 9, 16, 20) if key in manifest}, 0: common[4]}
    known.update({key: entries[key] for key in (16, 20) if key in entries})
    sequences = [list(commands(one)) for one in known.values() if isinstance(one, bytes)]
    # The head of the byte string counts.
    if not digest_is(digest, dumps(entries[3])):
        raise Refused("artefact-digest-wrong")
    prove(blocks, digest_bytes, keys, asks)
    for key in (16, 20, 23):
        if key not in entries:
            continue
        if not isinstance(manifest.get(key), list):
            raise Refused("artefact-not-covered")
        if not digest_is(manifest[key], dumps(entries[key])):
            raise Refused("artefact-digest-wrong")
    images, uris = [], []
    for number, argument in (one for sequence in sequences for one in sequence):
        if number == 20:
            images += [load(argument[3])] if 3 in argument else []
            uris += [argument[21]] if 21 in argument else []
    for key, value in entries.items():
        if isinstance(key, str) and key not in uris:
            raise Refused("artefact-not-covered")
        if isinstance(key, str) and not any(digest_is(one, value) for one in images):
            raise Refused("artefact-digest-wrong")
    if {key for key in entries if isinstance(key, int)} - {2, 3, 16, 20, 23}:
        raise Refused("artefact-field-not-allowed")
    for number, argument in (one for sequence in sequences for one in sequence):
        if number not in COMMANDS and number >= -255:
            raise Refused("artefact-field-not-allowed")
        if number == 20 and set(argument) - PARAMETERS:
            raise Refused("artefact-field-not-allowed")
    if set(common) - {2, 4}:
        raise Refused("artefact-field-not-allowed")
    if manifest[2] < DEVICE["counter"]:
        raise Refused("artefact-version-lower")


def prove(blocks, digest_bytes, keys, asks):
    if len(blocks) > 8:
        raise Refused("artefact-malformed")
    proved, unknown = [], False
    for block in blocks:
        message = load(block)
        if message.tag != 18:
            continue
        protected, _, payload, signature = message.value
        header = load(protected)
        if payload is not None or 2 in header:
            raise Refused("artefact-malformed")
        key_id = header.get(4)
        if key_id not in keys:
            unknown = True
            continue
        to_be_signed = dumps(["Signature1", protected, b"", digest_bytes])
        if header[1] in ML_DSA:
            asks.append((key_id, to_be_signed, signature))
        elif not holds(header[1], keys[key_id], to_be_signed, signature):
            raise Refused("signature-wrong")
        if key_id in proved:
            raise Refused("artefact-field-twice")
        proved.append(key_id)
    if not proved:
        raise Refused("artefact-signer-unknown" if unknown else "artefact-not-signed")


def judge(data, keys):
    asks = []
    try:
        (suit if data[:2] == b"\xd8\x6b" or b"#image" in data else outer)(data, keys, asks)
        verdict = "genuine"
    except Refused as refused:
        verdict = str(refused)
    except Exception:
        # Something that is not where the page has it.
        verdict = "artefact-malformed"
    words = [base64.b64encode(part).decode() for ask in asks for part in ask]
    return " ".join([verdict, *words])


asked = json.load(sys.stdin)
known = {kid(spki): spki for spki in map(base64.b64decode, asked["keys"])}
print(json.dumps([judge(base64.b64decode(image), known) for image in asked["images"]]))
