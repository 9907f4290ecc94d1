/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 of RFC 4648 section 4, as EST bodies are (RFC 8951 section 3). */
#ifndef VITALSIGN_BASE64_H
#define VITALSIGN_BASE64_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes in place; CR, LF, TAB and space may stand anywhere, padding is required and what it leaves over is zero. 1 and
 * the new size, or 0. Nothing at all is refused.
 */
int vs_base64_decode(uint8_t *text, size_t *size);

/* Encodes 1 to 3 octets into 4 characters. */
void vs_base64_encode(const uint8_t *bytes, size_t size, uint8_t text[4]);

#endif
