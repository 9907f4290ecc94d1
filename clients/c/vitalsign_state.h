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

#include "vitalsign_device.h"

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
enum vs_result vs_write_record(struct vs_device *device, unsigned slot, uint32_t generation, const uint8_t wanted[32], size_t key_size, size_t used);

/* The slot of what is new and unproven. */
unsigned vs_next_slot(const struct vs_state *state);

/* From now on the other identity is the one in use: one writing decides it, all after it only clears up. */
enum vs_result vs_take_next(struct vs_state *state, const struct vs_storage *storage);

/* Takes away what is new, and the request. */
enum vs_result vs_drop_next(struct vs_state *state, const struct vs_storage *storage);
enum vs_result vs_drop_request(struct vs_state *state, const struct vs_storage *storage);

#endif
