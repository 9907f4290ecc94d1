/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_digest.h"

#include "vitalsign_status.h"

/* In software these cannot fail; an accelerator that does leaves a digest that nothing is equal to. */

void vs_digest_begin(struct vs_digest *digest, unsigned bits) {
  digest->bits = bits;
  if (bits == 256) {
    mbedtls_sha256_init(&digest->state.of_256);
    (void)vs_sha256_starts(&digest->state.of_256);
  } else {
    mbedtls_sha512_init(&digest->state.of_512);
    (void)vs_sha512_starts(&digest->state.of_512, bits == 384);
  }
}

void vs_digest_add(struct vs_digest *digest, const void *bytes, size_t size) {
  if (size == 0) return;
  if (digest->bits == 256) (void)vs_sha256_update(&digest->state.of_256, bytes, size);
  else (void)vs_sha512_update(&digest->state.of_512, bytes, size);
}

void vs_digest_end(struct vs_digest *digest, uint8_t *out) {
  uint8_t whole[64];
  size_t size = digest->bits / 8;
  if (digest->bits == 256) {
    (void)vs_sha256_finish(&digest->state.of_256, whole);
    mbedtls_sha256_free(&digest->state.of_256);
  } else {
    (void)vs_sha512_finish(&digest->state.of_512, whole);
    mbedtls_sha512_free(&digest->state.of_512);
  }
  for (size_t i = 0; i < size; i++) out[i] = whole[i];
}

enum vs_result vs_digest_source(const struct vs_source *source, unsigned bits, uint64_t size, uint8_t *piece, size_t piece_size, uint8_t *out) {
  struct vs_digest digest;
  int broken = piece_size == 0;
  vs_digest_begin(&digest, bits);
  for (uint64_t at = 0; at < size && !broken;) {
    size_t some = size - at < piece_size ? (size_t)(size - at) : piece_size;
    broken = source->read(source->context, at, piece, some) != 0;
    if (!broken) vs_digest_add(&digest, piece, some);
    at += some;
  }
  vs_digest_end(&digest, out);
  return broken ? VS_SOURCE_BROKEN : VS_OK;
}

void vss_sha256(const uint8_t *bytes, size_t size, uint8_t out[32]) {
  struct vs_digest digest;
  vs_digest_begin(&digest, 256);
  vs_digest_add(&digest, bytes, size);
  vs_digest_end(&digest, out);
}
