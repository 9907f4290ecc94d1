/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device has to bring: four ports, and optionally a TLS of its own in place of ours. `context` is yours and is
 * handed back at every call; nothing is called from an interrupt, and never two at once.
 */
#ifndef VITALSIGN_PORTS_H
#define VITALSIGN_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "vitalsign_result.h"

/* Octets of somebody else: a view, never a copy. */
struct vs_span {
  const uint8_t *bytes;
  size_t size;
};

/*
 * A stream of octets to one server, one at a time. `read` waits for at least one octet, and gives how many came, 0 at
 * the end, or less than 0 if it broke or took longer than you allow: no other deadline is kept here. `write` gives how
 * many it took, at least 1, or less than 0. `open` gives 0 or less than 0. `close` is called after each `open`.
 */
struct vs_transport {
  void *context;
  int (*open)(void *context, const char *host, uint16_t port);
  int (*read)(void *context, uint8_t *bytes, size_t size);
  int (*write)(void *context, const uint8_t *bytes, size_t size);
  void (*close)(void *context);
};

/*
 * Slots that outlive power, numbered from 0 to VS_SLOTS - 1. The two identities and the request take `record_size`
 * octets at most, each mark VS_MARK_SIZE. They hold private keys: encrypt them, or keep them inside of the chip.
 *
 * `write` replaces a slot (size 0: makes it empty) and returns 0 once that would survive a cut, else less than 0. A cut
 * while it works may leave anything in that slot, and must leave the other slots alone: a flash page or file of its own
 * for each is enough. `read` gives how many octets the slot has, of which at most `size` were read, or less than 0.
 */
enum { VS_SLOT_IDENTITY_A, VS_SLOT_IDENTITY_B, VS_SLOT_REQUEST, VS_SLOT_MARK_A, VS_SLOT_MARK_B, VS_SLOTS };
enum { VS_MARK_SIZE = 48 };

struct vs_storage {
  void *context;
  long (*read)(void *context, unsigned slot, uint8_t *bytes, size_t size);
  int (*write)(void *context, unsigned slot, const uint8_t *bytes, size_t size);
};

/* Fills with chance that nobody can guess, or gives other than 0: then no key is made and no connection opened. */
struct vs_random {
  void *context;
  int (*fill)(void *context, unsigned char *bytes, size_t size);
};

/* Seconds since 1970, or 0 if they are not known: then time is what anchors and certificates prove to be over. */
struct vs_clock {
  void *context;
  uint64_t (*now)(void *context);
};

/* A private key (DER: SEC 1 or PKCS #8) and its certificates, the own one first: each two octets of length, and DER. */
struct vs_identity {
  struct vs_span key, chain;
};

/* Whom to talk to, and whom to believe. */
struct vs_server {
  const char *host; /* a DNS name, or an IPv4 address in digits */
  uint16_t port;
  const struct vs_span *anchors; /* DER */
  size_t anchor_count;
  uint64_t now; /* seconds since 1970 that are surely over */
};

/*
 * A connection that proved who the server is. `open` shows `identity` (null: none) if it is asked for, and has taken what
 * it needs of it when it returns; `read` and `write` are as those of a transport. vitalsign_tls.h makes one of Mbed TLS; a
 * modem may bring its own.
 */
struct vs_secure {
  void *context;
  enum vs_result (*open)(void *context, const struct vs_server *server, const struct vs_identity *identity);
  int (*read)(void *context, uint8_t *bytes, size_t size);
  int (*write)(void *context, const uint8_t *bytes, size_t size);
  void (*close)(void *context);
  /* Why the last `read` or `write` broke: VS_CONNECTION_CUT, or VS_HANDSHAKE_REFUSED where an alert said so. */
  enum vs_result (*broken)(void *context);
};

#endif
