/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_read.h"

#include <string.h>

/* The size of tag and length and of the content, or 0 for what is no DER. */
static size_t head_of(const struct vs_span *from, size_t *content) {
  const uint8_t *at = from->bytes;
  size_t head = 2;
  if (from->size < 2 || (at[0] & 0x1f) == 0x1f) return 0;
  *content = at[1];
  if (at[1] == 0x81 && from->size >= 3 && at[2] >= 0x80) {
    *content = at[2];
    head = 3;
  } else if (at[1] == 0x82 && from->size >= 4 && at[2] > 0) {
    *content = (size_t)vs_number(at + 2, 2);
    head = 4;
  } else if (at[1] >= 0x80) return 0;
  return *content <= from->size - head ? head : 0;
}

static int take(struct vs_span *from, uint8_t tag, struct vs_span *out, int whole) {
  size_t content = 0, head = head_of(from, &content);
  if (head == 0 || from->bytes[0] != tag) return 0;
  out->bytes = from->bytes + (whole ? 0 : head);
  out->size = content + (whole ? head : 0);
  from->bytes += head + content;
  from->size -= head + content;
  return 1;
}

int vs_der_take(struct vs_span *from, uint8_t tag, struct vs_span *content) { return take(from, tag, content, 0); }

int vs_der_take_whole(struct vs_span *from, uint8_t tag, struct vs_span *value) { return take(from, tag, value, 1); }

int vs_der_take_number(struct vs_span *from, struct vs_span *octets) {
  struct vs_span after = *from;
  if (!vs_der_take(&after, VS_DER_INTEGER, octets) || octets->size == 0 || octets->bytes[0] >= 0x80) return 0;
  if (octets->size > 1 && octets->bytes[0] == 0 && octets->bytes[1] < 0x80) return 0;
  *from = after;
  return 1;
}

int vs_der_take_version(struct vs_span *from, uint8_t version) {
  struct vs_span octets;
  return vs_der_take(from, VS_DER_INTEGER, &octets) && octets.size == 1 && octets.bytes[0] == version;
}

uint64_t vs_seconds_of(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second) {
  /* A year that begins in March has its leap day at its end. */
  uint64_t years = year - (month <= 2), months = (month + 9) % 12;
  uint64_t days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1;
  return (days - 719468) * 86400 + hour * 3600u + minute * 60u + second;
}

int vs_read_time(const char *form, const uint8_t *text, uint64_t *seconds) {
  static const char places[] = "YMDhms", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  unsigned part[6] = {0}, digits = 0;
  for (; *form != 0; form++, text++) {
    const char *place = strchr(places, *form);
    if (place != NULL) {
      if (*text < '0' || *text > '9') return 0;
      part[place - places] = part[place - places] * 10 + (unsigned)(*text - '0');
      digits += place == places;
    } else if (*form == 'b') {
      while (part[1] < 12 && memcmp(months + 3 * part[1], text, 3) != 0) part[1]++;
      if (part[1]++ == 12) return 0;
      form += 2;
      text += 2;
    } else if (*form != '?' && *form != (char)*text) return 0;
  }
  if (digits == 2) part[0] += part[0] < 50 ? 2000 : 1900;
  if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31) return 0;
  if (part[3] > 23 || part[4] > 59 || part[5] > 60) return 0;
  *seconds = vs_seconds_of(part[0], part[1], part[2], part[3], part[4], part[5]);
  return 1;
}

int vs_der_take_time(struct vs_span *from, uint64_t *seconds) {
  struct vs_span text, after = *from;
  const char *form = "YYMMDDhhmmssZ";
  if (!vs_der_take(&after, VS_DER_UTC_TIME, &text)) {
    form = "YYYYMMDDhhmmssZ";
    if (!vs_der_take(&after, VS_DER_TIME, &text)) return 0;
  }
  if (text.size != strlen(form) || !vs_read_time(form, text.bytes, seconds)) return 0;
  *from = after;
  return 1;
}

uint64_t vs_number(const uint8_t *bytes, size_t octets) {
  uint64_t number = 0;
  while (octets-- > 0) number = number << 8 | *bytes++;
  return number;
}

void vs_put_number(uint8_t *bytes, size_t octets, uint64_t number) {
  for (; octets > 0; number >>= 8) bytes[--octets] = (uint8_t)number;
}

int vs_same(struct vs_span left, struct vs_span right) {
  return left.size == right.size && (left.size == 0 || memcmp(left.bytes, right.bytes, left.size) == 0);
}

int vs_is(struct vs_span text, const char *word) { return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0; }
