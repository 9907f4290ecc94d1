/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_whoami.h"

#include <string.h>

#include "vitalsign_der.h"

/* Past one octet if it comes next, and white space around it. */
static int skip(struct vs_span *from, uint8_t octet) {
  int found = 0;
  for (; from->size > 0; from->bytes++, from->size--)
    if (*from->bytes == octet && !found) found = 1;
    else if (*from->bytes > ' ') break;
  return found;
}

/*
 * Within a text every quote is escaped: a name between bare quotes, then a colon and a bare quote, is a member, wherever
 * a hostile value would have it otherwise.
 */
struct vs_span vs_json_text(struct vs_span json, const char *name) {
  struct vs_span none = {NULL, 0};
  size_t size = strlen(name);
  for (; json.size > size + 2; json.bytes++, json.size--) {
    struct vs_span rest = {json.bytes + size + 2, json.size - size - 2}, text;
    if (json.bytes[0] != '"' || memcmp(json.bytes + 1, name, size) != 0 || json.bytes[size + 1] != '"') continue;
    if (!skip(&rest, ':') || rest.size == 0 || *rest.bytes != '"') continue;
    text.bytes = rest.bytes + 1;
    for (text.size = 0; text.size + 1 < rest.size && text.bytes[text.size] >= ' ' && text.bytes[text.size] != '\\'; text.size++)
      if (text.bytes[text.size] == '"') return text;
    return none;
  }
  return none;
}

uint64_t vs_json_time(struct vs_span text) {
  static const char form[] = "YYYY-MM-DDThh:mm:ss";
  uint64_t seconds;
  return text.size >= sizeof form && text.bytes[text.size - 1] == 'Z' && vs_read_time(form, text.bytes, &seconds) ? seconds : 0;
}
