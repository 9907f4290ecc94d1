/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device keeps, in the five slots of the storage port. Each slot is one record with a digest of its own, so one
 * whose writing was cut off counts as empty; a slot is written only while what it had serves nobody.
 *
 *   identity A, identity B   key and certificates; the one that a mark names is in use, the other one is new and
 *                            unproven if its generation is the next, else it is left over and goes
 *   request                  a key, and what it asks: written before anybody is asked, gone when its answer is in use
 *   mark A, mark B           which identity is in use; the higher turn counts, the other one is written next
 */
#ifndef VITALSIGN_STATE_H
#define VITALSIGN_STATE_H

#include "vitalsign_ports.h"

/* A record where it was read: views of one buffer. */
struct vs_record {
  uint32_t generation;
  const uint8_t *wanted;      /* 32 octets: digest of what was asked for */
  struct vs_span key, chain;  /* chain: certificates, or the request; each two octets of length, and DER */
  size_t used;                /* of the buffer, without the digest at its end */
};

struct vs_state {
  int has_identity, is_damaged, has_next, has_request; /* damaged: what is in use cannot be read back */
  unsigned slot; /* of the identity in use; without one, the one before the first */
  uint32_t generation, turn;
  unsigned mark;
};

/* Where key and chain begin in a buffer in which a record is made, and what it needs beside them. */
enum { VS_RECORD_HEAD = 43, VS_RECORD_REST = 32 };

/* Reads the state, and takes away what no run can use; `buffer` is spent. */
enum vs_result vs_read_state(struct vs_state *state, const struct vs_storage *storage, uint8_t *buffer, size_t size);

/* 1 and the record, 0 if the slot holds none, -1 if storage is broken. */
int vs_read_record(struct vs_record *record, const struct vs_storage *storage, unsigned slot, uint8_t *buffer, size_t size);

/* Writes a record whose key and chain stand at VS_RECORD_HEAD in the buffer, `used` octets with the head. */
enum vs_result vs_write_record(const struct vs_storage *storage, unsigned slot, uint32_t generation, const uint8_t wanted[32],
                               size_t key_size, uint8_t *buffer, size_t used, size_t size);

/* The slot of what is new and unproven. */
unsigned vs_next_slot(const struct vs_state *state);

/* From now on the other identity is the one in use: one writing decides it, all after it only clears up. */
enum vs_result vs_take_next(struct vs_state *state, const struct vs_storage *storage);

/* Takes away what is new, and the request. */
enum vs_result vs_drop_next(struct vs_state *state, const struct vs_storage *storage);
enum vs_result vs_drop_request(struct vs_state *state, const struct vs_storage *storage);

#endif
