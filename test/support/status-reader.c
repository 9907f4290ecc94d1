/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives clients/c for test/interop/c-status-reader.test.ts: one command a line, one answer a line.
 *
 *   open FILE AT USE_STALE MESSAGE    vss_open; believed is a signature over MESSAGE (hexadecimal) alone
 *   ask ISSUER SERIAL                 vss_status of what was opened last
 *   apply OLD DELTA NEW               vss_apply, into NEW
 *   succeeds FILE                     vss_succeeds: may FILE follow what was opened last?
 *   fuzz FILE SEED COUNT ISSUER AT    changed copies of FILE: each is opened twice, once with a signature check that
 *                                     believes all, then asked; tells how many an honest check let pass
 *   fuzz-delta OLD DELTA SEED COUNT   changed copies of DELTA: tells how many gave a file
 *   speed ISSUER SERIAL COUNT         look-ups a second, over serials like this one that differ in a counter
 */
#include "../../clients/c/vitalsign_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct buffer {
  uint8_t *bytes;
  size_t size;
};

static struct buffer read_file(const char *path) {
  struct buffer read = {NULL, 0};
  FILE *from = fopen(path, "rb");
  if (from == NULL) exit(3);
  fseek(from, 0, SEEK_END);
  read.size = (size_t)ftell(from);
  rewind(from);
  read.bytes = malloc(read.size + 1);
  if (fread(read.bytes, 1, read.size, from) != read.size) exit(3);
  fclose(from);
  return read;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t most) {
  size_t size = strlen(text) / 2;
  if (size > most) exit(3);
  for (size_t i = 0; i < size; i++) {
    unsigned octet;
    if (sscanf(text + 2 * i, "%2x", &octet) != 1) exit(3);
    bytes[i] = (uint8_t)octet;
  }
  return size;
}

static int is_message(void *context, const uint8_t *message, const uint8_t *certificates, size_t count,
                      const uint8_t *signature, size_t signature_size, uint64_t at) {
  (void)certificates, (void)count, (void)signature, (void)signature_size, (void)at;
  return memcmp(message, context, 48) == 0;
}

static int is_anything(void *context, const uint8_t *message, const uint8_t *certificates, size_t count,
                       const uint8_t *signature, size_t signature_size, uint64_t at) {
  (void)context, (void)message, (void)at;
  uint32_t read = signature[signature_size - 1];
  for (size_t i = 0; i < count; i++) {
    size_t size = (size_t)certificates[0] << 8 | certificates[1];
    if (size > 0) read += certificates[1 + size];
    certificates += 2 + size;
  }
  return read < 0xffffffff;
}

static uint32_t state;

