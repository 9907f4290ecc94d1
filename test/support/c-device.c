/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives clients/c for test/interop/c-*.test.ts: the ports of a Linux process, with a storage of files that can be cut
 * off in any writing. One command a line of standard input, so that no code stands in an argument:
 *
 *   to HOST PORT ROOT [LABEL]           whom to talk to, and the root (DER file) that vouches for it
 *   at DIRECTORY SERIAL                 whose storage; `at` forgets what `cut` said
 *   cut N before|torn|after             the power goes at the N-th writing from now on
 *   time SECONDS                        what the clock port says; 0: unknown
 *   room ANSWER RECORD                  sizes of the two buffers
 *   p384 0|1, challenge 0|1             settings of the same name
 *   enrol CODE | again CODE | birth DIRECTORY | renew | rekey | keep-up | show | due
 *
 * The answer is a line: the word of the result, status, retry-after, the words of the server; `cut` if the power went.
 */
#define _POSIX_C_SOURCE 200809L
#include "../../clients/c/vitalsign_device.h"
#include "../../clients/c/vitalsign_tls.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

#include <netdb.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int socket_of = -1;

static int open_socket(void *context, const char *host, uint16_t port) {
  struct addrinfo wanted, *found;
  struct timeval most = {10, 0};
  char service[6];
  (void)context;
  memset(&wanted, 0, sizeof wanted);
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_family = AF_INET;
  snprintf(service, sizeof service, "%u", (unsigned)port);
  if (getaddrinfo(host, service, &wanted, &found) != 0) return -1;
  socket_of = socket(found->ai_family, found->ai_socktype, 0);
  setsockopt(socket_of, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  int result = connect(socket_of, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return result;
}

static int read_socket(void *context, uint8_t *bytes, size_t size) {
  (void)context;
  return (int)recv(socket_of, bytes, size, 0);
}

static int write_socket(void *context, const uint8_t *bytes, size_t size) {
  (void)context;
  return (int)send(socket_of, bytes, size, MSG_NOSIGNAL);
}

static void close_socket(void *context) {
  (void)context;
  if (socket_of >= 0) close(socket_of);
  socket_of = -1;
}

/* One file a slot; what a cut leaves is half of the new octets, and more noise than a record has room. */
struct disk {
  char directory[512];
  int writes_left; /* 0: no cut */
  char how;
};

static void power_off(void) { _exit(9); }

static FILE *slot_file(struct disk *disk, unsigned slot, const char *how) {
  char path[600];
  snprintf(path, sizeof path, "%s/slot-%u", disk->directory, slot);
  return fopen(path, how);
}

static long read_slot(void *context, unsigned slot, uint8_t *bytes, size_t size) {
  FILE *from = slot_file(context, slot, "rb");
  long length;
  if (from == NULL) return 0;
  if (fread(bytes, 1, size, from) < size && ferror(from)) abort();
  fseek(from, 0, SEEK_END);
  length = ftell(from);
  fclose(from);
  return length;
}

static int write_slot(void *context, unsigned slot, const uint8_t *bytes, size_t size) {
  struct disk *disk = context;
  int is_cut = disk->writes_left > 0 && --disk->writes_left == 0;
  FILE *to;
  if (is_cut && disk->how == 'b') power_off();
  to = slot_file(disk, slot, "wb");
  if (to == NULL) return -1;
  if (is_cut && disk->how == 't') {
    if (size > 0) fwrite(bytes, 1, size / 2, to);
    for (size_t i = size / 2; i < size + 5000; i++) fputc((int)(i * 37 & 0xff), to);
    fclose(to);
    power_off();
  }
  if (size > 0) fwrite(bytes, 1, size, to);
  fclose(to);
  if (is_cut) power_off();
  return 0;
}

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;
static uint64_t clock_says = 1;

static uint64_t now(void *context) {
  (void)context;
  return clock_says == 1 ? (uint64_t)time(NULL) : clock_says;
}

static struct vs_device device;
static struct vs_tls tls;
static struct disk disk;

static void report(enum vs_result result) {
  printf("%s %d %u %s\n", vs_word(result), device.status, (unsigned)device.retry_after, device.said);
}

static void print_hex(struct vs_span span) {
  for (size_t i = 0; i < span.size; i++) printf("%02x", span.bytes[i]);
}

static void show(void) {
  struct vs_identity identity;
  enum vs_result result = vs_identity_in_use(&device, &identity);
  if (result != VS_OK) {
    report(result);
    return;
  }
  printf("ok ");
  print_hex(identity.key);
  printf(" ");
  print_hex(identity.chain);
  printf("\n");
}

static void due(void) {
  struct vs_identity identity;
  uint64_t from = 0;
  struct vs_span leaf;
  if (vs_identity_in_use(&device, &identity) != VS_OK) exit(3);
  leaf.size = (size_t)identity.chain.bytes[0] << 8 | identity.chain.bytes[1];
  leaf.bytes = identity.chain.bytes + 2;
  report(vs_due(leaf, &from));
  printf("%llu\n", (unsigned long long)from);
}

static void enrol_by_birth(const char *directory) {
  static uint8_t bytes[8192];
  struct vs_identity birth;
  struct disk other = disk;
  struct vs_device factory = device;
  snprintf(other.directory, sizeof other.directory, "%s", directory);
  factory.storage.context = &other;
  factory.record = bytes;
  factory.record_size = sizeof bytes;
  if (vs_identity_in_use(&factory, &birth) != VS_OK) exit(3);
  report(vs_enrol(&device, NULL, &birth, 1));
}

static void act(const char *word, const char *rest) {
  if (strcmp(word, "enrol") == 0) report(vs_enrol(&device, rest, NULL, 0));
  else if (strcmp(word, "again") == 0) report(vs_enrol(&device, rest, NULL, 1));
  else if (strcmp(word, "birth") == 0) enrol_by_birth(rest);
  else if (strcmp(word, "renew") == 0) report(vs_renew(&device, 0));
  else if (strcmp(word, "rekey") == 0) report(vs_renew(&device, 1));
  else if (strcmp(word, "keep-up") == 0) report(vs_keep_up(&device, 1));
  else if (strcmp(word, "show") == 0) show();
  else if (strcmp(word, "due") == 0) due();
  else exit(3);
  fflush(stdout);
}

/* `record` alone may hold the key of what is in use: a buffer of answers is given to others sooner. */
static void keep_apart(void) {
  struct vs_identity identity;
  if (vs_identity_in_use(&device, &identity) != VS_OK || identity.key.size > device.answer_size) return;
  for (size_t at = 0; at <= device.answer_size - identity.key.size; at++)
    if (memcmp(device.answer + at, identity.key.bytes, identity.key.size) == 0) abort();
}

/* In a process of its own if the power is to go. */
static void act_until_cut(const char *word, const char *rest) {
  int status;
  pid_t child;
  if (disk.writes_left == 0) {
    act(word, rest);
    return;
  }
  child = fork();
  if (child == 0) {
    /* Else each child would draw what the one before it drew. */
    if (mbedtls_ctr_drbg_reseed(&generator, NULL, 0) != 0) exit(3);
    act(word, rest);
    exit(0);
  }
  waitpid(child, &status, 0);
  disk.writes_left = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 9) puts("cut");
  else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) exit(4);
}

