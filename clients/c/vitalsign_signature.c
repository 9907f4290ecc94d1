/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_signature.h"

#include <string.h>

#include "vitalsign_der.h"
#include "vitalsign_mbed.h"

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
  if (!vs_der_take(&bits, VS_DER_SEQUENCE, &parts) || !vs_der_take(&parts, VS_DER_INTEGER, &modulus) || modulus.size < 2) return 0;
  return modulus.size - (modulus.bytes[0] == 0);
}

/* Two positive INTEGERs in DER: Mbed TLS takes other writings of the same numbers, and a signature has one. */
static int is_ecdsa(struct vs_span signature) {
  struct vs_span parts, number;
  if (!vs_der_take(&signature, VS_DER_SEQUENCE, &parts) || signature.size > 0) return 0;
  for (int i = 0; i < 2; i++) {
    if (!vs_der_take(&parts, VS_DER_INTEGER, &number) || number.size == 0 || number.bytes[0] >= 0x80) return 0;
    if (number.size > 1 && number.bytes[0] == 0 && number.bytes[1] < 0x80) return 0;
  }
  return parts.size == 0;
}

int vs_signature_holds(struct vs_span spki, enum vs_key_kind kind, const uint8_t *digest, struct vs_span signature) {
  mbedtls_pk_context key;
  mbedtls_pk_rsassa_pss_options pss = {.mgf1_hash_id = MBEDTLS_MD_SHA256, .expected_salt_len = 32};
  int verified;
  mbedtls_pk_init(&key);
  if (kind != VS_KEY_RSA && !is_ecdsa(signature)) return 0;
  verified = mbedtls_pk_parse_public_key(&key, spki.bytes, spki.size);
  if (verified == 0 && kind == VS_KEY_RSA)
    verified = mbedtls_pk_verify_ext(MBEDTLS_PK_RSASSA_PSS, &pss, &key, MBEDTLS_MD_SHA256, digest, 32, signature.bytes, signature.size);
  else if (verified == 0 && kind == VS_KEY_P384)
    verified = mbedtls_pk_verify(&key, MBEDTLS_MD_SHA384, digest, 48, signature.bytes, signature.size);
  else if (verified == 0 && kind == VS_KEY_P256)
    verified = mbedtls_pk_verify(&key, MBEDTLS_MD_SHA256, digest, 32, signature.bytes, signature.size);
  else verified = -1;
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
