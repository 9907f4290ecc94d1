/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of signers, and whether a signature over a digest is theirs. */
#ifndef VITALSIGN_SIGNATURE_H
#define VITALSIGN_SIGNATURE_H

#include "vitalsign_ports.h"

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
