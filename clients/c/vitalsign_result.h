/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes of asking or judging: one list, and a word for each that stands in logs, manuals and tests. The words
 * are those of vitalsign-device and of `vitalsign firmware verify`, where they mean the same.
 */
#ifndef VITALSIGN_RESULT_H
#define VITALSIGN_RESULT_H

/* name, word */
#define VS_RESULTS(of)                                                                                     \
  of(VS_OK, "ok")                                                                                          \
  /* not now: the same call may succeed later */                                                           \
  of(VS_LATER, "later")                               /* come again after `retry_after` seconds */         \
  of(VS_SERVER_UNREACHABLE, "server-unreachable")     /* no connection, or no handshake */                 \
  of(VS_CONNECTION_CUT, "connection-cut")             /* the answer did not come whole */                  \
  of(VS_RANDOM_BROKEN, "generator-not-ready")         /* the random port gave nothing */                   \
  of(VS_STORAGE_BROKEN, "storage-broken")             /* the storage port could not read or write */       \
  of(VS_LIBRARY_BROKEN, "library-broken")             /* Mbed TLS had no memory, or lacks what it needs */ \
  /* no: somebody has to change something */                                                               \
  of(VS_NOT_ENROLLED, "not-enrolled")                                                                      \
  of(VS_ENROLLED_ALREADY, "enrolled-already")                                                              \
  of(VS_STATE_DAMAGED, "state-damaged")               /* what is in use cannot be read back */             \
  of(VS_BUFFER_TOO_SMALL, "buffer-too-small")         /* of those that you gave */                         \
  of(VS_SETTINGS_WRONG, "settings-wrong")             /* host, serial, label, code or anchors */           \
  of(VS_SERVER_NOT_TRUSTED, "server-not-trusted")     /* its certificate does not lead to an anchor */     \
  of(VS_SERVER_NAME_WRONG, "server-name-wrong")                                                            \
  of(VS_HANDSHAKE_REFUSED, "handshake-refused")       /* it ended TLS at the sight of our certificate */   \
  of(VS_REFUSED_BY_SERVER, "refused-by-server")       /* `status` and `said` tell more */                  \
  of(VS_CREDENTIAL_REFUSED, "credential-refused")     /* it does not accept our identity */                \
  of(VS_HTTP_MALFORMED, "http-malformed")                                                                  \
  of(VS_ANSWER_TOO_LARGE, "answer-too-large")                                                              \
  of(VS_BASE64_MALFORMED, "base64-malformed")                                                              \
  of(VS_ANSWER_MALFORMED, "answer-malformed")         /* no certs-only CMS, or no whoami */                \
  of(VS_ANSWER_NOT_OURS, "answer-not-ours")           /* of another key, subject or device */              \
  of(VS_CERTIFICATE_MALFORMED, "certificate-malformed")                                                    \
  of(VS_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted")                                                \
  of(VS_CERTIFICATE_EXPIRED, "certificate-expired")                                                        \
  /* of manifests and images: they are not genuine, or not for this device */                              \
  of(VS_SOURCE_BROKEN, "source-broken")               /* the port could not read the image or file */      \
  of(VS_ALGORITHM_NOT_BUILT_IN, "algorithm-not-built-in") /* so it cannot be checked, and is not believed */ \
  of(VS_ALGORITHM_UNKNOWN, "signature-algorithm-unknown")                                                  \
  of(VS_SIGNATURE_WRONG, "signature-wrong")                                                                \
  of(VS_DIGEST_WRONG, "artefact-digest-wrong")                                                             \
  of(VS_ENCRYPTED, "artefact-encrypted")                                                                   \
  of(VS_ENVIRONMENT_WRONG, "artefact-environment-wrong")                                                   \
  of(VS_FIELD_NOT_ALLOWED, "artefact-field-not-allowed")                                                   \
  of(VS_FIELD_TWICE, "artefact-field-twice")                                                               \
  of(VS_HARDWARE_WRONG, "artefact-hardware-wrong")    /* of another product or board */                    \
  of(VS_ARTEFACT_MALFORMED, "artefact-malformed")                                                                   \
  of(VS_NOT_SIGNED, "artefact-not-signed")                                                                 \
  of(VS_SIGNATURE_MISSING, "artefact-signature-missing") /* of a kind that the device demands */           \
  of(VS_SIGNATURES_DIFFER, "artefact-signatures-differ") /* from those that the policy names */            \
  of(VS_SIGNER_UNKNOWN, "artefact-signer-unknown")                                                         \
  of(VS_TRAILING_OCTETS, "artefact-trailing-octets")                                                       \
  of(VS_TRUNCATED, "artefact-truncated")                                                                   \
  of(VS_VERSION_LOWER, "artefact-version-lower")      /* than the device's counter */                      \
  of(VS_VERSION_MISSING, "artefact-version-missing")

enum vs_result {
#define VS_AS_NAME(name, word) name,
  VS_RESULTS(VS_AS_NAME)
#undef VS_AS_NAME
  VS_RESULT_COUNT
};

/* Its word; static, ends with 0. */
const char *vs_word(enum vs_result result);

#endif
