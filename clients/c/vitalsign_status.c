/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_status.h"

#include <string.h>

static uint64_t number(const uint8_t *bytes, size_t octets) {
  uint64_t value = 0;
  while (octets-- > 0) value = value << 8 | *bytes++;
  return value;
}

/* What bytes are left to read; a step beyond them makes `bytes` null, and all that follows. */
struct reader {
  const uint8_t *bytes;
  size_t left;
};

static const uint8_t *take(struct reader *from, uint64_t size) {
  const uint8_t *taken = from->bytes;
  if (taken == NULL || size > from->left) {
    from->bytes = NULL;
    from->left = 0;
    return NULL;
  }
  from->bytes += size;
  from->left -= (size_t)size;
  return taken;
}

static uint64_t take_number(struct reader *from, size_t octets) {
  const uint8_t *taken = take(from, octets);
  return taken == NULL ? 0 : number(taken, octets);
}

/* One filter: forms 0 none, 1 all, 2 those in the tables, 3 those not in them, 4 all have expired. */
struct filter {
  unsigned form, planes;
  uint32_t columns, exact_columns;
  const uint8_t *rough, *exact;
};

static int take_filter(struct reader *from, struct filter *filter) {
  if (filter->form != 2 && filter->form != 3) return 1;
  filter->planes = (unsigned)take_number(from, 1);
  filter->columns = (uint32_t)take_number(from, 3);
  filter->exact_columns = (uint32_t)take_number(from, 3);
  if (filter->planes < 1 || filter->planes > 24 || filter->columns < 64 || filter->columns > 0x1fffff) return 0;
  if ((filter->exact_columns > 0 && filter->exact_columns < 64) || filter->exact_columns > 0x1fffff) return 0;
  filter->rough = take(from, (uint64_t)filter->planes * ((filter->columns + 7) / 8));
  filter->exact = take(from, (filter->exact_columns + 7) / 8);
  return from->bytes != NULL;
}

/* The sum of the columns of a band of 64 that the key means, in one plane. */
static unsigned sum(const uint8_t *plane, uint32_t columns, const uint8_t *hash) {
  uint32_t first = (uint32_t)(number(hash, 4) * (columns - 63) >> 32);
  uint64_t wanted = (number(hash + 8, 4) << 32) | number(hash + 4, 4) | 1, band = 0;
  const uint8_t *at = plane + first / 8;
  for (int i = 7; i >= 0; i--) band = band << 8 | at[i];
  if (first % 8 > 0) band = band >> first % 8 | (uint64_t)at[8] << (64 - first % 8);
  band &= wanted;
  for (int by = 32; by > 0; by /= 2) band ^= band >> by;
  return (unsigned)(band & 1);
}

static void hash_of(const uint8_t *salt, size_t salt_size, uint8_t use, const uint8_t *serial, size_t size, uint8_t hash[32]) {
  uint8_t message[8 + 1 + 21];
  memcpy(message, salt, salt_size);
  message[salt_size] = use;
  memcpy(message + salt_size + 1, serial, size);
  vss_sha256(message, salt_size + 1 + size, hash);
}

static int is_meant(const struct filter *filter, const uint8_t *salt, uint8_t use, const uint8_t *serial, size_t size) {
  uint8_t hash[32];
  int is_in = 1;
  if (filter->form < 2) return (int)filter->form;
  hash_of(salt, 8, use, serial, size, hash);
  for (unsigned i = 0; i < filter->planes && is_in; i++) {
    const uint8_t *plane = filter->rough + i * (size_t)((filter->columns + 7) / 8);
    is_in = sum(plane, filter->columns, hash) == ((number(hash + 12, 4) >> (32 - filter->planes) >> i) & 1);
  }
  if (is_in && filter->exact_columns > 0) is_in = (int)sum(filter->exact, filter->exact_columns, hash + 16);
  return filter->form == 2 ? is_in : !is_in;
}

/* Reads a whole base; `serial` null: only its form is checked. VSS_NOT_COVERED: it is malformed. */
static enum vss_answer in_base(const uint8_t *bytes, size_t base_size, const uint8_t *serial, size_t size) {
  struct reader from = {bytes, base_size};
  struct filter bad = {0}, held = {0};
  const uint8_t *salt = NULL;
  bad.form = (unsigned)take_number(&from, 1);
  held.form = (unsigned)take_number(&from, 1);
  if (bad.form > 4 || held.form > 3 || (held.form != 0 && bad.form % 4 == 0)) return VSS_NOT_COVERED;
  if ((bad.form & 2) != 0 || (held.form & 2) != 0) salt = take(&from, 8);
  if (!take_filter(&from, &bad) || !take_filter(&from, &held) || from.bytes == NULL || from.left > 0) return VSS_NOT_COVERED;
  if (bad.form == 4) return VSS_EXPIRED;
  if (serial == NULL || !is_meant(&bad, salt, 1, serial, size)) return VSS_FINE;
  return is_meant(&held, salt, 2, serial, size) ? VSS_HELD : VSS_REVOKED;
}

