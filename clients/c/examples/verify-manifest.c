/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an update is to be taken: a manifest that a classical and an ML-DSA key signed, and the file that it names. */
#include "board.h"
#include "vitalsign_verify.h"

enum vs_result example_verify_manifest(struct vs_span envelope, const struct vs_source *file) {
  uint8_t piece[512];
  struct vs_manifest manifest;
  struct vs_trust trust = {0};
  enum vs_result result;
  trust.keys = board_signer_keys;
  trust.key_count = 2;
  trust.demands_both = 1;
  trust.has_counter = 1;
  trust.counter = board_counter;
  trust.environment = VS_PRODUCTION;
  trust.product = "pump-7";
  trust.hardware = "board-c";
  result = vs_verify_manifest(&manifest, envelope, &trust);
  return result == VS_OK ? vs_verify_file(&manifest, file, piece, sizeof piece) : result;
}
