// SPDX-License-Identifier: Apache-2.0
import type { Look, Sight, Tell } from '../sight.ts'
import { textOf } from '../sight.ts'
import { readOpenSshKey, readPuttyKey } from './ssh-key.ts'
import { tellSshKey } from './tell-key.ts'

const encoder = new TextEncoder()

/** Keys of SSH that are not in PEM: the octets of OpenSSH alone, and the text of PuTTY. */
export const lookForSshKeys: readonly Look[] = [
  { octets: encoder.encode('openssh-key-v1\0'), look: lookAtOpenSsh },
  { octets: encoder.encode('PuTTY-User-Key-File-'), look: lookAtPutty },
]

/** A key of RSA 16,384 has 9 kB. */
const mostOctets = 16_384

function lookAtOpenSsh({ octets, at, base }: Sight, tell: Tell): void {
  if (!tell.spend(20)) return
  const bytes = octets.subarray(at, at + mostOctets)
  const key = readOpenSshKey(bytes)
  if (key !== undefined) tellSshKey(key, base + at, tell)
}

function lookAtPutty({ octets, at, base }: Sight, tell: Tell): void {
  if (!tell.spend(20)) return
  const bytes = octets.subarray(at, at + mostOctets)
  const key = readPuttyKey(textOf(bytes))
  if (key !== undefined) tellSshKey(key, base + at, tell)
}