static struct vs_span read_root(const char *path) {
  static uint8_t bytes[8192];
  struct vs_span root = {bytes, 0};
  FILE *from = fopen(path, "rb");
  if (from == NULL) exit(3);
  root.size = fread(bytes, 1, sizeof bytes, from);
  fclose(from);
  return root;
}

int main(void) {
  static char line[2048], words[5][512], host[256], label[65], serial[65];
  static struct vs_span root;
  struct vs_transport transport = {NULL, open_socket, read_socket, write_socket, close_socket};
  struct vs_random random = {&generator, mbedtls_ctr_drbg_random};
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&generator);
  if (mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, NULL, 0) != 0) return 3;
  device.secure = vs_tls_port(&tls, transport, random);
  device.random = random;
  device.clock.now = now;
  device.storage.context = &disk;
  device.storage.read = read_slot;
  device.storage.write = write_slot;
  device.anchors = &root;
  device.anchor_count = 1;
  device.answer_size = 8192;
  device.record_size = 4096;
  while (fgets(line, sizeof line, stdin) != NULL) {
    int count = sscanf(line, "%511s %511s %511s %511s %511s", words[0], words[1], words[2], words[3], words[4]);
    if (count < 1) continue;
    if (strcmp(words[0], "to") == 0) {
      snprintf(host, sizeof host, "%.255s", words[1]);
      snprintf(label, sizeof label, "%.64s", count > 4 ? words[4] : "");
      device.host = host;
      device.port = (uint16_t)atoi(words[2]);
      device.label = count > 4 ? label : NULL;
      root = read_root(words[3]);
      puts("ok");
    } else if (strcmp(words[0], "at") == 0) {
      memset(&disk, 0, sizeof disk);
      snprintf(disk.directory, sizeof disk.directory, "%s", words[1]);
      snprintf(serial, sizeof serial, "%.64s", words[2]);
      device.serial = serial;
      puts("ok");
    } else if (strcmp(words[0], "cut") == 0) {
      disk.writes_left = atoi(words[1]);
      disk.how = words[2][0];
      puts("ok");
    } else if (strcmp(words[0], "time") == 0) {
      clock_says = strtoull(words[1], NULL, 10);
      puts("ok");
    } else if (strcmp(words[0], "p384") == 0) {
      device.use_p384 = atoi(words[1]);
      puts("ok");
    } else if (strcmp(words[0], "challenge") == 0) {
      device.code_in_request = atoi(words[1]);
      puts("ok");
    } else if (strcmp(words[0], "room") == 0) {
      device.answer_size = (size_t)atoi(words[1]);
      device.record_size = (size_t)atoi(words[2]);
      puts("ok");
    } else {
      /* Of their size exactly, so that a sanitiser sees each step beyond them. */
      device.answer = malloc(device.answer_size);
      device.record = malloc(device.record_size);
      memset(device.answer, 0, device.answer_size);
      act_until_cut(words[0], count > 1 ? words[1] : NULL);
      keep_apart();
      free(device.answer);
      free(device.record);
    }
    fflush(stdout);
  }
  mbedtls_ctr_drbg_free(&generator);
  mbedtls_entropy_free(&entropy);
  return 0;
}
