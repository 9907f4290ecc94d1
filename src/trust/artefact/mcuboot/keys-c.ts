// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { mcubootKeyOctets, mcubootKinds } from './kinds.ts'

/**
 * The source file that MCUboot is built with to believe these keys: its `bootutil_keys`.
 *
 * The key alone is written, for all keys of one type as a build has it; DER as `mcubootKeyOctets` gives it.
 *
 * @throws TypeError if there is no key, MCUboot checks none of its kind, or they are of several types
 * @see MCUboot boot/bootutil/include/bootutil/sign_key.h, struct bootutil_key; scripts/imgtool/keys/general.py
 */
export function encodeMcubootKeys(keys: readonly PublicKey[]): string {
  const types = new Set(keys.map(({ algorithm }) => mcubootKinds[algorithm]))
  const [type] = types
  if (types.size !== 1 || type === undefined)
    throw new TypeError('MCUboot is built with keys of one type that it checks')
  return [
    ...['/* The keys that this device believes. Public: nothing here is secret. */', ''],
    ...['#include <bootutil/sign_key.h>', ''],
    ...keys.flatMap((key, index) => [...arrayOf(key, index), '']),
    'const struct bootutil_key bootutil_keys[] = {',
    ...keys.map((_, index) => `    { .key = pub_key_${index}, .len = &pub_key_${index}_len },`),
    '};',
    `const int bootutil_key_cnt = ${keys.length};`,
    '',
  ].join('\n')
}

function arrayOf(key: PublicKey, index: number): readonly string[] {
  const octets = mcubootKeyOctets(key)
  const lines: string[] = []
  for (let at = 0; at < octets.length; at += 8) {
    const line = Array.from(octets.subarray(at, at + 8), (octet) => `0x${hex(octet)},`)
    lines.push(`    ${line.join(' ')}`)
  }
  const name = keyAlgorithms[key.algorithm].name
  return [
    `/* ${name}, fingerprint ${key.fingerprint.toHex()} */`,
    `static const unsigned char pub_key_${index}[] = {`,
    ...lines,
    '};',
    `static const unsigned int pub_key_${index}_len = ${octets.length};`,
  ]
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}
