/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the verifiers and parsers of clients/c for test/interop/c-verify.test.ts: one command a line, one answer a line.
 *
 *   key FILE                               one more key (SubjectPublicKeyInfo) that the device knows; `keys` forgets them
 *   trust COUNTER BOTH ENVIRONMENT PRODUCT HARDWARE    what the device is; `-` for none
 *   believe DIGEST                         of strength, key, message and signature: what ML-DSA holds for
 *   manifest FILE [BESIDE]                 the word, security version and files
 *   image FILE                             the word, version, counter (or -), where it ends
 *   cost                                   octets of stack and instructions of the last of both, where the machine can tell
 *   fuzz KIND FILE SEED COUNT              changed copies of FILE: how many of them were believed though they differ in
 *                                          what is signed (manifest, image), or were read (http, cms, certificate, base64)
 */
#include "../../clients/c/vitalsign_mbed.h"
#include "../../clients/c/vitalsign_talk.h"

#include "cortex-m4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct machine_cost cost;

static struct vs_span read_file(const char *path) {
  struct vs_span read;
  FILE *from = fopen(path, "rb");
  uint8_t *bytes;
  if (from == NULL) exit(3);
  fseek(from, 0, SEEK_END);
  read.size = (size_t)ftell(from);
  rewind(from);
  bytes = malloc(read.size + 1);
  if (fread(bytes, 1, read.size, from) != read.size) exit(3);
  fclose(from);
  read.bytes = bytes;
  return read;
}

static int read_piece(void *context, uint64_t offset, uint8_t *bytes, size_t size) {
  const struct vs_span *all = context;
  if (offset > all->size || size > all->size - offset) abort();
  memcpy(bytes, all->bytes + offset, size);
  return 0;
}

static struct vs_source source_of(struct vs_span *all) {
  struct vs_source source;
  source.context = all;
  source.size = all->size;
  source.read = read_piece;
  return source;
}

static uint8_t believed[16][32];
static size_t believed_count;

#if defined(VITALSIGN_ML_DSA)
int vitalsign_ml_dsa_verify(unsigned strength, struct vs_span key, const struct vs_span *message, size_t pieces, struct vs_span signature) {
  uint8_t octet = (uint8_t)strength, value[32];
  struct vs_span all[16] = {{&octet, 1}, key};
  if (pieces > 13) return 0;
  memcpy(all + 2, message, pieces * sizeof *message);
  all[2 + pieces] = signature;
  vs_digest(256, all, 3 + pieces, value);
  for (size_t i = 0; i < believed_count; i++)
    if (memcmp(believed[i], value, 32) == 0) return 1;
  return 0;
}
#endif

static void believe(const char *hex) {
  for (size_t i = 0; i < 32; i++) {
    unsigned octet;
    if (sscanf(hex + 2 * i, "%2x", &octet) != 1) exit(3);
    believed[believed_count % 16][i] = (uint8_t)octet;
  }
  if (believed_count < 16) believed_count++;
}

static struct vs_span keys[8];
static struct vs_trust trust;
static uint8_t piece[512];

static void manifest(const char *path, const char *beside) {
  struct vs_span all = read_file(path), file;
  struct vs_manifest read;
  enum vs_result result;
  machine_begin();
  result = vs_verify_manifest(&read, all, &trust);
  cost = machine_end();
  if (result == VS_OK && beside != NULL) {
    struct vs_source source;
    file = read_file(beside);
    source = source_of(&file);
    result = vs_verify_file(&read, &source, piece, sizeof piece);
    free((void *)(uintptr_t)file.bytes);
  }
  printf("%s %u %u\n", vs_word(result), (unsigned)read.security_version, (unsigned)read.file_count);
  free((void *)(uintptr_t)all.bytes);
}

static void image(const char *path) {
  struct vs_span all = read_file(path);
  struct vs_source source = source_of(&all);
  struct vs_image read;
  enum vs_result result;
  machine_begin();
  result = vs_verify_image(&read, &source, &trust, piece, sizeof piece);
  cost = machine_end();
  printf("%s %u.%u.%u+%u %lld %llu\n", vs_word(result), read.major, read.minor, read.revision, (unsigned)read.build,
         read.has_counter ? (long long)read.counter : -1, (unsigned long long)read.size);
  free((void *)(uintptr_t)all.bytes);
}

static uint32_t state;

