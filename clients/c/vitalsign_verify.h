/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a device is to believe what it received: outer manifests (docs/outer-manifest.md) and images of MCUboot.
 * No allocation of its own; Mbed TLS takes some kB of its heap for one key at a time.
 */
#ifndef VITALSIGN_VERIFY_H
#define VITALSIGN_VERIFY_H

#include "vitalsign_ports.h"

/* Octets that are read piece by piece: from flash, a file, a download that is kept. `read` gives 0 once it read all. */
struct vs_source {
  void *context;
  uint64_t size;
  int (*read)(void *context, uint64_t offset, uint8_t *bytes, size_t size);
};

enum vs_environment { VS_TRIAL, VS_TEST, VS_PRODUCTION, VS_ANY_ENVIRONMENT };

/* What the device brings along; everything in it is its own, none of it comes with what is judged. */
struct vs_trust {
  const struct vs_span *keys; /* SubjectPublicKeyInfo, DER; points of curves uncompressed */
  size_t key_count;
  int demands_both;    /* of a manifest: a classical and an ML-DSA-65 or -87 signature, whatever its policy names */
  int has_counter;     /* the monotonic counter; raise it once the new image has proved itself */
  uint32_t counter;
  enum vs_environment environment;
  const char *product, *hardware; /* null: not asked */
};

/* --- outer manifests --- */

enum { VS_POLICY_MOST = 4, VS_MANIFEST_MOST = 65536 };

/* Views of the envelope; the parts are checked, whoever signed. */
struct vs_manifest {
  struct vs_span product, version; /* UTF-8 */
  uint32_t security_version;
  enum vs_environment environment;
  unsigned kind;    /* 0 security, 1 feature, 2 configuration */
  uint64_t made_at; /* seconds since 1970 */
  size_t file_count, policy_count;
  struct vs_span files, hardware; /* CBOR: so many items one after the other */
  size_t hardware_count;
  struct vs_policy_row {
    int64_t algorithm; /* of COSE */
    struct vs_span key_id;
  } policy[VS_POLICY_MOST];
};

/* Judges a whole envelope; VS_OK alone means that it is to be believed. `manifest` may be read only then. */
enum vs_result vs_verify_manifest(struct vs_manifest *manifest, struct vs_span envelope, const struct vs_trust *trust);

/* Whether the octets of a source are one of the files of a manifest that was believed. `piece`: 64 octets or more. */
enum vs_result vs_verify_file(const struct vs_manifest *manifest, const struct vs_source *source, uint8_t *piece, size_t piece_size);

/*
 * ML-DSA is not in Mbed TLS. With VITALSIGN_ML_DSA defined, this is yours: 1 if `signature` (FIPS 204, pure, empty
 * context) is by `key` over the pieces of the message one after the other. Without, its rows are refused by name.
 */
int vitalsign_ml_dsa_verify(unsigned strength /* 44, 65, 87 */, struct vs_span key, const struct vs_span *message, size_t pieces,
                            struct vs_span signature);

/* --- images of MCUboot --- */

enum { VS_IMAGE_VALUES_MOST = 64 };

struct vs_image {
  uint64_t size; /* where the image ends: set also with VS_TRAILING_OCTETS, for who reads a slot and calls again */
  uint8_t major, minor;
  uint16_t revision;
  uint32_t build;
  int has_counter;
  uint32_t counter;
};

/*
 * Judges an image as a bootloader with these keys does, and more strictly than its usual build: ECDSA on P-256 and P-384,
 * RSA-2048 and -3072 PSS. Images that are encrypted, packed, or signed by Ed25519 are refused by name. `piece`: 512 octets
 * or more. It tells nothing of product or environment: a manifest does.
 */
enum vs_result vs_verify_image(struct vs_image *image, const struct vs_source *source, const struct vs_trust *trust, uint8_t *piece,
                               size_t piece_size);

#endif
