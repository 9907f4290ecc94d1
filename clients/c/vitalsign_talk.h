/* SPDX-License-Identifier: Apache-2.0 */
/* One question of a device to its server over HTTP/1.1 (RFC 9112), and what it keeps between them. */
#ifndef VITALSIGN_TALK_H
#define VITALSIGN_TALK_H

#include "vitalsign_device.h"
#include "vitalsign_read.h"

/* --- HTTP as an EST client needs it: one question a connection, an answer within budgets --- */

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
 * --- the five slots of the storage port ---
 * Each is one record with a digest of its own, so one whose writing was cut off counts as empty; a slot is written only while
 * what it had serves nobody.
 *
 *   identity A, identity B   key and certificates; the one that a mark names is in use, the other one is new and
 *                            unproven if its generation is the next, else it is left over and goes
 *   request                  a key, and what it asks: written before anybody is asked, gone when its answer is in use
 *   mark A, mark B           which identity is in use; the higher turn counts, the other one is written next
 */

/* A record where it was read: views of the record buffer. */
struct vs_record {
  uint32_t generation;
  const uint8_t *wanted; /* 32 octets: digest of what was asked for */
  struct vs_span key, chain; /* chain: certificates, or the request; each two octets of length, and DER */
};

struct vs_state {
  int has_identity, is_damaged, has_next, has_request; /* damaged: what is in use cannot be read back */
  unsigned slot; /* of the identity in use; without one, the one before the first */
  uint32_t generation, turn;
  unsigned mark;
  uint8_t wanted[32]; /* of the request, if there is one */
};

/* Where key and chain begin in a record buffer in which a record is made, and what it needs beside them. */
enum { VS_RECORD_HEAD = 43, VS_RECORD_REST = 32 };

/* Reads the state, and takes away what no run can use; the record buffer is spent. */
enum vs_result vs_read_state(struct vs_state *state, struct vs_device *device);

/* Reads a slot into the record buffer: VS_OK and the record, VS_STATE_DAMAGED if it holds none. */
enum vs_result vs_read_record(struct vs_record *record, struct vs_device *device, unsigned slot);

/* Writes a record whose key and chain stand at VS_RECORD_HEAD in the record buffer, `used` octets with the head. */
enum vs_result vs_write_record(struct vs_device *device, unsigned slot, uint32_t generation, const uint8_t wanted[32],
                               size_t key_size, size_t used);

/* The slot of what is new and unproven. */
unsigned vs_next_slot(const struct vs_state *state);

/* From now on the other identity is the one in use: one writing decides it, all after it only clears up. */
enum vs_result vs_take_next(struct vs_state *state, const struct vs_storage *storage);

/* Takes away what is new, and the request. */
enum vs_result vs_drop_next(struct vs_state *state, const struct vs_storage *storage);
enum vs_result vs_drop_request(struct vs_state *state, const struct vs_storage *storage);

/* --- questions --- */

/* Whom to talk to, at a time that is surely over: the clock's, or what an anchor or our own certificate proves. */
struct vs_server vs_server_of(const struct vs_device *device, const struct vs_identity *identity);

/*
 * Opens a connection, asks, closes; notes what the device may be told of the answer. VS_OK: status 200. With
 * `sends_request` the request is read from its slot into the record buffer, once the handshake is done: what `identity`
 * points at may be in there.
 */
enum vs_result vs_talk(struct vs_device *device, const struct vs_identity *identity, struct vs_question *question, int sends_request,
                       uint8_t *body, size_t room, size_t *size);

/* Shows the identity of a slot to the server, which must know this very certificate as this device's. */
enum vs_result vs_prove(struct vs_device *device, unsigned slot);

#endif
