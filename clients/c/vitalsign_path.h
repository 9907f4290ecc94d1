/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of certificates: Mbed TLS judges signatures, authorities and purposes, we judge time by the clock port. */
#ifndef VITALSIGN_PATH_H
#define VITALSIGN_PATH_H

#include "vitalsign_mbed.h"

enum { VS_PATH_MOST = 6 };

/* What a path is walked with, and what came of it. `judge` is a callback of mbedtls_x509_crt_verify and of its TLS. */
struct vs_walk {
  uint64_t now, first_end; /* first_end: 0 before the walk */
  int is_late, is_strict; /* strict: the clock is right, and what has not begun is refused */
  size_t count;
  struct vs_span found[VS_PATH_MOST]; /* from the leaf to the anchor, views into Mbed TLS */
};

int vs_walk_judge(void *walk, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

enum vs_purpose { VS_FOR_CLIENTS, VS_FOR_STATUS };

/*
 * Whether `leaf` is a certificate of that purpose with a path to an anchor, by way of `others`: DER one after the other in
 * any order, each behind `prefix` octets; what Mbed TLS cannot read is passed over. The certificates between leaf and anchor
 * are put behind what is in `chain`, if it is not null. Mbed TLS takes a copy of all from its heap.
 */
enum vs_result vs_find_path(const struct vs_server *server, enum vs_purpose purpose, struct vs_span leaf, struct vs_span others, size_t prefix,
                            struct vs_chain *chain);

/* Parses DER anchors into an empty list. */
enum vs_result vs_parse_anchors(mbedtls_x509_crt *list, const struct vs_server *server);

/*
 * A vss_verify whose context is a struct vs_server: its anchors count, its time does not. The signer's certificate says
 * OCSPSigning; it signs by ECDSA with SHA-256, or SHA-384 on P-384.
 */
int vs_verify_status(void *server, const uint8_t *message, const uint8_t *certificates, size_t count, const uint8_t *signature,
                     size_t signature_size, uint64_t at);

#endif
