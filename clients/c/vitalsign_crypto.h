/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, keys of signers, and whether a signature is theirs: what is asked of Mbed TLS, without its heap but for a key. */
#ifndef VITALSIGN_CRYPTO_H
#define VITALSIGN_CRYPTO_H

#include "vitalsign_mbed.h"
#include "vitalsign_verify.h"

/* SHA-256, -384 or -512 (`bits`) of pieces one after the other: bits / 8 octets. */
void vs_digest(unsigned bits, const struct vs_span *pieces, size_t count, uint8_t *out);

/* The same of the first `size` octets of a source, read in pieces. */
enum vs_result vs_digest_source(const struct vs_source *source, unsigned bits, uint64_t size, uint8_t *piece, size_t piece_size, uint8_t *out);

enum vs_key_kind { VS_KEY_OTHER, VS_KEY_P256, VS_KEY_P384, VS_KEY_RSA, VS_KEY_ED25519, VS_KEY_ML_DSA_44, VS_KEY_ML_DSA_65, VS_KEY_ML_DSA_87 };

/* The kind of a SubjectPublicKeyInfo; `bits` is the key itself: a point, an RSAPublicKey, the octets of ML-DSA. */
enum vs_key_kind vs_read_signer(struct vs_span spki, struct vs_span *bits);

/* Octets of the modulus of an RSAPublicKey; 0 for what is none. */
size_t vs_modulus_size(struct vs_span bits);

/* ECDSA (DER) or RSA-PSS with SHA-256 and a salt of 32: over a digest of 32 octets, 48 for P-384. 1 or 0. */
int vs_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature);

/* ECDSA as COSE has it: r and s, one behind the other, each as long as the curve's order. */
int vs_raw_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature);

#endif