static uint32_t chance(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

/* A copy of its own size exactly, so that a sanitiser sees each step beyond it. */
static struct vs_span changed(struct vs_span whole) {
  struct vs_span copy = {NULL, whole.size};
  uint8_t *bytes;
  if (chance(4) == 0 && whole.size > 0) copy.size = chance((uint32_t)whole.size);
  bytes = malloc(copy.size > 0 ? copy.size : 1);
  memcpy(bytes, whole.bytes, copy.size);
  for (uint32_t times = copy.size > 0 ? chance(4) + (copy.size == whole.size) : 0; times > 0; times--) {
    uint32_t span = chance(2) == 0 && copy.size > 300 ? 300 : (uint32_t)copy.size;
    uint32_t at = chance(4) == 0 ? (uint32_t)copy.size - 1 - chance(span) : chance(span);
    bytes[at] = (uint8_t)(chance(3) == 0 ? 0xff * chance(2) : chance(3) == 0 ? bytes[at] ^ 1u << chance(8) : chance(256));
  }
  copy.bytes = bytes;
  return copy;
}

/* A server of one answer, which comes in pieces of any size. */
static struct vs_span wire;
static int wire_read(void *context, uint8_t *bytes, size_t size) {
  size_t some = 1 + chance(64);
  (void)context;
  if (some > size) some = size;
  if (some > wire.size) some = wire.size;
  memcpy(bytes, wire.bytes, some);
  wire.bytes += some;
  wire.size -= some;
  return (int)some;
}
static int wire_write(void *context, const uint8_t *bytes, size_t size) { return (void)context, (void)bytes, (int)size; }
static enum vs_result wire_broken(void *context) { return (void)context, VS_CONNECTION_CUT; }

static int read_http(struct vs_span copy) {
  static const struct vs_question question = {"localhost", 443, "", NULL, "whoami", "serial", "code", {NULL, 0}};
  struct vs_secure connection = {NULL, NULL, wire_read, wire_write, NULL, wire_broken};
  struct vs_answer answer;
  uint8_t *body = malloc(2000);
  enum vs_result result;
  wire = copy;
  result = vs_ask(&connection, &question, body, 2000, &answer);
  free(body);
  return result == VS_OK;
}

/* Whether it was read, or believed though it is another. */
static int passes(const char *kind, struct vs_span copy, struct vs_span whole) {
  int differs = copy.size != whole.size || memcmp(copy.bytes, whole.bytes, whole.size) != 0;
  struct vs_span found;
  struct vs_certificate certificate;
  if (strcmp(kind, "manifest") == 0) {
    struct vs_manifest read;
    return vs_verify_manifest(&read, copy, &trust) == VS_OK && differs;
  }
  if (strcmp(kind, "image") == 0) {
    struct vs_source source = source_of(&copy);
    struct vs_image read;
    return vs_verify_image(&read, &source, &trust, piece, sizeof piece) == VS_OK && differs;
  }
  if (strcmp(kind, "http") == 0) return read_http(copy);
  if (strcmp(kind, "cms") == 0) return vs_read_certs_only(copy, &found);
  if (strcmp(kind, "certificate") == 0) return vs_read_certificate(&certificate, copy) && (vs_alternative_names(&certificate, &found) || 1);
  if (strcmp(kind, "request") == 0) return vs_read_request(&certificate, copy);
  if (strcmp(kind, "base64") == 0) {
    size_t size = copy.size;
    return vs_base64_decode((uint8_t *)(uintptr_t)copy.bytes, &size);
  }
  exit(3);
}

static void fuzz(const char *kind, const char *path, uint32_t count) {
  struct vs_span whole = read_file(path);
  uint32_t passed = 0;
  for (; count > 0; count--) {
    struct vs_span copy = changed(whole);
    passed += (uint32_t)passes(kind, copy, whole);
    free((void *)(uintptr_t)copy.bytes);
  }
  printf("%u\n", (unsigned)passed);
  free((void *)(uintptr_t)whole.bytes);
}

int main(void) {
  static char line[4096], words[6][600], product[129], hardware[129];
  trust.keys = keys;
  trust.environment = VS_ANY_ENVIRONMENT;
  while (fgets(line, sizeof line, stdin) != NULL) {
    int count = sscanf(line, "%599s %599s %599s %599s %599s %599s", words[0], words[1], words[2], words[3], words[4], words[5]);
    if (count < 1) continue;
    if (strcmp(words[0], "key") == 0) {
      keys[trust.key_count++] = read_file(words[1]);
      puts("ok");
    } else if (strcmp(words[0], "keys") == 0) {
      while (trust.key_count > 0) free((void *)(uintptr_t)keys[--trust.key_count].bytes);
      puts("ok");
    } else if (strcmp(words[0], "trust") == 0) {
      trust.has_counter = words[1][0] != '-';
      trust.counter = (uint32_t)strtoul(words[1], NULL, 10);
      trust.demands_both = atoi(words[2]);
      trust.environment = (enum vs_environment)atoi(words[3]);
      snprintf(product, sizeof product, "%.128s", words[4]);
      snprintf(hardware, sizeof hardware, "%.128s", words[5]);
      trust.product = words[4][0] == '-' ? NULL : product;
      trust.hardware = words[5][0] == '-' ? NULL : hardware;
      puts("ok");
    } else if (strcmp(words[0], "believe") == 0) {
      believe(words[1]);
      puts("ok");
    } else if (strcmp(words[0], "manifest") == 0) manifest(words[1], count > 2 ? words[2] : NULL);
    else if (strcmp(words[0], "image") == 0) image(words[1]);
    else if (strcmp(words[0], "cost") == 0) printf("%u %u\n", (unsigned)cost.stack, (unsigned)cost.instructions);
    else if (strcmp(words[0], "fuzz") == 0) {
      state = (uint32_t)strtoul(words[3], NULL, 10) | 1;
      fuzz(words[1], words[2], (uint32_t)atoi(words[4]));
    } else return 3;
    fflush(stdout);
  }
  while (trust.key_count > 0) free((void *)(uintptr_t)keys[--trust.key_count].bytes);
  return 0;
}
