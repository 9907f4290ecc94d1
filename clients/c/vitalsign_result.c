/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_result.h"

const char *vs_word(enum vs_result result) {
  static const char *const words[] = {
#define VS_AS_WORD(name, word) word,
      VS_RESULTS(VS_AS_WORD)
#undef VS_AS_WORD
  };
  return (unsigned)result < VS_RESULT_COUNT ? words[result] : "unknown";
}
