/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a device its identity by a one-time code; the same call goes on after a cut, and again later after "later". */
#include "board.h"
#include "vitalsign_device.h"
#include "vitalsign_tls.h"

enum vs_result example_enrol(const char *host, uint16_t port, const char *serial, const char *code) {
  static struct vs_tls tls;
  static uint8_t answer[8192], record[4096];
  struct vs_device device = {0};
  device.host = host;
  device.port = port;
  device.serial = serial;
  device.anchors = &board_root;
  device.anchor_count = 1;
  device.secure = vs_tls_port(&tls, board_transport, board_random);
  device.storage = board_storage;
  device.random = board_random;
  device.clock = board_clock;
  device.answer = answer;
  device.answer_size = sizeof answer;
  device.record = record;
  device.record_size = sizeof record;
  return vs_enrol(&device, code, NULL, 0); /* daily from then on: vs_keep_up(&device, 1) */
}
