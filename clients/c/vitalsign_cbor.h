/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads deterministic CBOR (RFC 8949 section 4.2.1) where it lies. The first thing that is wrong stays: all that follows
 * reads nothing, and it is asked for once, at the end.
 */
#ifndef VITALSIGN_CBOR_H
#define VITALSIGN_CBOR_H

#include "vitalsign_ports.h"

enum { VS_CBOR_UNSIGNED, VS_CBOR_NEGATIVE, VS_CBOR_BYTES, VS_CBOR_TEXT, VS_CBOR_ARRAY, VS_CBOR_MAP, VS_CBOR_TAG };

struct vs_cbor {
  struct vs_span rest;
  enum vs_result wrong; /* VS_OK, VS_TRUNCATED, VS_TRAILING_OCTETS or VS_ARTEFACT_MALFORMED */
};

/* The number of a head of this type, at most 2^53 - 1 and `most`. */
uint64_t vs_cbor_head(struct vs_cbor *from, unsigned type, uint64_t most);
/* The same where only one number is right. */
void vs_cbor_expect(struct vs_cbor *from, unsigned type, uint64_t number);
int64_t vs_cbor_integer(struct vs_cbor *from);
/* A byte string of `least` to `most` octets. */
struct vs_span vs_cbor_bytes(struct vs_cbor *from, size_t least, size_t most);
/* Text of 1 to `most` octets, UTF-8, without control characters. */
struct vs_span vs_cbor_text(struct vs_cbor *from, size_t most);
/* What is read of the inside of a byte string; when that is done, vs_cbor_end(inner), and its fault is the outer one's. */
struct vs_cbor vs_cbor_inside(struct vs_cbor *from, struct vs_span *all);
void vs_cbor_end(struct vs_cbor *from);
void vs_cbor_fail(struct vs_cbor *from, enum vs_result wrong);

#endif
