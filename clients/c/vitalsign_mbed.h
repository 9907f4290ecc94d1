/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of Mbed TLS 2.28 or 3: digests, keys, signatures and requests; without its heap but for a key. */
#ifndef VITALSIGN_MBED_H
#define VITALSIGN_MBED_H

#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "vitalsign_read.h"
#include "vitalsign_verify.h"

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define vs_sha(function) function
#define vs_pk_sign mbedtls_pk_sign
#define vs_pk_parse_key(key, der, size, random, context) mbedtls_pk_parse_key(key, der, size, NULL, 0, random, context)
#else
#define vs_sha(function) function##_ret
#define vs_pk_sign(key, md, hash, size, out, room, made, random, context) \
  ((void)(room), mbedtls_pk_sign(key, md, hash, size, out, made, random, context))
#define vs_pk_parse_key(key, der, size, random, context) \
  ((void)(random), (void)(context), mbedtls_pk_parse_key(key, der, size, NULL, 0))
#endif

/* SHA-256, -384 or -512 (`bits`) of pieces one after the other: bits / 8 octets. */
void vs_digest(unsigned bits, const struct vs_span *pieces, size_t count, uint8_t *out);

/* The same of the first `size` octets of a source, read in pieces. */
enum vs_result vs_digest_source(const struct vs_source *source, unsigned bits, uint64_t size, uint8_t *piece, size_t piece_size,
                                uint8_t *out);

enum vs_key_kind { VS_KEY_OTHER, VS_KEY_P256, VS_KEY_P384, VS_KEY_RSA, VS_KEY_ED25519, VS_KEY_ML_DSA_44, VS_KEY_ML_DSA_65, VS_KEY_ML_DSA_87 };

/* The kind of a SubjectPublicKeyInfo; `bits` is the key itself: a point, an RSAPublicKey, the octets of ML-DSA. */
enum vs_key_kind vs_read_signer(struct vs_span spki, struct vs_span *bits);

/* Octets of the modulus of an RSAPublicKey; 0 for what is none. */
size_t vs_modulus_size(struct vs_span bits);

/* ECDSA (DER) or RSA-PSS with SHA-256 and a salt of 32: over a digest of 32 octets, 48 for P-384. 1 or 0. */
int vs_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature);

/* ECDSA as COSE has it: r and s, one behind the other, each as long as the curve's order. */
int vs_raw_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature);

/* --- keys and PKCS #10 requests (RFC 2986) --- */

/* What a request asks for. */
struct vs_wanted {
  const char *serial;              /* subject CN and serialNumber; null: `subject` is given */
  struct vs_span subject;          /* a whole Name: of the certificate that is renewed, to the octet */
  struct vs_span alternative_name; /* a whole Extension, or empty */
  const char *challenge_password;  /* null: none */
};

/* Makes a key on this curve into an empty context; mbedtls_pk_free it. */
enum vs_result vs_make_key(mbedtls_pk_context *key, mbedtls_ecp_group_id curve, const struct vs_random *random);

/* Writes the key (SEC 1 or PKCS #1) to the beginning of `out`. */
enum vs_result vs_write_key(mbedtls_pk_context *key, uint8_t *out, size_t room, size_t *size);

/* Writes the signed request, DER, to the beginning of `out`; up to 1 kB more of it is used on the way. */
enum vs_result vs_write_request(mbedtls_pk_context *key, const struct vs_wanted *wanted, const struct vs_random *random,
                                uint8_t *out, size_t room, size_t *size);

#endif
