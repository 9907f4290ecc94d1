/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_read.h"

void vs_cbor_fail(struct vs_cbor *from, enum vs_result wrong) {
  if (from->wrong == VS_OK) from->wrong = wrong;
  from->rest.size = 0;
}

static struct vs_span take(struct vs_cbor *from, uint64_t size) {
  struct vs_span taken = {NULL, 0};
  if (size > from->rest.size) vs_cbor_fail(from, VS_TRUNCATED);
  if (from->wrong != VS_OK) return taken;
  taken.bytes = from->rest.bytes;
  taken.size = (size_t)size;
  from->rest.bytes += size;
  from->rest.size -= (size_t)size;
  return taken;
}

uint64_t vs_cbor_head(struct vs_cbor *from, unsigned type, uint64_t most) {
  struct vs_span octet = take(from, 1), more;
  uint64_t number;
  unsigned info;
  if (octet.size == 0) return 0;
  info = octet.bytes[0] & 31;
  if (octet.bytes[0] >> 5 != type || info > 27) return vs_cbor_fail(from, VS_ARTEFACT_MALFORMED), 0;
  number = info;
  if (info >= 24) {
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    more = take(from, (uint64_t)1 << (info - 24));
    number = vs_number(more.bytes, more.size);
    if (from->wrong == VS_OK && number < least[info - 24]) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  }
  if (from->wrong == VS_OK && (number > most || number > 0x1fffffffffffff)) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  return from->wrong == VS_OK ? number : 0;
}

void vs_cbor_expect(struct vs_cbor *from, unsigned type, uint64_t number) {
  if (vs_cbor_head(from, type, (uint64_t)-1) != number) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
}

int64_t vs_cbor_integer(struct vs_cbor *from) {
  int is_negative = from->rest.size > 0 && from->rest.bytes[0] >> 5 == VS_CBOR_NEGATIVE;
  int64_t number = (int64_t)vs_cbor_head(from, is_negative ? VS_CBOR_NEGATIVE : VS_CBOR_UNSIGNED, (uint64_t)-1);
  return is_negative ? -1 - number : number;
}

static struct vs_span string(struct vs_cbor *from, unsigned type, size_t least, size_t most) {
  uint64_t size = vs_cbor_head(from, type, (uint64_t)-1);
  struct vs_span all = take(from, size);
  if (from->wrong == VS_OK && (size < least || size > most)) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  return all;
}

struct vs_span vs_cbor_bytes(struct vs_cbor *from, size_t least, size_t most) { return string(from, VS_CBOR_BYTES, least, most); }

/* RFC 3629: how many octets the first character has; 0 for what is none. */
static size_t character(const uint8_t *at, size_t left) {
  size_t size = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
  if (size == 0 || size > left) return 0;
  for (size_t i = 1; i < size; i++)
    if (at[i] >> 6 != 2) return 0;
  /* Longer than it takes, half of a surrogate pair, or beyond U+10FFFF. */
  if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f)) return 0;
  return size;
}

struct vs_span vs_cbor_text(struct vs_cbor *from, size_t most) {
  struct vs_span text = string(from, VS_CBOR_TEXT, 1, most);
  for (size_t at = 0, size; at < text.size && from->wrong == VS_OK; at += size) {
    size = character(text.bytes + at, text.size - at);
    if (size == 0 || text.bytes[at] < ' ' || text.bytes[at] == 0x7f) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  }
  return text;
}

struct vs_cbor vs_cbor_inside(struct vs_cbor *from, struct vs_span *all) {
  struct vs_cbor inner;
  *all = vs_cbor_bytes(from, 0, (size_t)-1);
  inner.rest = *all;
  inner.wrong = from->wrong;
  return inner;
}

void vs_cbor_leave(struct vs_cbor *from, struct vs_cbor *inner) {
  vs_cbor_end(inner);
  if (inner->wrong != VS_OK) vs_cbor_fail(from, inner->wrong);
}

void vs_cbor_end(struct vs_cbor *from) {
  if (from->rest.size > 0) vs_cbor_fail(from, VS_TRAILING_OCTETS);
}
