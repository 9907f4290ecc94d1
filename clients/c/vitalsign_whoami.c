/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_whoami.h"

#include <string.h>

#include "vitalsign_der.h"

enum { depth_most = 8 };

/* A string from its opening quote on; one with an escape is passed over as empty, since no value of ours has any. */
static int take_string(struct vs_span *from, struct vs_span *text) {
  size_t end = 1, escapes = 0;
  while (end < from->size && from->bytes[end] != '"') {
    if (from->bytes[end] < ' ') return 0;
    if (from->bytes[end] == '\\') escapes++, end++;
    end++;
  }
  if (end >= from->size) return 0;
  text->bytes = from->bytes + 1;
  text->size = escapes > 0 ? 0 : end - 1;
  from->bytes += end + 1;
  from->size -= end + 1;
  return 1;
}

static int is(struct vs_span text, const char *word) { return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0; }

/* RFC 3339 in UTC, fractions passed over; 0 for anything else. */
static uint64_t seconds_of(struct vs_span text) {
  static const char form[] = "0000-00-00T00:00:00";
  unsigned part[6] = {0}, which = 0;
  if (text.size < sizeof form || text.bytes[text.size - 1] != 'Z') return 0;
  for (size_t i = 0; form[i] != 0; i++) {
    uint8_t octet = text.bytes[i];
    if (form[i] != '0') {
      if (octet != (uint8_t)form[i]) return 0;
      which++;
    } else if (octet < '0' || octet > '9') return 0;
    else part[which] = part[which] * 10 + (unsigned)(octet - '0');
  }
  if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31) return 0;
  return vs_seconds_of(part[0], part[1], part[2], part[3], part[4], part[5]);
}

static void note(struct vs_whoami *to, int depth, const struct vs_span *names, struct vs_span text) {
  uint64_t seconds = 0;
  if (depth == 1 && is(names[1], "device")) to->device = text;
  else if (depth == 2 && is(names[1], "certificate") && is(names[2], "serialNumber")) to->serial_number = text;
  else if (depth == 2 && is(names[1], "certificate") && is(names[2], "renewFrom")) seconds = seconds_of(text);
  else if (depth == 2 && is(names[1], "renew") && is(names[2], "after")) seconds = seconds_of(text);
  if (seconds > 0 && (to->renew_from == 0 || seconds < to->renew_from)) to->renew_from = seconds;
}

/* Walks it once; what stands between strings and brackets is not looked at, and can only make less of it be found. */
int vs_read_whoami(struct vs_whoami *to, struct vs_span body) {
  struct vs_span names[depth_most + 1], text;
  uint8_t open[depth_most + 1];
  int depth = 0, is_value = 0;
  memset(to, 0, sizeof *to);
  memset(names, 0, sizeof names);
  if (body.size == 0 || body.bytes[0] != '{') return 0;
  while (body.size > 0) {
    uint8_t octet = body.bytes[0];
    if (octet == '"') {
      if (!take_string(&body, &text)) return 0;
      if (depth < 1) return 0;
      if (is_value) note(to, depth, names, text);
      else if (open[depth] == '{') names[depth] = text;
      continue;
    }
    if (octet == '{' || octet == '[') {
      if (++depth > depth_most) return 0;
      open[depth] = octet;
      names[depth].size = 0;
      is_value = 0;
    } else if (octet == '}' || octet == ']') {
      if (depth == 0 || open[depth] != (octet == '}' ? '{' : '[')) return 0;
      depth--;
      is_value = 0;
    } else if (octet == ':') is_value = 1;
    else if (octet == ',') is_value = 0;
    body.bytes++;
    body.size--;
  }
  return depth == 0 && to->device.size > 0 && to->serial_number.size > 0;
}
