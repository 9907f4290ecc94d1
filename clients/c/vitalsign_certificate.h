/* SPDX-License-Identifier: Apache-2.0 */
/* What our own code reads in X.509 and CMS; signatures, paths and purposes are judged by Mbed TLS (vitalsign_path.h). */
#ifndef VITALSIGN_CERTIFICATE_H
#define VITALSIGN_CERTIFICATE_H

#include "vitalsign_ports.h"

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

#endif
