/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a bootloader would start the image in a slot, of which the image is the first part. */
#include "board.h"
#include "vitalsign_verify.h"

enum vs_result example_verify_image(struct vs_source slot) {
  uint8_t piece[512];
  struct vs_image image;
  struct vs_trust trust = {0};
  enum vs_result result;
  trust.keys = board_signer_keys;
  trust.key_count = 1;
  trust.has_counter = 1;
  trust.counter = board_counter;
  trust.environment = VS_ANY_ENVIRONMENT;
  result = vs_verify_image(&image, &slot, &trust, piece, sizeof piece);
  if (result != VS_TRAILING_OCTETS) return result;
  slot.size = image.size;
  return vs_verify_image(&image, &slot, &trust, piece, sizeof piece);
}
