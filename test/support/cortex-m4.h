/* SPDX-License-Identifier: Apache-2.0 */
/* What a judgement takes of the machine, where the machine can tell: the emulated Cortex-M4 can (cortex-m4.c). */
#ifndef CORTEX_M4_H
#define CORTEX_M4_H

#include <stddef.h>
#include <stdint.h>

struct machine_cost {
  size_t stack;          /* octets below the caller's own, at the deepest */
  uint32_t instructions; /* to the nearest 40, where they are counted; 0: more than 671 million */
};

#if defined(__arm__)
void machine_begin(void);
struct machine_cost machine_end(void);
#else
static void machine_begin(void) {}
static struct machine_cost machine_end(void) { return (struct machine_cost){0, 0}; }
#endif

#endif
