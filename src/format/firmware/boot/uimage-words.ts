// SPDX-License-Identifier: Apache-2.0
/** U-Boot include/image.h: what the numbers of a legacy image mean, in the words of mkimage. */

export const systems: Readonly<Record<number, string>> = {
  ...{ 0: 'invalid', 1: 'openbsd', 2: 'netbsd', 3: 'freebsd', 4: '4_4bsd', 5: 'linux', 6: 'svr4' },
  ...{ 7: 'esix', 8: 'solaris', 9: 'irix', 10: 'sco', 11: 'dell', 12: 'ncr', 13: 'lynxos' },
  ...{ 14: 'vxworks', 15: 'psos', 16: 'qnx', 17: 'u-boot', 18: 'rtems', 19: 'artos' },
  ...{ 20: 'unity', 21: 'integrity', 22: 'ose', 23: 'plan9', 24: 'openrtos' },
  ...{ 25: 'arm-trusted-firmware', 26: 'tee', 27: 'opensbi', 28: 'efi', 29: 'elf' },
}

export const architectures: Readonly<Record<number, string>> = {
  ...{ 0: 'invalid', 1: 'alpha', 2: 'arm', 3: 'x86', 4: 'ia64', 5: 'mips', 6: 'mips64' },
  ...{ 7: 'powerpc', 8: 's390', 9: 'sh', 10: 'sparc', 11: 'sparc64', 12: 'm68k', 13: 'nios' },
  ...{ 14: 'microblaze', 15: 'nios2', 16: 'blackfin', 17: 'avr32', 18: 'st200', 19: 'sandbox' },
  ...{ 20: 'nds32', 21: 'or1k', 22: 'arm64', 23: 'arc', 24: 'x86_64', 25: 'xtensa', 26: 'riscv' },
}

export const imageTypes: Readonly<Record<number, string>> = {
  ...{ 0: 'invalid', 1: 'standalone', 2: 'kernel', 3: 'ramdisk', 4: 'multi', 5: 'firmware' },
  ...{ 6: 'script', 7: 'filesystem', 8: 'flat_dt', 9: 'kwbimage', 10: 'imximage' },
  ...{ 11: 'ublimage', 12: 'omapimage', 13: 'aisimage', 14: 'kernel_noload', 15: 'pblimage' },
}

export const compressions: Readonly<Record<number, string>> = {
  ...{ 0: 'none', 1: 'gzip', 2: 'bzip2', 3: 'lzma', 4: 'lzo', 5: 'lz4', 6: 'zstd' },
}

/** The word, or the number where there is none yet. */
export function wordOf(words: Readonly<Record<number, string>>, value: number): string {
  return words[value] ?? `${value}`
}
