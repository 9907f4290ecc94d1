/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_talk.h"

#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/platform_util.h>

/* --- what goes out --- */

struct pen {
  const struct vs_secure *to;
  size_t used;
  int broken;
  uint8_t bytes[256];
};

static void flush(struct pen *pen) {
  for (size_t sent = 0; sent < pen->used && !pen->broken;) {
    int took = pen->to->write(pen->to->context, pen->bytes + sent, pen->used - sent);
    if (took <= 0 || (size_t)took > pen->used - sent) pen->broken = 1;
    else sent += (size_t)took;
  }
  pen->used = 0;
}

static void put(struct pen *pen, const void *bytes, size_t size) {
  const uint8_t *from = bytes;
  for (; size > 0; size--) {
    if (pen->used == sizeof pen->bytes) flush(pen);
    pen->bytes[pen->used++] = *from++;
  }
}

static void put_text(struct pen *pen, const char *text) { put(pen, text, strlen(text)); }

static void put_number(struct pen *pen, size_t number) {
  char text[20];
  size_t at = sizeof text;
  do text[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  put(pen, text + at, sizeof text - at);
}

static void put_base64(struct pen *pen, const uint8_t *bytes, size_t size) {
  uint8_t text[5];
  for (size_t some, made; size > 0; bytes += some, size -= some) {
    some = size < 3 ? size : 3;
    if (mbedtls_base64_encode(text, sizeof text, &made, bytes, some) == 0) put(pen, text, made);
  }
}

/* RFC 7617: the base64 of user:password, which stand in no buffer together. */
static void put_login(struct pen *pen, const char *user, const char *code) {
  uint8_t three[3];
  size_t first = strlen(user), size = first + 1 + strlen(code), held = 0;
  put_text(pen, "Authorization: Basic ");
  for (size_t i = 0; i < size; i++) {
    three[held++] = (uint8_t)(i < first ? user[i] : i == first ? ':' : code[i - first - 1]);
    if (held == 3 || i + 1 == size) put_base64(pen, three, held), held = 0;
  }
  mbedtls_platform_zeroize(three, sizeof three);
  put_text(pen, "\r\n");
}

static int send_question(const struct vs_secure *to, const struct vs_question *question) {
  struct pen pen = {.to = to};
  const char *method = question->request.size > 0 ? "POST " : "GET ", *label = question->label;
  const char *const line[] = {method, question->prefix, label != NULL ? "/" : "", label != NULL ? label : "", "/",
                              question->operation, " HTTP/1.1\r\nHost: ", question->host, ":"};
  for (size_t i = 0; i < sizeof line / sizeof *line; i++) put_text(&pen, line[i]);
  put_number(&pen, question->port);
  put_text(&pen, "\r\nConnection: close\r\nUser-Agent: vitalsign-c\r\n");
  if (question->code != NULL) put_login(&pen, question->user, question->code);
  if (question->request.size > 0) {
    put_text(&pen, "Content-Type: application/pkcs10\r\nContent-Length: ");
    put_number(&pen, (question->request.size + 2) / 3 * 4);
    put_text(&pen, "\r\n");
  }
  put_text(&pen, "\r\n");
  put_base64(&pen, question->request.bytes, question->request.size);
  flush(&pen);
  mbedtls_platform_zeroize(pen.bytes, sizeof pen.bytes);
  return !pen.broken;
}

/* --- what comes in --- */

struct ear {
  const struct vs_secure *from;
  enum vs_result result; /* the first thing that went wrong */
  size_t at, filled, head_left;
  uint8_t bytes[256];
  char line[VS_HTTP_LINE_MOST]; /* the last one, ended with 0 */
  int is_whole;                 /* whether all of it is there */
  uint8_t *body;
  size_t size, room; /* of the body */
};

static int fail(struct ear *ear, enum vs_result result) {
  if (ear->result == VS_OK) ear->result = result;
  return -1;
}

/* How many octets wait, after one more reading if none do; 0 at the end, which is no fault by itself. */
static size_t waiting(struct ear *ear) {
  if (ear->result != VS_OK) return 0;
  if (ear->at == ear->filled) {
    int came = ear->from->read(ear->from->context, ear->bytes, sizeof ear->bytes);
    if (came < 0 || (size_t)came > sizeof ear->bytes) return fail(ear, ear->from->broken(ear->from->context)), 0;
    ear->at = 0;
    ear->filled = (size_t)came;
  }
  return ear->filled - ear->at;
}

static int next(struct ear *ear) { return waiting(ear) > 0 ? ear->bytes[ear->at++] : fail(ear, VS_CONNECTION_CUT); }

/* A line without its CR LF. What does not fit is passed over; a line of nothing else than text is demanded. */
static int take_line(struct ear *ear) {
  size_t size = 0;
  ear->is_whole = 1;
  for (;;) {
    int octet = next(ear);
    if (octet < 0) return -1;
    if (ear->head_left == 0) return fail(ear, VS_ANSWER_TOO_LARGE);
    ear->head_left--;
    if (octet == '\r') break;
    if ((octet < ' ' && octet != '\t') || octet == 0x7f) return fail(ear, VS_HTTP_MALFORMED);
    if (size < VS_HTTP_LINE_MOST - 1) ear->line[size++] = (char)octet;
    else ear->is_whole = 0;
  }
  ear->line[size] = 0;
  return next(ear) == '\n' ? 0 : fail(ear, VS_HTTP_MALFORMED);
}

/* A number of decimal digits up to the end; at most 999,999,999. */
static int is_number(const char *text, size_t *number) {
  size_t count = 0;
  for (*number = 0; *text >= '0' && *text <= '9' && ++count < 10; text++) *number = *number * 10 + (size_t)(*text - '0');
  return count > 0 && *text == 0;
}

static char lower(char character) { return character >= 'A' && character <= 'Z' ? (char)(character + 32) : character; }

/* The value of a field if it has this name (in lower case), without the white space around it; else null. */
static char *value_of(char *line, const char *name) {
  char *at = line, *end;
  for (; *name != 0; name++, at++)
    if (lower(*at) != *name) return NULL;
  if (*at++ != ':') return NULL;
  while (*at == ' ' || *at == '\t') at++;
  for (end = at + strlen(at); end > at && (end[-1] == ' ' || end[-1] == '\t'); end--) end[-1] = 0;
  return at;
}

/* IMF-fixdate of RFC 9110 section 5.6.7, in seconds since 1970; 0 for anything else. */
static uint64_t seconds_of_date(const char *text) {
  static const char form[] = "???, DD bbb YYYY hh:mm:ss G?T";
  uint64_t seconds;
  return strlen(text) == sizeof form - 1 && vs_read_time(form, (const uint8_t *)text, &seconds) ? seconds : 0;
}

/* Of the fields of an answer, what its reading needs. */
struct head {
  int is_chunked, has_length;
  size_t length, retry_after;
  uint64_t retry_at, date;
};

static int take_field(struct ear *ear, struct head *head) {
  int is_whole = ear->is_whole;
  char *line = ear->line, *value, *end = strchr(line, ':');
  if (end == NULL || end == line) return is_whole ? fail(ear, VS_HTTP_MALFORMED) : 0;
  for (value = line; value < end; value++)
    if (*value == ' ' || *value == '\t') return fail(ear, VS_HTTP_MALFORMED);
  if ((value = value_of(line, "content-length")) != NULL) {
    /* Twice, or with an encoding beside it: two readers would see two ends. RFC 9112 section 6.3. */
    if (!is_whole || head->has_length || !is_number(value, &head->length)) return fail(ear, VS_HTTP_MALFORMED);
    head->has_length = 1;
  } else if ((value = value_of(line, "transfer-encoding")) != NULL) {
    for (end = value; *end != 0; end++) *end = lower(*end);
    if (!is_whole || head->is_chunked || strcmp(value, "chunked") != 0) return fail(ear, VS_HTTP_MALFORMED);
    head->is_chunked = 1;
  } else if (is_whole && (value = value_of(line, "retry-after")) != NULL) {
    if (!is_number(value, &head->retry_after)) head->retry_at = seconds_of_date(value);
  } else if (is_whole && (value = value_of(line, "date")) != NULL) head->date = seconds_of_date(value);
  return 0;
}

/* Status line and fields of one answer; its status, or less than 0. */
static int take_head(struct ear *ear, struct head *head) {
  char *line = ear->line;
  size_t status;
  memset(head, 0, sizeof *head);
  if (take_line(ear) < 0) return -1;
  if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ') return fail(ear, VS_HTTP_MALFORMED);
  line[9 + strcspn(line + 9, " ")] = 0;
  if (strlen(line + 9) != 3 || !is_number(line + 9, &status) || status < 100 || status > 599) return fail(ear, VS_HTTP_MALFORMED);
  for (;;) {
    if (take_line(ear) < 0) return -1;
    if (line[0] == 0) break;
    if (take_field(ear, head) < 0) return -1;
  }
  return head->is_chunked && head->has_length ? fail(ear, VS_HTTP_MALFORMED) : (int)status;
}

static int take_octets(struct ear *ear, size_t count) {
  if (count > ear->room - ear->size) return fail(ear, VS_ANSWER_TOO_LARGE);
  while (count > 0) {
    size_t some = waiting(ear);
    if (some == 0) return fail(ear, VS_CONNECTION_CUT);
    if (some > count) some = count;
    memcpy(ear->body + ear->size, ear->bytes + ear->at, some);
    ear->at += some;
    ear->size += some;
    count -= some;
  }
  return 0;
}

/* RFC 9112 section 7.1. Extensions and trailers are passed over, and spend the budget of the head. */
static int take_chunks(struct ear *ear) {
  for (;;) {
    size_t count = 0, digits = 0;
    if (take_line(ear) < 0) return -1;
    for (;; digits++) {
      char digit = lower(ear->line[digits]);
      if (digit >= '0' && digit <= '9') count = count << 4 | (size_t)(digit - '0');
      else if (digit >= 'a' && digit <= 'f') count = count << 4 | (size_t)(digit - 'a' + 10);
      else break;
      if (digits == 7) return fail(ear, VS_ANSWER_TOO_LARGE);
    }
    if (digits == 0 || (ear->line[digits] != 0 && ear->line[digits] != ';')) return fail(ear, VS_HTTP_MALFORMED);
    if (count == 0) break;
    if (take_octets(ear, count) < 0) return -1;
    if (next(ear) != '\r' || next(ear) != '\n') return fail(ear, VS_HTTP_MALFORMED);
  }
  do
    if (take_line(ear) < 0) return -1;
  while (ear->line[0] != 0);
  return 0;
}

/* Neither length nor chunks: all that comes until the other side says that this is all (not merely stops). */
static int take_rest(struct ear *ear) {
  for (size_t some; (some = waiting(ear)) > 0;)
    if (take_octets(ear, some) < 0) return -1;
  return 0;
}

enum vs_result vs_ask(const struct vs_secure *connection, const struct vs_question *question, uint8_t *body, size_t body_size,
                      struct vs_answer *answer) {
  struct ear ear = {.from = connection, .head_left = VS_HTTP_HEAD_MOST, .body = body, .room = body_size};
  struct head head;
  int interim = 0;
  memset(answer, 0, sizeof *answer);
  if (!send_question(connection, question)) return connection->broken(connection->context);
  do answer->status = take_head(&ear, &head);
  while (answer->status >= 100 && answer->status < 200 && ++interim <= VS_HTTP_INTERIM_MOST);
  if (answer->status < 0) return ear.result;
  if (answer->status < 200) return VS_HTTP_MALFORMED;
  if (head.retry_at > head.date && head.date > 0) head.retry_after = (size_t)(head.retry_at - head.date);
  answer->retry_after = head.retry_after > 86400 ? 86400 : (uint32_t)head.retry_after;
  if (answer->status == 204 || answer->status == 304) return VS_OK;
  if (head.is_chunked) take_chunks(&ear);
  else if (head.has_length) take_octets(&ear, head.length);
  else take_rest(&ear);
  answer->size = ear.size;
  return ear.result;
}
