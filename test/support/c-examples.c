/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the examples of clients/c for test/interop/c-examples.test.ts, on a board whose memory is files:
 *
 *   board ROOT KEY1 KEY2 COUNTER SECONDS
 *   manifest FILE BESIDE | image SLOT | status FILE ISSUER SERIAL (hexadecimal)
 */
#include "../../clients/c/examples/board.h"
#include "../../clients/c/vitalsign_status.h"
#include "../../clients/c/vitalsign_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum vs_result example_enrol(const char *host, uint16_t port, const char *serial, const char *code);
enum vs_result example_verify_manifest(struct vs_span envelope, const struct vs_source *file);
enum vs_result example_verify_image(struct vs_source slot);
enum vss_answer example_read_status(struct vs_span file, const uint8_t issuer[32], struct vs_span serial);

static uint64_t seconds;
static uint64_t now(void *context) { return (void)context, seconds; }

struct vs_transport board_transport;
struct vs_storage board_storage;
struct vs_random board_random;
struct vs_clock board_clock = {NULL, now};
struct vs_span board_root, board_signer_keys[2];
uint32_t board_counter;

static uint8_t room[8][70000];

/* Each file into a room of its own. */
static struct vs_span read_into(unsigned which, const char *path) {
  struct vs_span read = {room[which], 0};
  FILE *from = fopen(path, "rb");
  if (from == NULL) exit(3);
  read.size = fread(room[which], 1, sizeof room[which], from);
  fclose(from);
  return read;
}

static struct vs_span from_hex(unsigned which, const char *text) {
  struct vs_span read = {room[which], strlen(text) / 2};
  for (size_t i = 0; i < read.size; i++) {
    unsigned octet;
    if (sscanf(text + 2 * i, "%2x", &octet) != 1) exit(3);
    room[which][i] = (uint8_t)octet;
  }
  return read;
}

static int read_piece(void *context, uint64_t offset, uint8_t *bytes, size_t size) {
  const struct vs_span *all = context;
  memcpy(bytes, all->bytes + offset, size);
  return 0;
}

int main(void) {
  static char line[4096], words[6][600];
  static struct vs_span input;
  struct vs_source source = {&input, 0, read_piece};
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%599s %599s %599s %599s %599s %599s", words[0], words[1], words[2], words[3], words[4], words[5]) < 1) continue;
    if (strcmp(words[0], "board") == 0) {
      board_root = read_into(0, words[1]);
      board_signer_keys[0] = read_into(1, words[2]);
      board_signer_keys[1] = read_into(2, words[3]);
      board_counter = (uint32_t)strtoul(words[4], NULL, 10);
      seconds = strtoull(words[5], NULL, 10);
      puts("ok");
    } else if (strcmp(words[0], "manifest") == 0) {
      input = read_into(4, words[2]);
      source.size = input.size;
      puts(vs_word(example_verify_manifest(read_into(3, words[1]), &source)));
    } else if (strcmp(words[0], "image") == 0) {
      input = read_into(3, words[1]);
      source.size = input.size;
      puts(vs_word(example_verify_image(source)));
    } else if (strcmp(words[0], "status") == 0) {
      struct vs_span file = read_into(3, words[1]), issuer = from_hex(4, words[2]);
      printf("%d\n", (int)example_read_status(file, issuer.bytes, from_hex(5, words[3])));
    } else return 3;
    fflush(stdout);
  }
  return strcmp(words[0], "never") == 0 ? (int)example_enrol("", 0, "", "") : 0;
}
