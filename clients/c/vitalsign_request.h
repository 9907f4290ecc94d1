/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and PKCS #10 requests (RFC 2986). */
#ifndef VITALSIGN_REQUEST_H
#define VITALSIGN_REQUEST_H

#include "vitalsign_mbed.h"
#include "vitalsign_ports.h"

/* What a request asks for. */
struct vs_wanted {
  const char *serial;              /* subject CN and serialNumber; null: `subject` is given */
  struct vs_span subject;          /* a whole Name: of the certificate that is renewed, to the octet */
  struct vs_span alternative_name; /* a whole Extension, or empty */
  const char *challenge_password;  /* null: none */
};

/* Makes a key on this curve into an empty context; mbedtls_pk_free it. */
enum vs_result vs_make_key(mbedtls_pk_context *key, mbedtls_ecp_group_id curve, const struct vs_random *random);

/* Reads a private key, DER, into an empty context. */
enum vs_result vs_read_key(mbedtls_pk_context *key, struct vs_span der, const struct vs_random *random);

/* Writes the key (SEC 1 or PKCS #1) to the beginning of `out`. */
enum vs_result vs_write_key(mbedtls_pk_context *key, uint8_t *out, size_t room, size_t *size);

/* Writes the signed request, DER, to the beginning of `out`; up to 1 kB more of it is used on the way. */
enum vs_result vs_write_request(mbedtls_pk_context *key, const struct vs_wanted *wanted, const struct vs_random *random,
                                uint8_t *out, size_t room, size_t *size);

#endif
