/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, SHA-384 and SHA-512 of Mbed TLS, piece by piece and without its heap; vitalsign_digest.c gives vss_sha256, too. */
#ifndef VITALSIGN_DIGEST_H
#define VITALSIGN_DIGEST_H

#include "vitalsign_mbed.h"
#include "vitalsign_verify.h"

/* Begun, it is finished once; copies of it may not be made. `bits`: 256, 384 or 512. */
struct vs_digest {
  unsigned bits;
  union {
    mbedtls_sha256_context of_256;
    mbedtls_sha512_context of_512;
  } state;
};

void vs_digest_begin(struct vs_digest *digest, unsigned bits);
void vs_digest_add(struct vs_digest *digest, const void *bytes, size_t size);
/* Writes bits / 8 octets; `out` has room for 64. */
void vs_digest_end(struct vs_digest *digest, uint8_t *out);

/* The digest of the first `size` octets of a source, read in pieces. */
enum vs_result vs_digest_source(const struct vs_source *source, unsigned bits, uint64_t size, uint8_t *piece, size_t piece_size, uint8_t *out);

#endif
