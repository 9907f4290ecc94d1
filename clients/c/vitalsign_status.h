/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads compact status files (docs/compact-status.md): which certificates are revoked or held, without asking.
 * C99, no allocation, no dependency. Every input is taken as hostile.
 */
#ifndef VITALSIGN_STATUS_H
#define VITALSIGN_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vss_answer { VSS_FINE = 0, VSS_HELD = 1, VSS_REVOKED = 2, VSS_EXPIRED = 3, VSS_NOT_COVERED = 4 };

enum vss_error {
  VSS_OK = 0,
  VSS_MALFORMED = -1,    /* no status file, or one that was cut off or changed */
  VSS_SIGNATURE = -2,    /* no signature that the callback believes */
  VSS_STALE = -3,        /* past its end: set use_stale if you decided to go on with it */
  VSS_EARLY = -4,        /* of a time that this clock has not reached */
  VSS_DELTA = -5,        /* the delta is malformed, of another file, or gives another one */
  VSS_OLDER = -6         /* not newer than the file that is held, of other roots, or one was not opened */
};

/*
 * Whether `signature` is over the 48 bytes of `message` by the first of `count` certificates, that certificate has
 * the purpose OCSPSigning, and a path of good signatures leads from it to a root that you believe, valid at `at`.
 * Returns 1 for yes. `certificates` are `count` times: two bytes of length, highest first, and a certificate (DER).
 */
typedef int (*vss_verify)(void *context, const uint8_t *message, const uint8_t *certificates, size_t count,
                          const uint8_t *signature, size_t signature_size, uint64_t at);

struct vss_file {
  const uint8_t *bytes, *anchors; /* yours: they stay where they are while the file is used */
  size_t size, signed_size;
  uint32_t number, authorities;
  uint64_t made_at, covers_until, expires_at; /* seconds since 1970 */
  int is_stale;
};

/*
 * Checks form and signature and age; only then is `file` to be asked: one that was not opened covers nothing. `at` is
 * now, in seconds since 1970.
 */
int vss_open(struct vss_file *file, const uint8_t *bytes, size_t size, uint64_t at, int use_stale, vss_verify verify,
             void *context);

/*
 * What is known of a certificate that you validated and that has not expired: `issuer` is the SHA-256 of its
 * issuer's SubjectPublicKeyInfo, `serial` its serial number, 1 to 21 bytes as they stand in the certificate.
 */
enum vss_answer vss_status(const struct vss_file *file, const uint8_t issuer[32], const uint8_t *serial, size_t size);

/*
 * Whether `next` may take the place of `held`: of the same roots, and neither its number nor its time goes back. Who
 * does not trust his own storage keeps `number` where it cannot be set back, and refuses a lower one.
 */
int vss_succeeds(const struct vss_file *held, const struct vss_file *next);

/*
 * The file that a delta leads to, into `out` of `out_size` bytes; `*made` is how long it is, which the delta says at
 * offset 72 (4 bytes, highest first). It is not believed yet: open it. `out` may not overlap the old file.
 */
int vss_apply(const uint8_t *old, size_t old_size, const uint8_t *delta, size_t delta_size, uint8_t *out,
              size_t out_size, size_t *made);

void vss_sha256(const uint8_t *bytes, size_t size, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif

#endif