/* Entries ascend by their hash, whose last two bits are the state. */
static int compare(const uint8_t *left, const uint8_t *right, size_t width) {
  int order = memcmp(left, right, width - 1);
  return order != 0 ? order : (left[width - 1] & 0xfc) - (right[width - 1] & 0xfc);
}

static int are_entries(const uint8_t *entries, size_t count, size_t width) {
  for (size_t i = 0; i < count; i++) {
    if ((entries[(i + 1) * width - 1] & 3) == 3) return 0;
    if (i > 0 && compare(entries + (i - 1) * width, entries + i * width, width) >= 0) return 0;
  }
  return 1;
}

static enum vss_answer find(const uint8_t *entries, size_t count, size_t width, const uint8_t *hash) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare(entries + middle * width, hash, width);
    if (order == 0) return (enum vss_answer)(entries[(middle + 1) * width - 1] & 3);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return VSS_NOT_COVERED;
}

enum { head_size = 68 };

/* One authority: a head of 62 bytes, the directory of its blocks, their bases, the roster, what changed since. */
struct authority {
  const uint8_t *key, *salt, *directory, *bases, *roster, *changes;
  uint64_t since, roster_count, blocks, bases_size, changes_size;
};

static int take_authority(struct reader *from, struct authority *one) {
  one->key = take(from, 32);
  one->since = take_number(from, 6);
  one->salt = take(from, 8);
  one->roster_count = take_number(from, 4);
  one->blocks = take_number(from, 4);
  one->bases_size = take_number(from, 4);
  one->changes_size = take_number(from, 4);
  one->directory = take(from, one->blocks * 8);
  one->bases = take(from, one->bases_size);
  one->roster = take(from, one->roster_count * 8);
  one->changes = take(from, one->changes_size);
  return from->bytes != NULL;
}

/* Checks all of it; with a serial number (drawn `second` seconds after since) gives the answer of its block. */
static enum vss_answer walk(const struct authority *one, int check, uint64_t second, const uint8_t *serial, size_t size) {
  struct reader bases = {one->bases, (size_t)one->bases_size}, changes = {one->changes, (size_t)one->changes_size};
  const uint8_t *base = NULL;
  uint64_t base_size = 0, index = 0, before = 0;
  uint8_t hash[32];
  for (uint64_t i = 0; i < one->blocks; i++) {
    uint64_t start = number(one->directory + 8 * i, 4), length = number(one->directory + 8 * i + 4, 4);
    const uint8_t *bytes = take(&bases, length);
    if (check) {
      if (bytes == NULL || (i == 0 ? start != 0 : start <= before)) return VSS_NOT_COVERED;
      if (in_base(bytes, (size_t)length, NULL, 0) == VSS_NOT_COVERED) return VSS_NOT_COVERED;
    } else if (start > second) break;
    before = start;
    base = bytes;
    base_size = length;
    index = i;
  }
  if (check && bases.left > 0) return VSS_NOT_COVERED;
  for (uint64_t least = 0; changes.left > 0;) {
    uint64_t block = take_number(&changes, 4);
    const uint8_t *salt = take(&changes, 4);
    size_t width = (size_t)take_number(&changes, 1), count = (size_t)take_number(&changes, 2);
    const uint8_t *entries = take(&changes, (uint64_t)count * width);
    if (check) {
      if (entries == NULL || block < least || block >= one->blocks || width < 2 || width > 8 || count == 0) return VSS_NOT_COVERED;
      if (!are_entries(entries, count, width)) return VSS_NOT_COVERED;
      least = block + 1;
    } else if (block == index) {
      enum vss_answer changed;
      hash_of(salt, 4, 3, serial, size, hash);
      changed = find(entries, count, width, hash);
      if (changed != VSS_NOT_COVERED) return changed;
      break;
    }
  }
  if (check) return VSS_FINE;
  return base == NULL ? VSS_NOT_COVERED : in_base(base, (size_t)base_size, serial, size);
}

enum vss_answer vss_status(const struct vss_file *file, const uint8_t issuer[32], const uint8_t *serial, size_t size) {
  struct authority one;
  uint8_t hash[32];
  if (file->bytes == NULL) return VSS_NOT_COVERED;
  struct reader from = {file->bytes + head_size, file->signed_size - head_size};
  while (size > 1 && serial[0] == 0) serial++, size--;
  if (size == 0 || size > 21) return VSS_NOT_COVERED;
  for (uint32_t i = 0; i < file->authorities && take_authority(&from, &one); i++) {
    if (memcmp(one.key, issuer, 32) != 0) continue;
    if (one.roster_count > 0) {
      enum vss_answer listed;
      hash_of(one.salt, 8, 4, serial, size, hash);
      listed = find(one.roster, (size_t)one.roster_count, 8, hash);
      if (listed != VSS_NOT_COVERED) return listed;
    }
    if (size != 16 || serial[0] >> 6 != 1) return VSS_NOT_COVERED;
    uint64_t second = ((number(serial, 4) & 0x3fffffff) + 0x40000000 - one.since % 0x40000000) % 0x40000000;
    return one.since + second < file->covers_until ? walk(&one, 0, second, serial, size) : VSS_NOT_COVERED;
  }
  return VSS_NOT_COVERED;
}

