/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_http.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(uint8_t character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (character >= '0' && character <= '9') return character - '0' + 52;
  return character == '+' ? 62 : character == '/' ? 63 : -1;
}

int vs_base64_decode(uint8_t *text, size_t *size) {
  uint32_t bits = 0;
  size_t made = 0, held = 0, padding = 0;
  for (size_t i = 0; i < *size; i++) {
    uint8_t character = text[i];
    if (character == '\r' || character == '\n' || character == '\t' || character == ' ') continue;
    if (character == '=') {
      if (++padding > 2 || held + padding > 4 || held < 2) return 0;
      continue;
    }
    if (padding > 0 || value_of(character) < 0) return 0;
    bits = bits << 6 | (uint32_t)value_of(character);
    if (++held < 4) continue;
    text[made++] = (uint8_t)(bits >> 16);
    text[made++] = (uint8_t)(bits >> 8);
    text[made++] = (uint8_t)bits;
    held = 0;
  }
  if (held == 1 || (held > 0 && held + padding != 4) || (held == 0 && padding > 0)) return 0;
  if ((held == 2 && (bits & 0xf) != 0) || (held == 3 && (bits & 3) != 0)) return 0;
  if (held == 3) bits >>= 2, text[made++] = (uint8_t)(bits >> 8), text[made++] = (uint8_t)bits;
  else if (held == 2) text[made++] = (uint8_t)(bits >> 4);
  *size = made;
  return made > 0;
}

void vs_base64_encode(const uint8_t *bytes, size_t size, uint8_t text[4]) {
  uint32_t bits = (uint32_t)bytes[0] << 16;
  if (size > 1) bits |= (uint32_t)bytes[1] << 8;
  if (size > 2) bits |= bytes[2];
  for (size_t i = 0; i < 4; i++) text[i] = i <= size ? (uint8_t)alphabet[bits >> (18 - 6 * i) & 63] : (uint8_t)'=';
}
