/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_talk.h"

#include <string.h>

struct vs_server vs_server_of(const struct vs_device *device, const struct vs_identity *identity) {
  struct vs_server server = {device->host, device->port, device->anchors, device->anchor_count, 0};
  struct vs_certificate one;
  server.now = device->clock.now(device->clock.context);
  for (size_t i = 0; i < device->anchor_count; i++)
    if (vs_read_certificate(&one, device->anchors[i]) && one.not_before > server.now) server.now = one.not_before;
  if (identity != NULL && vs_read_certificate(&one, vs_leaf_of(identity->chain)) && one.not_before > server.now) server.now = one.not_before;
  return server;
}

static void note_words(struct vs_device *device, const uint8_t *body, size_t size) {
  size_t kept = 0;
  for (size_t i = 0; i < size && kept + 1 < sizeof device->said; i++)
    if (body[i] >= ' ' && body[i] <= '~') device->said[kept++] = (char)body[i];
    else if (body[i] == '\n' && kept > 0) break;
  device->said[kept] = 0;
}

static enum vs_result meaning(struct vs_device *device, const struct vs_answer *answer, const uint8_t *body) {
  device->status = answer->status;
  device->retry_after = answer->retry_after;
  device->is_pending = answer->status == 202;
  if (answer->status == 200) return VS_OK;
  note_words(device, body, answer->size);
  if (answer->status == 202 || answer->status == 429 || (answer->status >= 500 && answer->status != 501)) return VS_LATER;
  return VS_REFUSED_BY_SERVER;
}

enum vs_result vs_talk(struct vs_device *device, const struct vs_identity *identity, struct vs_question *question, int sends_request,
                       uint8_t *body, size_t room, size_t *size) {
  struct vs_server server = vs_server_of(device, identity);
  struct vs_answer answer;
  struct vs_record record;
  enum vs_result result = device->secure.open(device->secure.context, &server, identity);
  if (result != VS_OK) return result;
  question->host = device->host;
  question->port = device->port;
  if (sends_request) {
    if (vs_read_record(&record, device, VS_SLOT_REQUEST) == VS_OK) question->request = vs_leaf_of(record.chain);
    if (question->request.size == 0) result = VS_STORAGE_BROKEN;
  }
  if (result == VS_OK) result = vs_ask(&device->secure, question, body, room, &answer);
  device->secure.close(device->secure.context);
  if (result != VS_OK) return result;
  *size = answer.size;
  return meaning(device, &answer, body);
}

/* --- what /whoami says: JSON --- */

/* Past one octet if it comes next, and white space around it. */
static int skip(struct vs_span *from, uint8_t octet) {
  int found = 0;
  for (; from->size > 0; from->bytes++, from->size--)
    if (*from->bytes == octet && !found) found = 1;
    else if (*from->bytes > ' ') break;
  return found;
}

/*
 * The text of the first member of a name whose value is a text without escapes; empty: there is none. Within a text every
 * quote is escaped: a name between bare quotes, then a colon and a bare quote, is a member, whatever a value would say.
 */
static struct vs_span json_text(struct vs_span json, const char *name) {
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

/* RFC 3339 in UTC, in seconds since 1970; 0 for anything else. */
static uint64_t json_time(struct vs_span json, const char *name) {
  static const char form[] = "YYYY-MM-DDThh:mm:ss";
  struct vs_span text = json_text(json, name);
  uint64_t seconds;
  return text.size >= sizeof form && text.bytes[text.size - 1] == 'Z' && vs_read_time(form, text.bytes, &seconds) ? seconds : 0;
}

static int same_number(struct vs_span hex, struct vs_span number) {
  static const char digits[] = "0123456789abcdef";
  while (number.size > 1 && number.bytes[0] == 0) number.bytes++, number.size--;
  while (hex.size > 2 && hex.bytes[0] == '0' && hex.bytes[1] == '0') hex.bytes += 2, hex.size -= 2;
  if (hex.size != 2 * number.size) return 0;
  for (size_t i = 0; i < hex.size; i++) {
    uint8_t octet = number.bytes[i / 2];
    if ((hex.bytes[i] | 0x20) != digits[i % 2 == 0 ? octet >> 4 : octet & 15]) return 0;
  }
  return 1;
}

enum vs_result vs_prove(struct vs_device *device, unsigned slot) {
  struct vs_question question = {.prefix = "", .operation = "whoami"};
  struct vs_record record;
  struct vs_identity identity;
  struct vs_certificate own;
  struct vs_span body, device_said, number_said;
  uint64_t order;
  enum vs_result result = vs_read_record(&record, device, slot);
  if (result != VS_OK) return result;
  if (!vs_read_certificate(&own, vs_leaf_of(record.chain))) return VS_STATE_DAMAGED;
  identity = (struct vs_identity){record.key, record.chain};
  result = vs_talk(device, &identity, &question, 0, device->answer, device->answer_size, &body.size);
  if (result == VS_REFUSED_BY_SERVER && (device->status == 401 || device->status == 403)) return VS_CREDENTIAL_REFUSED;
  if (result != VS_OK) return result;
  body.bytes = device->answer;
  device_said = json_text(body, "device");
  number_said = json_text(body, "serialNumber");
  if (device_said.size == 0 || number_said.size == 0) return VS_ANSWER_MALFORMED;
  device->renew_from = json_time(body, "renewFrom");
  order = json_time(body, "after");
  if (order > 0 && (device->renew_from == 0 || order < device->renew_from)) device->renew_from = order;
  return vs_is(device_said, device->serial) && same_number(number_said, own.serial) ? VS_OK : VS_ANSWER_NOT_OURS;
}