static const char label[] = "vitalsign-status";

/* Whether one of the signatures is believed; 0 also where they are malformed. */
static int is_signed(struct reader *from, const uint8_t *message, uint64_t at, vss_verify verify, void *context) {
  int believed = 0;
  for (uint64_t left = take_number(from, 1); left > 0; left--) {
    size_t count = (size_t)take_number(from, 1), size;
    const uint8_t *certificates = from->bytes, *signature;
    for (size_t i = 0; i < count; i++) take(from, take_number(from, 2));
    size = (size_t)take_number(from, 2);
    signature = take(from, size);
    if (left > 8 || signature == NULL || size == 0 || count == 0 || count > 8) return 0;
    believed = believed || verify(context, message, certificates, count, signature, size, at) == 1;
  }
  return believed && from->bytes != NULL && from->left == 0;
}

static int open_file(struct vss_file *file, const uint8_t *bytes, size_t size, uint64_t at, int use_stale,
                     vss_verify verify, void *context) {
  struct reader from = {bytes, size};
  struct authority one;
  const uint8_t *magic = take(&from, 8), *before = NULL;
  uint8_t message[16 + 32];
  memset(file, 0, sizeof *file);
  file->bytes = bytes;
  file->size = size;
  file->signed_size = (size_t)take_number(&from, 4);
  file->anchors = take(&from, 32);
  file->number = (uint32_t)take_number(&from, 4);
  file->made_at = take_number(&from, 6);
  file->covers_until = take_number(&from, 6);
  file->expires_at = take_number(&from, 6);
  file->authorities = (uint32_t)take_number(&from, 2);
  if (from.bytes == NULL || memcmp(magic, "VITSTAT1", 8) != 0 || file->number == 0) return VSS_MALFORMED;
  if (file->made_at >= file->expires_at) return VSS_MALFORMED;
  for (uint32_t i = 0; i < file->authorities; i++) {
    if (!take_authority(&from, &one) || !are_entries(one.roster, (size_t)one.roster_count, 8)) return VSS_MALFORMED;
    if (before != NULL && memcmp(before, one.key, 32) >= 0) return VSS_MALFORMED;
    if (walk(&one, 1, 0, NULL, 0) != VSS_FINE) return VSS_MALFORMED;
    before = one.key;
  }
  if (file->signed_size != size - from.left) return VSS_MALFORMED;
  memcpy(message, label, 16);
  vss_sha256(bytes, file->signed_size, message + 16);
  file->is_stale = at >= file->expires_at;
  /* A stale file is judged as of its last moment: its signer need not have outlived it. */
  if (!is_signed(&from, message, file->is_stale ? file->expires_at - 1 : at, verify, context)) return VSS_SIGNATURE;
  if (file->is_stale && !use_stale) return VSS_STALE;
  return file->made_at > at && file->made_at - at > 600 ? VSS_EARLY : VSS_OK;
}

int vss_open(struct vss_file *file, const uint8_t *bytes, size_t size, uint64_t at, int use_stale, vss_verify verify,
             void *context) {
  int opened = open_file(file, bytes, size, at, use_stale, verify, context);
  if (opened != VSS_OK) memset(file, 0, sizeof *file);
  return opened;
}

int vss_succeeds(const struct vss_file *held, const struct vss_file *next) {
  if (held->bytes == NULL || next->bytes == NULL || memcmp(held->anchors, next->anchors, 32) != 0) return VSS_OLDER;
  return next->number > held->number && next->made_at >= held->made_at ? VSS_OK : VSS_OLDER;
}

int vss_apply(const uint8_t *old, size_t old_size, const uint8_t *delta, size_t delta_size, uint8_t *out,
              size_t out_size, size_t *made) {
  struct reader from = {delta, delta_size};
  const uint8_t *magic = take(&from, 8), *begins = take(&from, 32), *gives = take(&from, 32);
  uint64_t length = take_number(&from, 4), steps = take_number(&from, 4), at = 0;
  uint8_t digest[32];
  if (from.bytes == NULL || memcmp(magic, "VITSDEL1", 8) != 0 || length > out_size) return VSS_DELTA;
  vss_sha256(old, old_size, digest);
  if (memcmp(digest, begins, 32) != 0) return VSS_DELTA;
  for (; steps > 0; steps--) {
    uint64_t copy = take_number(&from, 4), copied = take_number(&from, 4), size = take_number(&from, 4);
    const uint8_t *fresh = take(&from, size);
    if (fresh == NULL || copied + size == 0 || copy + copied > old_size || at + copied + size > length) return VSS_DELTA;
    memcpy(out + at, old + copy, (size_t)copied);
    memcpy(out + at + copied, fresh, (size_t)size);
    at += copied + size;
  }
  vss_sha256(out, (size_t)at, digest);
  if (at != length || from.left > 0 || memcmp(digest, gives, 32) != 0) return VSS_DELTA;
  *made = (size_t)at;
  return VSS_OK;
}
