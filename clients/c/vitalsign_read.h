/* SPDX-License-Identifier: Apache-2.0 */
/* What is read where it lies: DER (X.690), X.509, bodies of EST, CBOR (RFC 8949). */
#ifndef VITALSIGN_READ_H
#define VITALSIGN_READ_H

#include "vitalsign_ports.h"

/* --- DER: definite, minimal lengths of at most 65,535 octets, tags of one octet --- */

enum {
  VS_DER_BOOLEAN = 0x01, VS_DER_INTEGER = 0x02, VS_DER_BITS = 0x03, VS_DER_OCTETS = 0x04, VS_DER_OID = 0x06,
  VS_DER_UTC_TIME = 0x17, VS_DER_TIME = 0x18, VS_DER_SEQUENCE = 0x30, VS_DER_SET = 0x31,
  VS_DER_TAGGED = 0xa0 /* + number: constructed, of this place */
};

/* Takes the next value if it has this tag, and moves `from` behind it: 1, else 0 and `from` stays. */
int vs_der_take(struct vs_span *from, uint8_t tag, struct vs_span *content);

/* The same with tag and length in `value`. */
int vs_der_take_whole(struct vs_span *from, uint8_t tag, struct vs_span *value);

/* An INTEGER that is not negative, in its one writing: with the zero that keeps it positive. 1, else 0. */
int vs_der_take_number(struct vs_span *from, struct vs_span *octets);

/* An INTEGER that is this version. */
int vs_der_take_version(struct vs_span *from, uint8_t version);

/* UTCTime or GeneralizedTime as RFC 5280 has them (seconds, Z), in seconds since 1970. */
int vs_der_take_time(struct vs_span *from, uint64_t *seconds);

/*
 * Seconds since 1970 of a text in a form: Y M D h m s stand for digits of year (from 1970, and of two digits up to 2049),
 * month, day, hour, minute, second, b for three letters of a month, ? for anything, all else for itself. The text is at
 * least as long as the form. 1, or 0 if it is none.
 */
int vs_read_time(const char *form, const uint8_t *text, uint64_t *seconds);

/* Seconds since 1970 of a date of the Gregorian calendar, year 1970 to 9999; month and day from 1. */
uint64_t vs_seconds_of(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second);

/* Numbers of some octets, the highest first. */
uint64_t vs_number(const uint8_t *bytes, size_t octets);
void vs_put_number(uint8_t *bytes, size_t octets, uint64_t number);

int vs_same(struct vs_span left, struct vs_span right);
int vs_is(struct vs_span text, const char *word);

/* --- certificates: what our own code reads; signatures, paths and purposes are judged by Mbed TLS (vitalsign_path.h) --- */

/* All parts are views of `der`. */
struct vs_certificate {
  struct vs_span der;
  struct vs_span serial;           /* content of the INTEGER */
  struct vs_span issuer, subject;  /* whole Names */
  struct vs_span public_key;       /* whole SubjectPublicKeyInfo */
  struct vs_span alternative_name; /* whole Extension; empty: there is none */
  uint64_t not_before, not_after;  /* seconds since 1970 */
};

/* RFC 5280: version 3, nothing behind it, no extension twice. 1, or 0 for what is no certificate. */
int vs_read_certificate(struct vs_certificate *certificate, struct vs_span der);

/* The value of the alternative name, content of its SEQUENCE; 0 if there is none. */
int vs_alternative_names(const struct vs_certificate *certificate, struct vs_span *names);

/* Subject, key and alternative name of a PKCS #10 request that was written here; all else of `parts` is empty. */
int vs_read_request(struct vs_certificate *parts, struct vs_span request);

/*
 * RFC 7030 section 4.1.3: a SignedData that signs nothing and holds certificates alone, in any order. `certificates` are
 * the DER values one after the other: take them by vs_der_take_whole. 1, or 0 for anything else.
 */
int vs_read_certs_only(struct vs_span cms, struct vs_span *certificates);

/* A chain that is written: `size` octets of at most `most`. */
struct vs_chain {
  uint8_t *bytes;
  size_t size, most;
};

/* An entry of a chain (two octets of length, and DER) is taken from its front, or put behind it: 1, else 0. */
int vs_take_entry(struct vs_span *chain, struct vs_span *der);
int vs_put_entry(struct vs_chain *chain, struct vs_span der);

/* The first entry of a chain; empty: there is none. */
struct vs_span vs_leaf_of(struct vs_span chain);

/*
 * Decodes a body of EST (RFC 8951 section 3, RFC 4648 section 4) in place; CR, LF, TAB and space may stand anywhere, padding
 * is required and what it leaves over is zero. 1 and the new size, or 0. Nothing at all is refused.
 */
int vs_base64_decode(uint8_t *text, size_t *size);

/*
 * --- deterministic CBOR (section 4.2.1) ---
 * The first thing that is wrong stays: all that follows reads nothing, and it is asked for once, at the end.
 */

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
/* What is read of the inside of a byte string; when that is done, vs_cbor_leave, and its fault is the outer one's. */
struct vs_cbor vs_cbor_inside(struct vs_cbor *from, struct vs_span *all);
void vs_cbor_leave(struct vs_cbor *from, struct vs_cbor *inner);
/* Nothing is left. */
void vs_cbor_end(struct vs_cbor *from);
void vs_cbor_fail(struct vs_cbor *from, enum vs_result wrong);

#endif
