/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_path.h"

#include <string.h>

static uint64_t seconds_of(const mbedtls_x509_time *time) {
  if (time->year < 1970) return 0;
  return vs_seconds_of((unsigned)time->year, (unsigned)time->mon, (unsigned)time->day, (unsigned)time->hour, (unsigned)time->min,
                       (unsigned)time->sec);
}

int vs_walk_judge(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
  struct vs_walk *walk = context;
  uint64_t begin = seconds_of(&certificate->valid_from), end = seconds_of(&certificate->valid_to);
  /* The library knows no time, or the machine's: the clock port is what counts. */
  *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
  if (walk->first_end == 0 || end < walk->first_end) walk->first_end = end;
  /* A clock that was never set stands in the past: what leads to an anchor proves that its own time has begun. */
  if (walk->now < begin && walk->is_strict) *flags |= MBEDTLS_X509_BADCERT_FUTURE;
  else if (walk->now < begin) walk->now = begin;
  if (walk->now > walk->first_end) {
    walk->is_late = 1;
    *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  }
  if (depth < 0 || depth >= VS_PATH_MOST) {
    *flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    return 0;
  }
  walk->found[depth].bytes = certificate->raw.p;
  walk->found[depth].size = certificate->raw.len;
  if ((size_t)depth + 1 > walk->count) walk->count = (size_t)depth + 1;
  return 0;
}

enum vs_result vs_parse_anchors(mbedtls_x509_crt *list, const struct vs_server *server) {
  int parsed = 0;
  for (size_t i = 0; i < server->anchor_count; i++)
    /* One that this library cannot use (a post-quantum twin) vouches for nothing. */
    parsed += mbedtls_x509_crt_parse_der(list, server->anchors[i].bytes, server->anchors[i].size) == 0;
  return parsed > 0 ? VS_OK : VS_SETTINGS_WRONG;
}

static int is_for(enum vs_purpose purpose, const mbedtls_x509_crt *leaf) {
  const char *oid = purpose == VS_FOR_CLIENTS ? MBEDTLS_OID_CLIENT_AUTH : MBEDTLS_OID_OCSP_SIGNING;
  /* Mbed TLS takes a certificate without purposes as one for all: who signs status has to say so. */
  if (leaf->ca_istrue || (purpose == VS_FOR_STATUS && leaf->ext_key_usage.buf.len == 0)) return 0;
  return mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 &&
         mbedtls_x509_crt_check_extended_key_usage(leaf, oid, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) == 0;
}

static enum vs_result find(mbedtls_x509_crt *list, mbedtls_x509_crt *anchors, const struct vs_server *server, enum vs_purpose purpose,
                           struct vs_span leaf, struct vs_span others, size_t prefix, struct vs_walk *walk) {
  struct vs_span one;
  uint32_t flags = 0;
  enum vs_result result = vs_parse_anchors(anchors, server);
  if (result != VS_OK) return result;
  if (mbedtls_x509_crt_parse_der(list, leaf.bytes, leaf.size) != 0) return VS_CERTIFICATE_MALFORMED;
  while (others.size > prefix) {
    others.bytes += prefix;
    others.size -= prefix;
    if (!vs_der_take_whole(&others, VS_DER_SEQUENCE, &one)) return VS_CERTIFICATE_MALFORMED;
    if (mbedtls_x509_crt_parse_der(list, one.bytes, one.size) == MBEDTLS_ERR_X509_ALLOC_FAILED) return VS_LIBRARY_BROKEN;
  }
  walk->now = server->now;
  walk->is_strict = purpose == VS_FOR_STATUS;
  if (mbedtls_x509_crt_verify_with_profile(list, anchors, NULL, &mbedtls_x509_crt_profile_next, NULL, &flags, vs_walk_judge, walk) != 0)
    return flags == MBEDTLS_X509_BADCERT_EXPIRED && walk->is_late ? VS_CERTIFICATE_EXPIRED : VS_CERTIFICATE_NOT_TRUSTED;
  return is_for(purpose, list) ? VS_OK : VS_CERTIFICATE_NOT_TRUSTED;
}

enum vs_result vs_find_path(const struct vs_server *server, enum vs_purpose purpose, struct vs_span leaf, struct vs_span others, size_t prefix,
                            struct vs_chain *chain) {
  mbedtls_x509_crt list, anchors;
  struct vs_walk walk = {0};
  enum vs_result result;
  mbedtls_x509_crt_init(&list);
  mbedtls_x509_crt_init(&anchors);
  result = find(&list, &anchors, server, purpose, leaf, others, prefix, &walk);
  /* What stands between the leaf and the anchor. */
  for (size_t i = 1; i + 1 < walk.count && result == VS_OK && chain != NULL; i++)
    if (!vs_put_entry(chain, walk.found[i])) result = VS_BUFFER_TOO_SMALL;
  mbedtls_x509_crt_free(&list);
  mbedtls_x509_crt_free(&anchors);
  return result;
}

int vs_verify_status(void *context, const uint8_t *message, const uint8_t *certificates, size_t count, const uint8_t *signature,
                     size_t signature_size, uint64_t at) {
  struct vs_server server = *(const struct vs_server *)context;
  struct vs_certificate signer;
  struct vs_span leaf, others = {certificates, 0}, bits, made = {signature, signature_size};
  uint8_t value[64];
  enum vs_key_kind kind;
  for (; count > 0; count--) others.size += 2 + (size_t)vs_number(certificates + others.size, 2);
  if (!vs_take_entry(&others, &leaf) || !vs_read_certificate(&signer, leaf)) return 0;
  kind = vs_read_signer(signer.public_key, &bits);
  if (kind != VS_KEY_P256 && kind != VS_KEY_P384) return 0;
  vs_digest(kind == VS_KEY_P384 ? 384 : 256, &(struct vs_span){message, 48}, 1, value);
  server.now = at;
  return vs_signature_holds(signer.public_key, kind, value, made) && vs_find_path(&server, VS_FOR_STATUS, leaf, others, 2, NULL) == VS_OK;
}
