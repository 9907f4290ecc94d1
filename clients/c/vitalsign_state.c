/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_state.h"

#include <string.h>

#include "vitalsign_status.h"

/*
 * A record: "VSR1" | slot kind (1) | generation (4) | wanted (32) | size of the key (2) | key | chain | SHA-256 of all
 * before. A mark: "VSM1" | turn (4) | slot (4) | generation (4) | SHA-256 of all before. Highest octet first.
 */
static const char record_magic[] = "VSR1", mark_magic[] = "VSM1";

static void put32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t take32(const uint8_t *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }

static int is_sealed(const uint8_t *bytes, size_t size) {
  uint8_t digest[32];
  vss_sha256(bytes, size, digest);
  return memcmp(digest, bytes + size, 32) == 0;
}

int vs_read_record(struct vs_record *record, const struct vs_storage *storage, unsigned slot, uint8_t *buffer, size_t size) {
  long length = storage->read(storage->context, slot, buffer, size);
  size_t key_size;
  if (length < 0) return -1;
  if ((size_t)length > size || length < VS_RECORD_HEAD + VS_RECORD_REST) return 0;
  record->used = (size_t)length - VS_RECORD_REST;
  if (memcmp(buffer, record_magic, 4) != 0 || buffer[4] != (slot == VS_SLOT_REQUEST) || !is_sealed(buffer, record->used)) return 0;
  record->generation = take32(buffer + 5);
  record->wanted = buffer + 9;
  key_size = (size_t)buffer[41] << 8 | buffer[42];
  if (key_size > record->used - VS_RECORD_HEAD) return 0;
  record->key.bytes = buffer + VS_RECORD_HEAD;
  record->key.size = key_size;
  record->chain.bytes = record->key.bytes + key_size;
  record->chain.size = record->used - VS_RECORD_HEAD - key_size;
  return 1;
}

enum vs_result vs_write_record(const struct vs_storage *storage, unsigned slot, uint32_t generation, const uint8_t wanted[32],
                               size_t key_size, uint8_t *buffer, size_t used, size_t size) {
  if (used > size || size - used < VS_RECORD_REST || key_size > 0xffff) return VS_BUFFER_TOO_SMALL;
  memcpy(buffer, record_magic, 4);
  buffer[4] = slot == VS_SLOT_REQUEST;
  put32(buffer + 5, generation);
  memmove(buffer + 9, wanted, 32);
  buffer[41] = (uint8_t)(key_size >> 8);
  buffer[42] = (uint8_t)key_size;
  vss_sha256(buffer, used, buffer + used);
  return storage->write(storage->context, slot, buffer, used + VS_RECORD_REST) == 0 ? VS_OK : VS_STORAGE_BROKEN;
}

/* 1 and what a mark says, 0 if it says nothing, -1 if storage is broken. */
static int read_mark(const struct vs_storage *storage, unsigned mark, struct vs_state *state) {
  uint8_t bytes[VS_MARK_SIZE];
  long length = storage->read(storage->context, mark, bytes, sizeof bytes);
  if (length < 0) return -1;
  if (length != VS_MARK_SIZE || memcmp(bytes, mark_magic, 4) != 0 || !is_sealed(bytes, 16)) return 0;
  state->turn = take32(bytes + 4);
  state->slot = take32(bytes + 8) == VS_SLOT_IDENTITY_B ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
  state->generation = take32(bytes + 12);
  state->mark = mark;
  return 1;
}

unsigned vs_next_slot(const struct vs_state *state) {
  return state->slot == VS_SLOT_IDENTITY_A ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
}

static enum vs_result empty(const struct vs_storage *storage, unsigned slot) {
  return storage->write(storage->context, slot, NULL, 0) == 0 ? VS_OK : VS_STORAGE_BROKEN;
}

/* Whether a slot holds the record of a generation; what else is in it goes, a half-written private key before all. */
static enum vs_result look(const struct vs_storage *storage, unsigned slot, uint32_t generation, uint8_t *buffer, size_t size, int *has) {
  struct vs_record record;
  long length = storage->read(storage->context, slot, buffer, 0);
  int found = vs_read_record(&record, storage, slot, buffer, size);
  *has = found == 1 && record.generation == generation;
  if (length < 0 || found < 0) return VS_STORAGE_BROKEN;
  return *has || length == 0 ? VS_OK : empty(storage, slot);
}

