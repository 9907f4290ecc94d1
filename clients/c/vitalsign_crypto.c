/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_mbed.h"

#include <string.h>

#include "vitalsign_status.h"

/* Begun, it is finished once. In software it cannot fail; an accelerator that does leaves a digest that nothing is equal to. */
struct digest {
  unsigned bits;
  union {
    mbedtls_sha256_context of_256;
    mbedtls_sha512_context of_512;
  } state;
};

static void begin(struct digest *digest, unsigned bits) {
  digest->bits = bits;
  if (bits == 256) {
    mbedtls_sha256_init(&digest->state.of_256);
    (void)vs_sha(mbedtls_sha256_starts)(&digest->state.of_256, 0);
  } else {
    mbedtls_sha512_init(&digest->state.of_512);
    (void)vs_sha(mbedtls_sha512_starts)(&digest->state.of_512, bits == 384);
  }
}

static void add(struct digest *digest, const uint8_t *bytes, size_t size) {
  if (size == 0) return;
  if (digest->bits == 256) (void)vs_sha(mbedtls_sha256_update)(&digest->state.of_256, bytes, size);
  else (void)vs_sha(mbedtls_sha512_update)(&digest->state.of_512, bytes, size);
}

static void end(struct digest *digest, uint8_t *out) {
  uint8_t whole[64];
  if (digest->bits == 256) {
    (void)vs_sha(mbedtls_sha256_finish)(&digest->state.of_256, whole);
    mbedtls_sha256_free(&digest->state.of_256);
  } else {
    (void)vs_sha(mbedtls_sha512_finish)(&digest->state.of_512, whole);
    mbedtls_sha512_free(&digest->state.of_512);
  }
  memcpy(out, whole, digest->bits / 8);
}

void vs_digest(unsigned bits, const struct vs_span *pieces, size_t count, uint8_t *out) {
  struct digest digest;
  begin(&digest, bits);
  for (size_t i = 0; i < count; i++) add(&digest, pieces[i].bytes, pieces[i].size);
  end(&digest, out);
}

void vss_sha256(const uint8_t *bytes, size_t size, uint8_t out[32]) {
  vs_digest(256, &(struct vs_span){bytes, size}, 1, out);
}

enum vs_result vs_digest_source(const struct vs_source *source, unsigned bits, uint64_t size, uint8_t *piece, size_t piece_size,
                                uint8_t *out) {
  struct digest digest;
  int broken = piece_size == 0;
  begin(&digest, bits);
  for (uint64_t at = 0; at < size && !broken;) {
    size_t some = size - at < piece_size ? (size_t)(size - at) : piece_size;
    broken = source->read(source->context, at, piece, some) != 0;
    if (!broken) add(&digest, piece, some);
    at += some;
  }
  end(&digest, out);
  return broken ? VS_SOURCE_BROKEN : VS_OK;
}

/* Contents of AlgorithmIdentifier: RFC 5480, RFC 3279, RFC 8410, RFC 9881. */
static const struct {
  enum vs_key_kind kind;
  uint8_t size, identifier[22];
} rows[] = {
    {VS_KEY_P256, 19, {6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}},
    {VS_KEY_P384, 16, {6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22}},
    {VS_KEY_RSA, 13, {6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0}},
    {VS_KEY_ED25519, 5, {6, 3, 0x2b, 0x65, 0x70}},
    {VS_KEY_ML_DSA_44, 11, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17}},
    {VS_KEY_ML_DSA_65, 11, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18}},
    {VS_KEY_ML_DSA_87, 11, {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19}},
};

enum vs_key_kind vs_read_signer(struct vs_span spki, struct vs_span *bits) {
  struct vs_span parts, identifier;
  *bits = (struct vs_span){NULL, 0};
  if (!vs_der_take(&spki, VS_DER_SEQUENCE, &parts) || spki.size > 0) return VS_KEY_OTHER;
  if (!vs_der_take(&parts, VS_DER_SEQUENCE, &identifier) || !vs_der_take(&parts, VS_DER_BITS, bits)) return VS_KEY_OTHER;
  if (parts.size > 0 || bits->size < 2 || *bits->bytes++ != 0) return VS_KEY_OTHER;
  bits->size--;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (identifier.size == rows[i].size && memcmp(identifier.bytes, rows[i].identifier, rows[i].size) == 0) return rows[i].kind;
  return VS_KEY_OTHER;
}

size_t vs_modulus_size(struct vs_span bits) {
  struct vs_span parts, modulus;
  if (!vs_der_take(&bits, VS_DER_SEQUENCE, &parts) || !vs_der_take_number(&parts, &modulus)) return 0;
  return modulus.size - (modulus.bytes[0] == 0);
}

/* Two positive INTEGERs in DER: Mbed TLS takes other writings of the same numbers, and a signature has one. */
static int is_ecdsa(struct vs_span signature) {
  struct vs_span parts, number;
  if (!vs_der_take(&signature, VS_DER_SEQUENCE, &parts) || signature.size > 0) return 0;
  return vs_der_take_number(&parts, &number) && vs_der_take_number(&parts, &number) && parts.size == 0;
}

int vs_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature) {
  mbedtls_pk_context key;
  mbedtls_pk_rsassa_pss_options pss = {.mgf1_hash_id = MBEDTLS_MD_SHA256, .expected_salt_len = 32};
  int verified, is_rsa = kind == VS_KEY_RSA, is_long = kind == VS_KEY_P384;
  mbedtls_md_type_t md = is_long ? MBEDTLS_MD_SHA384 : MBEDTLS_MD_SHA256;
  size_t size = is_long ? 48 : 32;
  if (!is_rsa && ((kind != VS_KEY_P256 && !is_long) || !is_ecdsa(signature))) return 0;
  mbedtls_pk_init(&key);
  verified = mbedtls_pk_parse_public_key(&key, spki.bytes, spki.size);
  if (verified == 0)
    verified = is_rsa ? mbedtls_pk_verify_ext(MBEDTLS_PK_RSASSA_PSS, &pss, &key, md, digest, size, signature.bytes, signature.size)
                      : mbedtls_pk_verify(&key, md, digest, size, signature.bytes, signature.size);
  mbedtls_pk_free(&key);
  return verified == 0;
}

/* One INTEGER of DER: without zeros in front, but for one that keeps it positive. */
static size_t put_integer(uint8_t *to, const uint8_t *number, size_t size) {
  size_t at = 2;
  while (size > 1 && *number == 0) number++, size--;
  if (*number >= 0x80) to[at++] = 0;
  memcpy(to + at, number, size);
  to[0] = VS_DER_INTEGER;
  to[1] = (uint8_t)(at + size - 2);
  return at + size;
}

int vs_raw_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature) {
  uint8_t der[2 + 2 * (2 + 1 + 48)];
  size_t half = kind == VS_KEY_P384 ? 48 : 32, size = 2;
  /* Of any other length it could be padded without being another signature. */
  if (signature.size != 2 * half) return 0;
  size += put_integer(der + size, signature.bytes, half);
  size += put_integer(der + size, signature.bytes + half, half);
  der[0] = VS_DER_SEQUENCE;
  der[1] = (uint8_t)(size - 2);
  return vs_signature_holds(spki, kind, digest, (struct vs_span){der, size});
}
