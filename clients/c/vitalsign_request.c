/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_mbed.h"

#include <string.h>

enum vs_result vs_make_key(mbedtls_pk_context *key, mbedtls_ecp_group_id curve, const struct vs_random *random) {
  int made = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (made == 0) made = mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(*key), random->fill, random->context);
  if (made == 0) return VS_OK;
  return made == MBEDTLS_ERR_PK_ALLOC_FAILED || made == MBEDTLS_ERR_ECP_ALLOC_FAILED || made == MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE
             ? VS_LIBRARY_BROKEN
             : VS_RANDOM_BROKEN;
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

static const char challenge[] = MBEDTLS_OID_PKCS9 "\x07";

/* An OID of Mbed TLS's own list: none of these holds a zero. */
static size_t oid(struct nib *nib, const char *octets) { return value(nib, VS_DER_OID, octets, strlen(octets)); }

static size_t named(struct nib *nib, const char *type, uint8_t tag, const char *text) {
  size_t size = value(nib, tag, text, strlen(text));
  return wrap(nib, VS_DER_SET, wrap(nib, VS_DER_SEQUENCE, size + oid(nib, type)));
}

/* CN=SERIAL, serialNumber=SERIAL: where IEEE 802.1AR section 8.6 has it. */
static size_t own_name(struct nib *nib, const char *serial) {
  size_t size = named(nib, MBEDTLS_OID_AT_SERIAL_NUMBER, MBEDTLS_ASN1_PRINTABLE_STRING, serial);
  return wrap(nib, VS_DER_SEQUENCE, size + named(nib, MBEDTLS_OID_AT_CN, MBEDTLS_ASN1_UTF8_STRING, serial));
}

/* Never both: a renewal, which has the alternative name, needs no code. */
static size_t attributes(struct nib *nib, const struct vs_wanted *wanted) {
  size_t size = 0;
  if (wanted->alternative_name.size > 0) {
    size = raw(nib, wanted->alternative_name.bytes, wanted->alternative_name.size);
    size = wrap(nib, VS_DER_SET, wrap(nib, VS_DER_SEQUENCE, size));
    size = wrap(nib, VS_DER_SEQUENCE, size + oid(nib, MBEDTLS_OID_PKCS9_CSR_EXT_REQ));
  } else if (wanted->challenge_password != NULL) {
    size = wrap(nib, VS_DER_SET, value(nib, MBEDTLS_ASN1_UTF8_STRING, wanted->challenge_password, strlen(wanted->challenge_password)));
    size = wrap(nib, VS_DER_SEQUENCE, size + oid(nib, challenge));
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

enum vs_result vs_write_request(mbedtls_pk_context *key, const struct vs_wanted *wanted, const struct vs_random *random,
                                uint8_t *out, size_t room, size_t *size) {
  struct nib nib = {out, out + room, 0}, around;
  uint8_t signature[160], hash[64];
  size_t info, signed_size = 0, whole;
  int is_long = mbedtls_pk_get_bitlen(key) > 256, made;
  if (mbedtls_pk_get_type(key) != MBEDTLS_PK_ECKEY) return VS_SETTINGS_WRONG;
  info = request_info(&nib, key, wanted);
  if (nib.broken) return VS_BUFFER_TOO_SMALL;
  vs_digest(is_long ? 384 : 256, &(struct vs_span){nib.at, info}, 1, hash);
  made = vs_pk_sign(key, is_long ? MBEDTLS_MD_SHA384 : MBEDTLS_MD_SHA256, hash, is_long ? 48 : 32, signature, sizeof signature,
                    &signed_size, random->fill, random->context);
  if (made != 0) return VS_RANDOM_BROKEN;
  /* What is signed goes to the beginning, and what comes behind it is written from the end. */
  memmove(out, nib.at, info);
  around = (struct nib){out + info, out + room, 0};
  whole = raw(&around, signature, signed_size);
  whole = wrap(&around, VS_DER_BITS, whole + raw(&around, "", 1));
  whole += wrap(&around, VS_DER_SEQUENCE, oid(&around, is_long ? MBEDTLS_OID_ECDSA_SHA384 : MBEDTLS_OID_ECDSA_SHA256));
  whole += raw(&around, out, info);
  whole = wrap(&around, VS_DER_SEQUENCE, whole);
  if (around.broken) return VS_BUFFER_TOO_SMALL;
  memmove(out, around.at, whole);
  *size = whole;
  return VS_OK;
}
