/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pump without Node and without a shell, of clients/c and its examples, for `npm run demo:firmware`:
 *
 *   board enrol HOST PORT ROOT SERIAL     the code is a line of standard input; the current directory is its flash
 *   board check KEY OTHER-KEY PRODUCT COUNTER MANIFEST IMAGE
 *
 * Root and keys are files in DER. The answer is a line: the word of the result. Mbed TLS has no ML-DSA: where the board has
 * a chip for it (VITALSIGN_ML_DSA), the command in the variable CHIP stands for that.
 */
#define _POSIX_C_SOURCE 200809L
#include "board.h"
#include "vitalsign_result.h"
#include "vitalsign_verify.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum vs_result example_enrol(const char *host, uint16_t port, const char *serial, const char *code);
enum vs_result example_verify_image(struct vs_source slot);

static int wire = -1;

static int open_wire(void *context, const char *host, uint16_t port) {
  struct addrinfo wanted, *found;
  char service[6];
  int result;
  (void)context;
  memset(&wanted, 0, sizeof wanted);
  wanted.ai_socktype = SOCK_STREAM;
  snprintf(service, sizeof service, "%u", (unsigned)port);
  if (getaddrinfo(host, service, &wanted, &found) != 0) return -1;
  wire = socket(found->ai_family, found->ai_socktype, 0);
  result = connect(wire, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return result;
}

static int read_wire(void *context, uint8_t *bytes, size_t size) { return (void)context, (int)recv(wire, bytes, size, 0); }
static int write_wire(void *context, const uint8_t *bytes, size_t size) { return (void)context, (int)send(wire, bytes, size, MSG_NOSIGNAL); }
static void close_wire(void *context) { (void)context, close(wire); }

/* A page of flash is a file. */
static FILE *page(unsigned slot, const char *how) {
  char name[16];
  snprintf(name, sizeof name, "slot-%u", slot);
  return fopen(name, how);
}

static long read_page(void *context, unsigned slot, uint8_t *bytes, size_t size) {
  FILE *from = page(slot, "rb");
  long length;
  (void)context;
  if (from == NULL) return 0;
  if (fread(bytes, 1, size, from) < size && ferror(from)) exit(3);
  fseek(from, 0, SEEK_END);
  length = ftell(from);
  fclose(from);
  return length;
}

static int write_page(void *context, unsigned slot, const uint8_t *bytes, size_t size) {
  FILE *to = page(slot, "wb");
  size_t written;
  (void)context;
  if (to == NULL) return -1;
  written = fwrite(bytes, 1, size, to);
  return fclose(to) == 0 && written == size ? 0 : -1;
}

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;
static uint64_t now(void *context) { return (void)context, (uint64_t)time(NULL); }

struct vs_transport board_transport = {NULL, open_wire, read_wire, write_wire, close_wire};
struct vs_storage board_storage = {NULL, read_page, write_page};
struct vs_random board_random = {&generator, mbedtls_ctr_drbg_random};
struct vs_clock board_clock = {NULL, now};
struct vs_span board_root, board_signer_keys[2];
uint32_t board_counter;

static struct vs_span read_whole(const char *path) {
  FILE *from = fopen(path, "rb");
  uint8_t *bytes = malloc(1 << 20);
  struct vs_span whole = {bytes, 0};
  if (from == NULL || bytes == NULL) exit(3);
  whole.size = fread(bytes, 1, 1 << 20, from);
  fclose(from);
  return whole;
}

static int read_piece(void *context, uint64_t offset, uint8_t *bytes, size_t size) {
  const struct vs_span *whole = context;
  memcpy(bytes, whole->bytes + offset, size);
  return 0;
}

static enum vs_result enrol(char **words) {
  char code[128];
  if (fgets(code, sizeof code, stdin) == NULL) exit(2);
  code[strcspn(code, "\n")] = '\0';
  board_root = read_whole(words[2]);
  return example_enrol(words[0], (uint16_t)atoi(words[1]), words[3], code);
}

#if defined(VITALSIGN_ML_DSA)
static void write_hex(FILE *to, struct vs_span span) {
  for (size_t i = 0; i < span.size; i++) fprintf(to, "%02x", span.bytes[i]);
}

int vitalsign_ml_dsa_verify(unsigned strength, struct vs_span key, const struct vs_span *message, size_t pieces,
                            struct vs_span signature) {
  const char *command = getenv("CHIP");
  FILE *chip = command == NULL ? NULL : popen(command, "w");
  if (chip == NULL) return 0;
  fprintf(chip, "%u ", strength);
  write_hex(chip, key);
  fputc(' ', chip);
  for (size_t i = 0; i < pieces; i++) write_hex(chip, message[i]);
  fputc(' ', chip);
  write_hex(chip, signature);
  fputc('\n', chip);
  return pclose(chip) == 0;
}
#endif

/* First who made the update and for whom, then each octet of it, then what the bootloader asks. */
static enum vs_result check(char **words) {
  uint8_t piece[512];
  struct vs_manifest manifest;
  struct vs_trust trust = {0};
  struct vs_span image;
  struct vs_source slot = {NULL, 0, read_piece};
  enum vs_result result;
  board_signer_keys[0] = read_whole(words[0]);
  board_signer_keys[1] = read_whole(words[1]);
  board_counter = (uint32_t)atoi(words[3]);
  trust.keys = board_signer_keys;
  trust.key_count = 2;
  trust.demands_both = 1;
  trust.has_counter = 1;
  trust.counter = board_counter;
  trust.environment = VS_PRODUCTION;
  trust.product = words[2];
  result = vs_verify_manifest(&manifest, read_whole(words[4]), &trust);
  if (result != VS_OK) return result;
  image = read_whole(words[5]);
  slot.context = &image;
  slot.size = image.size;
  result = vs_verify_file(&manifest, &slot, piece, sizeof piece);
  return result == VS_OK ? example_verify_image(slot) : result;
}

int main(int count, char **words) {
  enum vs_result result;
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&generator);
  if (mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, NULL, 0) != 0) return 3;
  if (count == 6 && strcmp(words[1], "enrol") == 0) result = enrol(words + 2);
  else if (count == 8 && strcmp(words[1], "check") == 0) result = check(words + 2);
  else return 2;
  puts(vs_word(result));
  return result == VS_OK ? 0 : 1;
}
