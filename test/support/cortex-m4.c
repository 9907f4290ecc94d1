/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's Cortex-M4 (mps2-an386) as a machine for what drives clients/c: where it begins, how deep the stack went, how many
 * instructions were run. Files and lines come by semihosting (newlib's rdimon): a driver is the one that runs on the host.
 */
#include "cortex-m4.h"

#include <stdlib.h>

extern void _start(void);
extern uint32_t __stack;

static void fault(void) { abort(); }

/* What the processor reads first: the top of the stack, where to begin, and where faults go. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*handlers[15])(void);
} vectors = {&__stack, {_start, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault}};

enum { painted = 64 * 1024, paint = 0xa5, spared = 128 /* what this file's own functions take */ };

/*
 * SysTick counts down from 2^24 at the board's 25 MHz. With `-icount shift=0` an instruction takes a nanosecond of that
 * time: a tick is 40 of them.
 */
static volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010;
enum { control, reload, current, ticks_most = 0xffffff, is_running = 5, has_wrapped = 0x10000 };

static volatile uint8_t *top;

void machine_begin(void) {
  uint8_t *here;
  __asm__ volatile("mov %0, sp" : "=r"(here));
  top = here - spared;
  for (ptrdiff_t at = 1; at <= painted; at++) top[-at] = paint;
  systick[reload] = ticks_most;
  systick[current] = 0;
  systick[control] = is_running;
}

struct machine_cost machine_end(void) {
  uint32_t ticks = ticks_most - systick[current];
  struct machine_cost cost;
  ptrdiff_t used = painted;
  while (used > 0 && top[-used] == paint) used--;
  cost.stack = (size_t)used + spared;
  cost.instructions = (systick[control] & has_wrapped) != 0 ? 0 : ticks * 40;
  return cost;
}
