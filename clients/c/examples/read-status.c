/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a certificate that was validated has been revoked since: asked of a status file, without a network. */
#include "board.h"
#include "vitalsign_path.h"
#include "vitalsign_status.h"

enum vss_answer example_read_status(struct vs_span file, const uint8_t issuer[32], struct vs_span serial) {
  struct vs_server roots = {0};
  struct vss_file opened;
  uint64_t now = board_clock.now(board_clock.context);
  roots.anchors = &board_root;
  roots.anchor_count = 1;
  /* What cannot be believed covers nothing: your device decides beforehand what it does then. */
  if (vss_open(&opened, file.bytes, file.size, now, 0, vs_verify_status, &roots) != VSS_OK) return VSS_NOT_COVERED;
  return vss_status(&opened, issuer, serial.bytes, serial.size);
}
