/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_request.h"

#include <string.h>

#include "vitalsign_der.h"
#include "vitalsign_digest.h"

enum vs_result vs_make_key(mbedtls_pk_context *key, mbedtls_ecp_group_id curve, const struct vs_random *random) {
  int made = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (made == 0) made = mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(*key), random->fill, random->context);
  if (made == 0) return VS_OK;
  return made == MBEDTLS_ERR_PK_ALLOC_FAILED || made == MBEDTLS_ERR_ECP_ALLOC_FAILED || made == MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE
             ? VS_LIBRARY_BROKEN
             : VS_RANDOM_BROKEN;
}

enum vs_result vs_read_key(mbedtls_pk_context *key, struct vs_span der, const struct vs_random *random) {
  return vs_pk_parse_key(key, der.bytes, der.size, random->fill, random->context) == 0 ? VS_OK : VS_STATE_DAMAGED;
}

enum vs_result vs_write_key(mbedtls_pk_context *key, uint8_t *out, size_t room, size_t *size) {
  int made = mbedtls_pk_write_key_der(key, out, room); /* at the end of the room */
  if (made <= 0) return VS_BUFFER_TOO_SMALL;
  *size = (size_t)made;
  memmove(out, out + room - *size, *size);
  return VS_OK;
}

/* DER is written from its end, so that each length is known when it is written; `at` moves towards the beginning. */
struct nib {
  uint8_t *begin, *at;
  int broken;
};

static size_t raw(struct nib *nib, const void *bytes, size_t size) {
  if (nib->broken || (size_t)(nib->at - nib->begin) < size) return nib->broken = 1, 0;
  nib->at -= size;
  if (size > 0) memcpy(nib->at, bytes, size);
  return size;
}

/* Tag and length before what has been written of it; gives the size of all. */
static size_t wrap(struct nib *nib, uint8_t tag, size_t size) {
  int written = nib->broken ? -1 : mbedtls_asn1_write_len(&nib->at, nib->begin, size);
  if (written < 0) return nib->broken = 1, 0;
  return raw(nib, &tag, 1) + (size_t)written + size;
}

static size_t value(struct nib *nib, uint8_t tag, const void *bytes, size_t size) { return wrap(nib, tag, raw(nib, bytes, size)); }

static const uint8_t common_name[] = {0x55, 4, 3}, serial_number[] = {0x55, 4, 5};
static const uint8_t challenge[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7};
static const uint8_t extension_request[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14};
static const uint8_t ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}, ecdsa_sha384[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3};

static size_t named(struct nib *nib, const uint8_t *oid, size_t oid_size, uint8_t tag, const char *text) {
  size_t size = value(nib, tag, text, strlen(text));
  size += value(nib, VS_DER_OID, oid, oid_size);
  return wrap(nib, VS_DER_SET, wrap(nib, VS_DER_SEQUENCE, size));
}

/* CN=SERIAL, serialNumber=SERIAL: where IEEE 802.1AR section 8.6 has it. */
static size_t own_name(struct nib *nib, const char *serial) {
  size_t size = named(nib, serial_number, sizeof serial_number, 0x13, serial);
  return wrap(nib, VS_DER_SEQUENCE, size + named(nib, common_name, sizeof common_name, 0x0c, serial));
}

/* Never both: a renewal, which has the alternative name, needs no code. */
static size_t attributes(struct nib *nib, const struct vs_wanted *wanted) {
  size_t size = 0;
  if (wanted->alternative_name.size > 0) {
    size = raw(nib, wanted->alternative_name.bytes, wanted->alternative_name.size);
    size = wrap(nib, VS_DER_SET, wrap(nib, VS_DER_SEQUENCE, size));
    size = wrap(nib, VS_DER_SEQUENCE, size + value(nib, VS_DER_OID, extension_request, sizeof extension_request));
  } else if (wanted->challenge_password != NULL) {
    size = wrap(nib, VS_DER_SET, value(nib, 0x0c, wanted->challenge_password, strlen(wanted->challenge_password)));
    size = wrap(nib, VS_DER_SEQUENCE, size + value(nib, VS_DER_OID, challenge, sizeof challenge));
  }
  return wrap(nib, VS_DER_TAGGED, size);
}

static size_t request_info(struct nib *nib, mbedtls_pk_context *key, const struct vs_wanted *wanted) {
  static const uint8_t version_1[] = {VS_DER_INTEGER, 1, 0};
  size_t size = attributes(nib, wanted);
  int written = nib->broken ? -1 : mbedtls_pk_write_pubkey_der(key, nib->begin, (size_t)(nib->at - nib->begin));
  if (written < 0) return nib->broken = 1, 0;
  nib->at -= written;
  size += (size_t)written;
  size += wanted->serial != NULL ? own_name(nib, wanted->serial) : raw(nib, wanted->subject.bytes, wanted->subject.size);
  size += raw(nib, version_1, sizeof version_1);
  return wrap(nib, VS_DER_SEQUENCE, size);
}

enum { signature_most = 160 };

static enum vs_result sign(mbedtls_pk_context *key, int is_long, const uint8_t *info, size_t size, const struct vs_random *random,
                           uint8_t signature[signature_most], size_t *signature_size) {
  uint8_t hash[64];
  struct vs_digest digest;
  mbedtls_md_type_t md = is_long ? MBEDTLS_MD_SHA384 : MBEDTLS_MD_SHA256;
  vs_digest_begin(&digest, is_long ? 384 : 256);
  vs_digest_add(&digest, info, size);
  vs_digest_end(&digest, hash);
  return vs_pk_sign(key, md, hash, is_long ? 48 : 32, signature, signature_most, signature_size, random->fill, random->context) == 0
             ? VS_OK
             : VS_RANDOM_BROKEN;
}

enum vs_result vs_write_request(mbedtls_pk_context *key, const struct vs_wanted *wanted, const struct vs_random *random,
                                uint8_t *out, size_t room, size_t *size) {
  struct nib nib = {out, out + room, 0}, around;
  uint8_t signature[signature_most];
  size_t info, signed_size = 0, whole;
  int is_long = mbedtls_pk_get_bitlen(key) > 256;
  enum vs_result result;
  if (mbedtls_pk_get_type(key) != MBEDTLS_PK_ECKEY) return VS_SETTINGS_WRONG;
  info = request_info(&nib, key, wanted);
  if (nib.broken) return VS_BUFFER_TOO_SMALL;
  result = sign(key, is_long, nib.at, info, random, signature, &signed_size);
  if (result != VS_OK) return result;
  /* What is signed goes to the beginning, and what comes behind it is written from the end. */
  memmove(out, nib.at, info);
  around.begin = out + info;
  around.at = out + room;
  around.broken = 0;
  whole = raw(&around, signature, signed_size);
  whole = wrap(&around, VS_DER_BITS, whole + raw(&around, "", 1));
  whole += wrap(&around, VS_DER_SEQUENCE, value(&around, VS_DER_OID, is_long ? ecdsa_sha384 : ecdsa_sha256, sizeof ecdsa_sha256));
  whole += raw(&around, out, info);
  whole = wrap(&around, VS_DER_SEQUENCE, whole);
  if (around.broken) return VS_BUFFER_TOO_SMALL;
  memmove(out, around.at, whole);
  *size = whole;
  return VS_OK;
}
