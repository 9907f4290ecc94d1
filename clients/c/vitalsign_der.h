/* SPDX-License-Identifier: Apache-2.0 */
/* Reads DER (X.690) where it lies: definite, minimal lengths of at most 65,535 octets, tags of one octet. */
#ifndef VITALSIGN_DER_H
#define VITALSIGN_DER_H

#include "vitalsign_ports.h"

enum {
  VS_DER_BOOLEAN = 0x01, VS_DER_INTEGER = 0x02, VS_DER_BITS = 0x03, VS_DER_OCTETS = 0x04, VS_DER_OID = 0x06,
  VS_DER_UTC_TIME = 0x17, VS_DER_TIME = 0x18, VS_DER_SEQUENCE = 0x30, VS_DER_SET = 0x31,
  VS_DER_TAGGED = 0xa0 /* + number: constructed, of this place */
};

/* Takes the next value if it has this tag, and moves `from` behind it: 1, else 0 and `from` stays. */
int vs_der_take(struct vs_span *from, uint8_t tag, struct vs_span *content);

/* The same with tag and length in `value`. */
int vs_der_take_whole(struct vs_span *from, uint8_t tag, struct vs_span *value);

/* The tag that comes next; 0 at the end. */
uint8_t vs_der_next(const struct vs_span *from);

/* An INTEGER that is not negative, in its one writing: with the zero that keeps it positive. 1, else 0. */
int vs_der_take_number(struct vs_span *from, struct vs_span *octets);

/* The same of 0 to 65,535. */
int vs_der_take_small(struct vs_span *from, unsigned *value);

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

#endif
