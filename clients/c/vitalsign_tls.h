/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS client of Mbed TLS over your transport: TLS 1.2 (and 1.3 where the library has it), forward secrecy and
 * authenticated encryption only, the server's name and path always checked. From Mbed TLS's heap it takes two record
 * buffers and the certificates of both sides; docs/guides/small-devices.md has figures.
 */
#ifndef VITALSIGN_TLS_H
#define VITALSIGN_TLS_H

#include <mbedtls/ssl.h>

#include "vitalsign_path.h"

/* Yours: 1 to 2 kB that stay where they are; what is in it is ours. */
struct vs_tls {
  struct vs_transport transport;
  struct vs_random random;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config configuration;
  mbedtls_x509_crt anchors, own;
  mbedtls_pk_context key;
  struct vs_walk walk;
  const char *host;
  enum vs_result broken;
};

/* The port that works with `tls`. */
struct vs_secure vs_tls_port(struct vs_tls *tls, struct vs_transport transport, struct vs_random random);

#endif