static uint32_t chance(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

/* A copy of its own size exactly, so that a sanitiser sees each step beyond it. */
static struct buffer changed(struct buffer whole) {
  struct buffer copy = {NULL, whole.size};
  if (chance(4) == 0) copy.size = chance((uint32_t)whole.size);
  copy.bytes = malloc(copy.size > 0 ? copy.size : 1);
  memcpy(copy.bytes, whole.bytes, copy.size);
  for (uint32_t times = copy.size > 0 ? 1 + chance(4) : 0; times > 0; times--) {
    uint32_t span = chance(2) == 0 && copy.size > 200 ? 200 : (uint32_t)copy.size;
    copy.bytes[chance(span)] = (uint8_t)(chance(3) == 0 ? 0xff * chance(2) : chance(256));
  }
  return copy;
}

static void fuzz(struct buffer whole, uint32_t count, const uint8_t *issuer, uint64_t at, uint8_t *message) {
  uint32_t passed = 0, parsed = 0;
  for (; count > 0; count--) {
    struct vss_file file;
    struct buffer copy = changed(whole);
    int is_same = copy.size == whole.size && memcmp(copy.bytes, whole.bytes, whole.size) == 0;
    if (vss_open(&file, copy.bytes, copy.size, at, 1, is_message, message) == VSS_OK && !is_same) {
      /* Only what is outside of the signed part may differ. */
      if (file.signed_size > whole.size || memcmp(copy.bytes, whole.bytes, file.signed_size) != 0) passed++;
    }
    if (vss_open(&file, copy.bytes, copy.size, at, 1, is_anything, NULL) == VSS_OK) {
      parsed++;
      for (int times = 0; times < 8; times++) {
        uint8_t serial[16];
        for (int i = 0; i < 16; i++) serial[i] = (uint8_t)chance(256);
        serial[0] = 0x40 | (serial[0] & 0x3f);
        if (times < 6) memcpy(serial, message + 48, 4); /* a time that the file covers */
        vss_status(&file, issuer, serial, 16 - chance(2));
      }
    }
    free(copy.bytes);
  }
  printf("%u %u\n", passed, parsed);
}

static void fuzz_delta(struct buffer old, struct buffer delta, uint32_t count, size_t most) {
  uint32_t passed = 0;
  for (; count > 0; count--) {
    struct buffer copy = changed(delta);
    int is_same = copy.size == delta.size && memcmp(copy.bytes, delta.bytes, delta.size) == 0;
    uint8_t *out = malloc(most);
    size_t made;
    if (vss_apply(old.bytes, old.size, copy.bytes, copy.size, out, most, &made) == VSS_OK && !is_same) passed++;
    free(out);
    free(copy.bytes);
  }
  printf("%u\n", passed);
}

static void speed(const struct vss_file *file, const uint8_t *issuer, uint8_t *serial, uint32_t count) {
  uint32_t bad = 0;
  clock_t begin = clock();
  for (uint32_t i = 0; i < count; i++) {
    uint32_t mixed = i * 2654435761u;
    memcpy(serial + 2, &mixed, 4);
    memcpy(serial + 12, &i, 4);
    bad += vss_status(file, issuer, serial, 16) == VSS_REVOKED;
  }
  printf("%.0f %u\n", count / ((double)(clock() - begin) / CLOCKS_PER_SEC), bad);
}

int main(void) {
  static char line[4096], words[6][1100];
  static uint8_t message[48 + 4];
  struct buffer held = {NULL, 0};
  struct vss_file file = {0};
  uint8_t issuer[32], serial[32];
  while (fgets(line, sizeof line, stdin) != NULL) {
    int count = sscanf(line, "%1099s %1099s %1099s %1099s %1099s %1099s", words[0], words[1], words[2], words[3], words[4], words[5]);
    if (count < 1) continue;
    if (strcmp(words[0], "open") == 0) {
      free(held.bytes);
      held = read_file(words[1]);
      from_hex(words[4], message, sizeof message);
      printf("%d\n", vss_open(&file, held.bytes, held.size, strtoull(words[2], NULL, 10), atoi(words[3]), is_message, message));
    } else if (strcmp(words[0], "ask") == 0) {
      size_t size = from_hex(words[2], serial, sizeof serial);
      from_hex(words[1], issuer, sizeof issuer);
      printf("%d\n", (int)vss_status(&file, issuer, serial, size));
    } else if (strcmp(words[0], "apply") == 0) {
      struct buffer old = read_file(words[1]), delta = read_file(words[2]);
      size_t most = old.size + delta.size * 4, made = 0;
      uint8_t *out = malloc(most);
      int result = vss_apply(old.bytes, old.size, delta.bytes, delta.size, out, most, &made);
      FILE *to = result == VSS_OK ? fopen(words[3], "wb") : NULL;
      if (to != NULL && (fwrite(out, 1, made, to) != made || fclose(to) != 0)) return 3;
      printf("%d\n", result);
      free(old.bytes), free(delta.bytes), free(out);
    } else if (strcmp(words[0], "succeeds") == 0) {
      struct buffer next = read_file(words[1]);
      struct vss_file other;
      int opened = vss_open(&other, next.bytes, next.size, (uint64_t)1 << 40, 1, is_anything, NULL);
      printf("%d\n", opened == VSS_OK ? vss_succeeds(&file, &other) : opened);
      free(next.bytes);
    } else if (strcmp(words[0], "fuzz") == 0) {
      struct buffer whole = read_file(words[1]);
      state = (uint32_t)strtoul(words[2], NULL, 10) | 1;
      from_hex(words[4], issuer, sizeof issuer);
      fuzz(whole, (uint32_t)atoi(words[3]), issuer, strtoull(words[5], NULL, 10), message);
      free(whole.bytes);
    } else if (strcmp(words[0], "fuzz-delta") == 0) {
      struct buffer old = read_file(words[1]), delta = read_file(words[2]);
      state = (uint32_t)strtoul(words[3], NULL, 10) | 1;
      fuzz_delta(old, delta, (uint32_t)atoi(words[4]), old.size + delta.size * 4);
      free(old.bytes), free(delta.bytes);
    } else if (strcmp(words[0], "speed") == 0) {
      from_hex(words[1], issuer, sizeof issuer);
      from_hex(words[2], serial, sizeof serial);
      speed(&file, issuer, serial, (uint32_t)atoi(words[3]));
    } else return 3;
    fflush(stdout);
  }
  free(held.bytes);
  return 0;
}
