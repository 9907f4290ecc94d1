/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_talk.h"

#include <string.h>

#include "vitalsign_status.h"

/*
 * A record: "VSR1" | slot kind (1) | generation (4) | wanted (32) | size of the key (2) | key | chain | SHA-256 of all
 * before. A mark: "VSM1" | turn (4) | slot (4) | generation (4) | SHA-256 of all before. Highest octet first.
 */
static const char record_magic[] = "VSR1", mark_magic[] = "VSM1";

/* How many octets stand before the digest in a slot, at least `least`; 0: it holds no such thing; -1: storage is broken. */
static long read_sealed(const struct vs_storage *storage, unsigned slot, const char *magic, size_t least, uint8_t *bytes,
                        size_t size) {
  uint8_t digest[32];
  long length = storage->read(storage->context, slot, bytes, size);
  if (length < 0) return -1;
  if ((size_t)length > size || (size_t)length < least + 32 || memcmp(bytes, magic, 4) != 0) return 0;
  vss_sha256(bytes, (size_t)length - 32, digest);
  return memcmp(digest, bytes + length - 32, 32) == 0 ? length - 32 : 0;
}

static enum vs_result write_sealed(const struct vs_storage *storage, unsigned slot, const char *magic, uint8_t *bytes, size_t used) {
  memcpy(bytes, magic, 4);
  vss_sha256(bytes, used, bytes + used);
  return storage->write(storage->context, slot, bytes, used + 32) == 0 ? VS_OK : VS_STORAGE_BROKEN;
}

static enum vs_result empty(const struct vs_storage *storage, unsigned slot) {
  return storage->write(storage->context, slot, NULL, 0) == 0 ? VS_OK : VS_STORAGE_BROKEN;
}

enum vs_result vs_read_record(struct vs_record *record, struct vs_device *device, unsigned slot) {
  uint8_t *bytes = device->record;
  long used = read_sealed(&device->storage, slot, record_magic, VS_RECORD_HEAD, bytes, device->record_size);
  size_t key_size, left;
  if (used < 0) return VS_STORAGE_BROKEN;
  if (used == 0 || bytes[4] != (slot == VS_SLOT_REQUEST)) return VS_STATE_DAMAGED;
  record->generation = (uint32_t)vs_number(bytes + 5, 4);
  record->wanted = bytes + 9;
  key_size = (size_t)vs_number(bytes + 41, 2);
  left = (size_t)used - VS_RECORD_HEAD;
  if (key_size > left) return VS_STATE_DAMAGED;
  record->key = (struct vs_span){bytes + VS_RECORD_HEAD, key_size};
  record->chain = (struct vs_span){record->key.bytes + key_size, left - key_size};
  return VS_OK;
}

enum vs_result vs_write_record(struct vs_device *device, unsigned slot, uint32_t generation, const uint8_t wanted[32],
                               size_t key_size, size_t used) {
  uint8_t *bytes = device->record;
  if (used > device->record_size || device->record_size - used < VS_RECORD_REST || key_size > 0xffff) return VS_BUFFER_TOO_SMALL;
  bytes[4] = slot == VS_SLOT_REQUEST;
  vs_put_number(bytes + 5, 4, generation);
  memmove(bytes + 9, wanted, 32);
  vs_put_number(bytes + 41, 2, key_size);
  return write_sealed(&device->storage, slot, record_magic, bytes, used);
}

/* 1 and what a mark says, 0 if it says nothing, -1 if storage is broken. */
static int read_mark(const struct vs_storage *storage, unsigned mark, struct vs_state *state) {
  uint8_t bytes[VS_MARK_SIZE];
  long used = read_sealed(storage, mark, mark_magic, 16, bytes, sizeof bytes);
  if (used <= 0) return (int)used;
  state->turn = (uint32_t)vs_number(bytes + 4, 4);
  state->slot = vs_number(bytes + 8, 4) == VS_SLOT_IDENTITY_B ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
  state->generation = (uint32_t)vs_number(bytes + 12, 4);
  state->mark = mark;
  return 1;
}

unsigned vs_next_slot(const struct vs_state *state) {
  return state->slot == VS_SLOT_IDENTITY_A ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
}

