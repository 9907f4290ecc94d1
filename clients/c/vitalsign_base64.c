/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_read.h"

#include <string.h>

#include <mbedtls/base64.h>

int vs_base64_decode(uint8_t *text, size_t *size) {
  uint8_t four[4], again[5];
  size_t held = 0, made = 0, count = 3, same;
  for (size_t i = 0; i < *size; i++) {
    if (text[i] == '\r' || text[i] == '\n' || text[i] == '\t' || text[i] == ' ') continue;
    four[held++] = text[i];
    if (held < 4) continue;
    held = 0;
    /* Nothing follows what was padded. Mbed TLS takes bits that are left over: what was read has one writing. */
    if (count < 3 || mbedtls_base64_decode(text + made, 3, &count, four, 4) != 0) return 0;
    if (mbedtls_base64_encode(again, sizeof again, &same, text + made, count) != 0 || memcmp(again, four, 4) != 0) return 0;
    made += count;
  }
  *size = made;
  return held == 0 && made > 0;
}
