/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_read.h"

#include <string.h>

#include <mbedtls/oid.h>

static const char data[] = MBEDTLS_OID_PKCS "\x07\x01", signed_data[] = MBEDTLS_OID_PKCS "\x07\x02";

static int take_extension(struct vs_span *from, struct vs_span *whole, struct vs_span *oid, struct vs_span *value) {
  struct vs_span parts, critical, begin = *from;
  if (!vs_der_take(from, VS_DER_SEQUENCE, &parts) || !vs_der_take(&parts, VS_DER_OID, oid)) return 0;
  if (vs_der_take(&parts, VS_DER_BOOLEAN, &critical) && (critical.size != 1 || critical.bytes[0] != 0xff)) return 0;
  whole->bytes = begin.bytes;
  whole->size = begin.size - from->size;
  return vs_der_take(&parts, VS_DER_OCTETS, value) && parts.size == 0;
}

static int read_extensions(struct vs_certificate *to, struct vs_span list) {
  struct vs_span whole, oid, value, other_whole, other, rest;
  if (list.size == 0) return 0;
  while (list.size > 0) {
    if (!take_extension(&list, &whole, &oid, &value)) return 0;
    for (rest = list; rest.size > 0;)
      if (!take_extension(&rest, &other_whole, &other, &value) || vs_same(oid, other)) return 0;
    if (vs_is(oid, MBEDTLS_OID_SUBJECT_ALT_NAME)) to->alternative_name = whole;
  }
  return 1;
}

int vs_read_certificate(struct vs_certificate *to, struct vs_span der) {
  struct vs_span rest = der, all, part, version, skipped, list;
  memset(to, 0, sizeof *to);
  to->der = der;
  if (!vs_der_take(&rest, VS_DER_SEQUENCE, &all) || rest.size > 0) return 0;
  if (!vs_der_take(&all, VS_DER_SEQUENCE, &part) || !vs_der_take(&all, VS_DER_SEQUENCE, &skipped)) return 0;
  if (!vs_der_take(&all, VS_DER_BITS, &skipped) || all.size > 0) return 0;
  if (!vs_der_take(&part, VS_DER_TAGGED, &version) || !vs_der_take_version(&version, 2)) return 0;
  if (!vs_der_take(&part, VS_DER_INTEGER, &to->serial) || to->serial.size == 0 || to->serial.size > 21) return 0;
  if (!vs_der_take(&part, VS_DER_SEQUENCE, &skipped)) return 0;
  if (!vs_der_take_whole(&part, VS_DER_SEQUENCE, &to->issuer) || !vs_der_take(&part, VS_DER_SEQUENCE, &skipped)) return 0;
  if (!vs_der_take_time(&skipped, &to->not_before) || !vs_der_take_time(&skipped, &to->not_after)) return 0;
  if (skipped.size > 0 || to->not_before > to->not_after) return 0;
  if (!vs_der_take_whole(&part, VS_DER_SEQUENCE, &to->subject)) return 0;
  if (!vs_der_take_whole(&part, VS_DER_SEQUENCE, &to->public_key)) return 0;
  if (part.size == 0) return 1;
  if (!vs_der_take(&part, VS_DER_TAGGED + 3, &list) || part.size > 0) return 0;
  return vs_der_take(&list, VS_DER_SEQUENCE, &part) && list.size == 0 && read_extensions(to, part);
}

int vs_alternative_names(const struct vs_certificate *certificate, struct vs_span *names) {
  struct vs_span rest = certificate->alternative_name, whole, oid, value;
  if (rest.size == 0 || !take_extension(&rest, &whole, &oid, &value)) return 0;
  return vs_der_take(&value, VS_DER_SEQUENCE, names) && value.size == 0;
}

int vs_read_request(struct vs_certificate *parts, struct vs_span request) {
  struct vs_span all, info, list, attribute, oid, value, wished;
  memset(parts, 0, sizeof *parts);
  if (!vs_der_take(&request, VS_DER_SEQUENCE, &all) || !vs_der_take(&all, VS_DER_SEQUENCE, &info)) return 0;
  if (!vs_der_take_version(&info, 0) || !vs_der_take_whole(&info, VS_DER_SEQUENCE, &parts->subject)) return 0;
  if (!vs_der_take_whole(&info, VS_DER_SEQUENCE, &parts->public_key) || !vs_der_take(&info, VS_DER_TAGGED, &list)) return 0;
  while (vs_der_take(&list, VS_DER_SEQUENCE, &attribute)) {
    if (!vs_der_take(&attribute, VS_DER_OID, &oid) || !vs_der_take(&attribute, VS_DER_SET, &value)) return 0;
    if (vs_der_take(&value, VS_DER_SEQUENCE, &wished) && !read_extensions(parts, wished)) return 0;
  }
  return list.size == 0;
}

int vs_read_certs_only(struct vs_span cms, struct vs_span *certificates) {
  struct vs_span info, type, tagged, parts, none;
  if (!vs_der_take(&cms, VS_DER_SEQUENCE, &info) || cms.size > 0) return 0;
  if (!vs_der_take(&info, VS_DER_OID, &type) || !vs_is(type, signed_data)) return 0;
  if (!vs_der_take(&info, VS_DER_TAGGED, &tagged) || info.size > 0) return 0;
  if (!vs_der_take(&tagged, VS_DER_SEQUENCE, &parts) || tagged.size > 0) return 0;
  if (!vs_der_take_version(&parts, 1) || !vs_der_take(&parts, VS_DER_SET, &none) || none.size > 0) return 0;
  if (!vs_der_take(&parts, VS_DER_SEQUENCE, &info) || !vs_der_take(&info, VS_DER_OID, &type)) return 0;
  if (!vs_is(type, data) || info.size > 0) return 0;
  if (!vs_der_take(&parts, VS_DER_TAGGED, certificates) || certificates->size == 0) return 0;
  if (vs_der_take(&parts, VS_DER_TAGGED + 1, &none)) (void)none; /* revocation lists say nothing here */
  if (!vs_der_take(&parts, VS_DER_SET, &none) || none.size > 0 || parts.size > 0) return 0;
  for (tagged = *certificates; tagged.size > 0;)
    if (!vs_der_take_whole(&tagged, VS_DER_SEQUENCE, &none)) return 0;
  return 1;
}

int vs_take_entry(struct vs_span *chain, struct vs_span *der) {
  size_t size = chain->size < 2 ? 0 : (size_t)vs_number(chain->bytes, 2);
  if (size == 0 || size > chain->size - 2) return 0;
  *der = (struct vs_span){chain->bytes + 2, size};
  *chain = (struct vs_span){der->bytes + size, chain->size - 2 - size};
  return 1;
}

int vs_put_entry(struct vs_chain *chain, struct vs_span der) {
  if (der.size > 0xffff || chain->most - chain->size < 2 || chain->most - chain->size - 2 < der.size) return 0;
  vs_put_number(chain->bytes + chain->size, 2, der.size);
  memcpy(chain->bytes + chain->size + 2, der.bytes, der.size);
  chain->size += 2 + der.size;
  return 1;
}

struct vs_span vs_leaf_of(struct vs_span chain) {
  struct vs_span leaf = {NULL, 0};
  (void)vs_take_entry(&chain, &leaf);
  return leaf;
}