/* Whether a slot holds the record of a generation; what else is in it goes, a half-written private key before all. */
static enum vs_result look(struct vs_record *record, struct vs_device *device, unsigned slot, uint32_t generation, int *has) {
  long length = device->storage.read(device->storage.context, slot, device->record, 0);
  enum vs_result found = vs_read_record(record, device, slot);
  *has = found == VS_OK && record->generation == generation;
  if (length < 0 || found == VS_STORAGE_BROKEN) return VS_STORAGE_BROKEN;
  return *has || length == 0 ? VS_OK : empty(&device->storage, slot);
}

/* Marks that were lost: the newest identity that is there is new once more, and has to prove itself again. */
static enum vs_result without_marks(struct vs_state *state, struct vs_device *device) {
  struct vs_record record;
  state->slot = VS_SLOT_IDENTITY_B;
  state->mark = VS_SLOT_MARK_B;
  for (unsigned slot = VS_SLOT_IDENTITY_A; slot <= VS_SLOT_IDENTITY_B; slot++) {
    enum vs_result found = vs_read_record(&record, device, slot);
    if (found == VS_STORAGE_BROKEN) return found;
    if (found != VS_OK || record.generation <= state->generation) continue;
    state->generation = record.generation - 1;
    state->slot = slot == VS_SLOT_IDENTITY_A ? VS_SLOT_IDENTITY_B : VS_SLOT_IDENTITY_A;
  }
  return VS_OK;
}

static enum vs_result with_mark(struct vs_state *state, struct vs_device *device) {
  struct vs_record record;
  long length = device->storage.read(device->storage.context, state->slot, device->record, 0);
  enum vs_result found = vs_read_record(&record, device, state->slot);
  if (length < 0 || found == VS_STORAGE_BROKEN) return VS_STORAGE_BROKEN;
  /* No cut made it so: it was written whole, into a larger buffer. */
  if ((size_t)length > device->record_size) return VS_BUFFER_TOO_SMALL;
  state->has_identity = found == VS_OK && record.generation == state->generation;
  state->is_damaged = !state->has_identity;
  return VS_OK;
}

enum vs_result vs_read_state(struct vs_state *state, struct vs_device *device) {
  struct vs_state a = {0}, b = {0};
  struct vs_record record;
  int has_a = read_mark(&device->storage, VS_SLOT_MARK_A, &a), has_b = read_mark(&device->storage, VS_SLOT_MARK_B, &b);
  enum vs_result result;
  if (has_a < 0 || has_b < 0) return VS_STORAGE_BROKEN;
  *state = !has_b || (has_a && a.turn > b.turn) ? a : b;
  result = has_a || has_b ? with_mark(state, device) : without_marks(state, device);
  if (result == VS_OK) result = look(&record, device, vs_next_slot(state), state->generation + 1, &state->has_next);
  if (result == VS_OK) result = look(&record, device, VS_SLOT_REQUEST, state->generation + 1, &state->has_request);
  if (result == VS_OK && state->has_request) memcpy(state->wanted, record.wanted, 32);
  return result;
}

enum vs_result vs_take_next(struct vs_state *state, const struct vs_storage *storage) {
  uint8_t bytes[VS_MARK_SIZE];
  unsigned before = state->slot;
  int had = state->has_identity || state->is_damaged;
  enum vs_result result;
  vs_put_number(bytes + 4, 4, state->turn + 1);
  vs_put_number(bytes + 8, 4, vs_next_slot(state));
  vs_put_number(bytes + 12, 4, state->generation + 1);
  /* The mark that counts stays as it is: a cut in this writing leaves it, and the new identity proves itself again. */
  state->mark = state->mark == VS_SLOT_MARK_A ? VS_SLOT_MARK_B : VS_SLOT_MARK_A;
  result = write_sealed(storage, state->mark, mark_magic, bytes, 16);
  if (result != VS_OK) return result;
  state->slot = vs_next_slot(state);
  state->turn++;
  state->generation++;
  state->has_identity = 1;
  state->is_damaged = state->has_next = 0;
  if (had) result = empty(storage, before);
  return result == VS_OK ? vs_drop_request(state, storage) : result;
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
