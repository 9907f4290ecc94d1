/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device's identity over EST (RFC 7030): enrol, renew, change the key. C99 on Mbed TLS, no allocation of its own, no
 * globals. Each call does what it can and returns; power may go at any moment, and the same call goes on from there.
 *
 * A new identity is kept beside the one in use until the server has accepted it in a live connection; one writing of
 * the storage port then takes the new and drops the old at once.
 */
#ifndef VITALSIGN_DEVICE_H
#define VITALSIGN_DEVICE_H

#include "vitalsign_ports.h"

/* Yours; it stays where it is during a call, and what it points at as well. */
struct vs_device {
  const char *host; /* DNS name or IPv4 address of the devices' port that speaks your TLS */
  uint16_t port;
  const char *serial;            /* the device's own, as the operator entered it */
  const char *label;             /* the entrance; null: the product's usual one */
  const struct vs_span *anchors; /* roots that vouch for the server and for what it issues, DER */
  size_t anchor_count;
  int use_p384;          /* keys on P-384 in place of P-256 */
  int code_in_request;   /* the code goes into the request as challengePassword, as some other servers want it */
  struct vs_secure secure;
  struct vs_storage storage;
  struct vs_random random;
  struct vs_clock clock;
  uint8_t *answer; /* 8,192 octets do for servers with two tiers of authorities */
  size_t answer_size;
  uint8_t *record; /* 4,096 do for P-256 keys and chains of three */
  size_t record_size;

  /* What the last answer said. */
  int status;           /* of HTTP; 0: none came */
  uint32_t retry_after; /* seconds to wait after VS_LATER; 0: it did not say */
  int is_pending;       /* VS_LATER because a person has to decide */
  uint64_t renew_from;  /* from when the server wants the identity renewed, seconds since 1970; 0: it did not say */
  char said[96];        /* its words after VS_REFUSED_BY_SERVER, printable */
};

/*
 * Gets the first identity by a one-time code, or by the `birth` identity of the factory; one of both is null. With
 * `again` another one in the place of that in use.
 */
enum vs_result vs_enrol(struct vs_device *device, const char *code, const struct vs_identity *birth, int again);

/* Renews the identity in use, with a new key or with the one that it has. What is new already only proves itself. */
enum vs_result vs_renew(struct vs_device *device, int new_key);

/*
 * To be called daily: finishes what was cut off, asks how the identity stands, and renews it where it is due by its own
 * life (after two thirds, spread over a fleet) or by the server's word. VS_OK: the identity is good, and the server said so if
 * `status` is not 0. A "no" to the identity is VS_CREDENTIAL_REFUSED or VS_HANDSHAKE_REFUSED: ask an operator for a code.
 */
enum vs_result vs_keep_up(struct vs_device *device, int new_key);

/* The identity in use, in the record buffer: valid until the next call. */
enum vs_result vs_identity_in_use(struct vs_device *device, struct vs_identity *identity);

/* From when a certificate is due, seconds since 1970. */
enum vs_result vs_due(struct vs_span certificate, uint64_t *due);

#endif