/* Marks that were lost: the newest identity that is there is new once more, and has to prove itself again. */
static enum vs_result without_marks(struct vs_state *state, const struct vs_storage *storage, uint8_t *buffer, size_t size) {
  struct vs_record record;
  state->slot = VS_SLOT_IDENTITY_B;
  state->mark = VS_SLOT_MARK_B;
  for (unsigned slot = VS_SLOT_IDENTITY_A; slot <= VS_SLOT_IDENTITY_B; slot++) {
    int found = vs_read_record(&record, storage, slot, buffer, size);
    if (found < 0) return VS_STORAGE_BROKEN;
    if (found == 0 || record.generation <= state->generation) continue;
    state->generation = record.generation - 1;
    state->slot = slot == VS_SLOT_IDENTITY_A ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
  }
  return VS_OK;
}

static enum vs_result with_mark(struct vs_state *state, const struct vs_storage *storage, uint8_t *buffer, size_t size) {
  struct vs_record record;
  long length = storage->read(storage->context, state->slot, buffer, 0);
  int found = vs_read_record(&record, storage, state->slot, buffer, size);
  if (length < 0 || found < 0) return VS_STORAGE_BROKEN;
  /* No cut made it so: it was written whole, into a larger buffer. */
  if ((size_t)length > size) return VS_BUFFER_TOO_SMALL;
  state->has_identity = found == 1 && record.generation == state->generation;
  state->is_damaged = !state->has_identity;
  return VS_OK;
}

enum vs_result vs_read_state(struct vs_state *state, const struct vs_storage *storage, uint8_t *buffer, size_t size) {
  struct vs_state a = {0}, b = {0};
  int has_a = read_mark(storage, VS_SLOT_MARK_A, &a), has_b = read_mark(storage, VS_SLOT_MARK_B, &b);
  enum vs_result result;
  if (has_a < 0 || has_b < 0) return VS_STORAGE_BROKEN;
  *state = !has_b || (has_a && a.turn > b.turn) ? a : b;
  result = has_a || has_b ? with_mark(state, storage, buffer, size) : without_marks(state, storage, buffer, size);
  if (result == VS_OK) result = look(storage, vs_next_slot(state), state->generation + 1, buffer, size, &state->has_next);
  if (result == VS_OK) result = look(storage, VS_SLOT_REQUEST, state->generation + 1, buffer, size, &state->has_request);
  return result;
}

enum vs_result vs_take_next(struct vs_state *state, const struct vs_storage *storage) {
  uint8_t bytes[VS_MARK_SIZE];
  unsigned before = state->slot;
  int had = state->has_identity || state->is_damaged;
  memcpy(bytes, mark_magic, 4);
  put32(bytes + 4, state->turn + 1);
  put32(bytes + 8, vs_next_slot(state));
  put32(bytes + 12, state->generation + 1);
  vss_sha256(bytes, 16, bytes + 16);
  /* The mark that counts stays as it is: a cut in this writing leaves it, and the new identity proves itself again. */
  state->mark = state->mark == VS_SLOT_MARK_A ? VS_SLOT_MARK_B : VS_SLOT_MARK_A;
  if (storage->write(storage->context, state->mark, bytes, sizeof bytes) != 0) return VS_STORAGE_BROKEN;
  state->slot = vs_next_slot(state);
  state->turn++;
  state->generation++;
  state->has_identity = 1;
  state->is_damaged = state->has_next = 0;
  if (had && empty(storage, before) != VS_OK) return VS_STORAGE_BROKEN;
  return vs_drop_request(state, storage);
}

enum vs_result vs_drop_next(struct vs_state *state, const struct vs_storage *storage) {
  if (state->has_next && empty(storage, vs_next_slot(state)) != VS_OK) return VS_STORAGE_BROKEN;
  state->has_next = 0;
  return vs_drop_request(state, storage);
}

enum vs_result vs_drop_request(struct vs_state *state, const struct vs_storage *storage) {
  if (state->has_request && empty(storage, VS_SLOT_REQUEST) != VS_OK) return VS_STORAGE_BROKEN;
  state->has_request = 0;
  return VS_OK;
}
