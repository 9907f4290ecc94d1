// SPDX-License-Identifier: Apache-2.0
/** The programs that drive clients/c, for a Cortex-M4 that QEMU emulates: at -Os, with Mbed TLS as a board builds it. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { made, run, strict } from './c-programs.ts'

/** The sources of Mbed TLS, which scripts/peers.sh fetches: Debian has its binaries for computers alone. */
const [mbedTls = ''] = globSync('/usr/src/mbedtls-*').sort().reverse()

/** Why nothing runs on a Cortex-M4 here; false if something can. */
export const noCortexM4: string | false =
  spawnSync('arm-none-eabi-gcc', ['--version']).error !== undefined
    ? 'no compiler for it here (gcc-arm-none-eabi)'
    : spawnSync('qemu-system-arm', ['--version']).error !== undefined
      ? 'no emulator of it here (qemu-system-arm)'
      : !existsSync('/usr/lib/arm-none-eabi/lib/rdimon.specs')
        ? 'no C library for it here (libnewlib-arm-none-eabi)'
        : existsSync(join(mbedTls, 'library/ecp.c'))
          ? false
          : 'no sources of Mbed TLS here (scripts/peers.sh fetches them)'

const machine = ['-mcpu=cortex-m4', '-mthumb']
const settings = [
  ...['-I', join(mbedTls, 'include'), '-I', resolve('clients/c/examples')],
  '-DMBEDTLS_CONFIG_FILE="mbedtls-config.h"',
]
const small = [...machine, '-Os', '-ffunction-sections', '-fdata-sections', ...settings]
const headers = ['-I', resolve('clients/c')]

/** Of its library, what verifying takes. */
const library = [
  ...['asn1parse', 'asn1write', 'base64', 'bignum', 'constant_time', 'ecdsa', 'ecp', 'ecp_curves'],
  ...['hmac_drbg', 'md', 'oid', 'pk', 'pk_wrap', 'pkparse', 'platform', 'platform_util', 'rsa'],
  ...['rsa_internal', 'sha256', 'sha512', 'x509', 'x509_crt'],
]
/** What the verifiers, parsers and readers of the client are, but for the one that ML-DSA changes; the rest wants a network. */
const verifiers = [
  ...['base64', 'cbor', 'certificate', 'crypto', 'der', 'http', 'image', 'path', 'result'],
  'status',
]

/**
 * The driver that the host runs as `verify`, and what it is started by.
 *
 * @param counts whether each instruction takes a nanosecond of the machine's time, which is slower
 */
export function emulatedVerify(
  withChip: boolean,
  counts = false,
): readonly [command: string, words: readonly string[]] {
  const defines = withChip ? ['-DVITALSIGN_ML_DSA'] : []
  const built = made(withChip ? 'cortex-m4-verify-with-a-chip' : 'cortex-m4-verify', (place) => {
    const words = [...strict, ...headers, ...small, ...defines, '-c']
    run('arm-none-eabi-gcc', [...words, sourceOf('manifest')], place)
    const alike = made('cortex-m4-verifiers', compileVerifiers)
    const objects = [
      join(place, 'vitalsign_manifest.o'),
      ...verifiers.map((name) => join(alike, `vitalsign_${name}.o`)),
    ]
    const mine = ['c-verify.c', 'cortex-m4.c'].map((name) => join('test/support', name))
    const linked = [...mine, ...objects, join(made('cortex-m4-mbedtls', compileLibrary), 'mbed.a')]
    const link = ['--specs=rdimon.specs', '-T', 'test/support/cortex-m4.ld', '-Wl,--gc-sections']
    const all = [...headers, ...small, ...defines, ...link, '-o', join(place, 'program'), ...linked]
    run('arm-none-eabi-gcc', ['-std=c99', ...all], '.')
  })
  const counted = counts ? ['-icount', 'shift=0'] : []
  return ['qemu-system-arm', [...board, ...counted, '-kernel', join(built, 'program')]]
}

/** The driver that the host runs as `status reader`: no Mbed TLS is in it. */
export function emulatedStatusReader(): readonly [command: string, words: readonly string[]] {
  const built = made('cortex-m4-status-reader', (place) => {
    const sources = ['status', 'sha256'].map(sourceOf)
    run('arm-none-eabi-gcc', [...strict, ...machine, '-Os', '-c', ...sources], place)
    const objects = ['vitalsign_status.o', 'vitalsign_sha256.o'].map((name) => join(place, name))
    const mine = ['status-reader.c', 'cortex-m4.c'].map((name) => join('test/support', name))
    const link = ['--specs=rdimon.specs', '-T', 'test/support/cortex-m4.ld', '-Wl,--gc-sections']
    const all = [...machine, '-Os', ...link, '-o', join(place, 'program'), ...mine, ...objects]
    run('arm-none-eabi-gcc', ['-std=c99', ...all], '.')
  })
  return ['qemu-system-arm', [...board, '-kernel', join(built, 'program')]]
}

/** Nothing but semihosting leads out. */
const board = [
  ...['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none'],
  ...['-semihosting-config', 'enable=on,target=native'],
]

const sourceOf = (name: string) => resolve(`clients/c/vitalsign_${name}.c`)

function compileVerifiers(place: string): void {
  const words = [...strict, ...headers, ...small, '-c']
  run('arm-none-eabi-gcc', [...words, ...verifiers.map(sourceOf)], place)
}

function compileLibrary(place: string): void {
  const sources = library.map((name) => join(mbedTls, 'library', `${name}.c`))
  run('arm-none-eabi-gcc', ['-std=c99', ...small, '-c', ...sources], place)
  run(
    'arm-none-eabi-ar',
    ['rcs', 'mbed.a', ...sources.map((source) => `${basename(source, '.c')}.o`)],
    place,
  )
}
