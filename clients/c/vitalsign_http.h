/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 (RFC 9112) as an EST client needs it: one question a connection, an answer within budgets. */
#ifndef VITALSIGN_HTTP_H
#define VITALSIGN_HTTP_H

#include "vitalsign_ports.h"

enum {
  VS_HTTP_HEAD_MOST = 8192, /* octets of status line and fields, of trailers too */
  VS_HTTP_LINE_MOST = 256,  /* of a field that is read; longer ones are passed over */
  VS_HTTP_INTERIM_MOST = 4  /* answers of the class 1xx */
};

/* All strings end with 0 and have been checked: they hold nothing that would end a line. */
struct vs_question {
  const char *host;
  uint16_t port;
  const char *prefix, *label, *operation; /* the path: prefix, /label if it is not null, /operation */
  const char *user, *code;                /* HTTP Basic; null: none */
  struct vs_span request;                 /* PKCS #10, posted as base64; empty: GET */
};

struct vs_answer {
  int status;
  uint32_t retry_after; /* seconds; 0: nothing was said */
  size_t size;          /* of the body */
};

/*
 * Asks over a connection that is open, and reads the answer's body into `body`. VS_OK: it came whole, whatever its
 * status. Everything else that comes over the connection afterwards is the other side's noise: close it.
 */
enum vs_result vs_ask(const struct vs_secure *connection, const struct vs_question *question, uint8_t *body, size_t body_size,
                      struct vs_answer *answer);

/*
 * Decodes a body of EST (RFC 8951 section 3, RFC 4648 section 4) in place; CR, LF, TAB and space may stand anywhere, padding
 * is required and what it leaves over is zero. 1 and the new size, or 0. Nothing at all is refused.
 */
int vs_base64_decode(uint8_t *text, size_t *size);

#endif
