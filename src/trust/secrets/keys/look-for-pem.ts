// SPDX-License-Identifier: Apache-2.0
import { lookAtCertificate } from '../certificates/look-for-certificates.ts'
import { lookAtPublicKey } from '../certificates/look-for-public-keys.ts'
import { ahead, type Look, type Sight, type Tell, textOf } from '../sight.ts'
import { readDerKey } from './der-key.ts'
import { type LooseBlock, readLooseBlock } from './pem-in-text.ts'
import { readOpenSshKey } from './ssh-key.ts'
import { tellDerKey, tellSealedKey, tellSshKey } from './tell-key.ts'

const encoder = new TextEncoder()

/**
 * DER in base64 without PEM around it: the octets after the header of the SEQUENCE, and how many characters before them
 * the base64 begins, which depends on how long the header is.
 */
const derBeginnings = [
  // PKCS #8: 02 01 00 30 after 2, 3 and 4 octets.
  ...([['CAQAw', 3] as const, ['AgEAM', 4] as const, ['IBADA', 6] as const] as const),
  // PKCS #1: 02 01 00 02 81 or 82 after 4.
  ...([['IBAAKB', 6] as const, ['IBAAKC', 6] as const] as const),
  // SEC 1: 02 01 01 04 and the size of the scalar.
  ...([['CAQEEI', 3] as const, ['AgEBBD', 4] as const, ['AgEBBE', 4] as const] as const),
] as const

/** Keys and certificates in PEM, in texts and programs, and in base64 once more. */
export const lookForPem: readonly Look[] = [
  { octets: encoder.encode('-----BEGIN '), look: lookAtPem },
  // The same in base64: of `-----BEGI`, and half of the next octet.
  { octets: encoder.encode('LS0tLS1CRUdJTi'), look: lookAtBase64OfPem },
  ...derBeginnings.map(([text, before]) => ({
    octets: encoder.encode(text),
    look: (sight: Sight, tell: Tell) => lookAtBase64OfDer(sight, before, tell),
  })),
]

/** No key in base64 is longer: RSA of 16,384 bits has 12,600 characters. */
const longestKeyText = 16_384

function lookAtPem({ octets, at, base, file }: Sight, tell: Tell): void {
  // Before the costly search for its end: only labels of ours.
  const label = textOf(octets.subarray(at + 11, at + 60))
  if (!/^(?:[A-Z0-9]+ ){0,4}(?:PRIVATE KEY|CERTIFICATE|PUBLIC KEY)-----/.test(label)) return
  if (!tell.spend(3)) return
  const most = label.includes('CERTIFICATE') ? ahead : longestKeyText + 4_096
  const block = readLooseBlock(textOf(octets.subarray(at, at + most)))
  if (block !== undefined) tellBlock(block, base + at, 'PEM', file.now, tell)
}

function tellBlock(
  { label, bytes, isEncrypted }: LooseBlock,
  offset: number,
  wrap: string,
  now: Temporal.Instant,
  tell: Tell,
): void {
  if (label.endsWith('CERTIFICATE')) lookAtCertificate(bytes, offset, now, tell)
  else if (label.endsWith('PUBLIC KEY')) lookAtPublicKey(bytes, offset, tell)
  else if (!tell.spend(20)) return
  else if (isEncrypted) {
    // Whole blocks of DES or AES.
    if (bytes.length % 8 === 0) tellSealedKey(`encrypted ${wrap}`, bytes, offset, tell)
  } else tellOpenBlock(bytes, offset, wrap, tell)
}

function tellOpenBlock(bytes: Uint8Array, offset: number, wrap: string, tell: Tell): void {
  const ssh = readOpenSshKey(bytes)
  const key = ssh === undefined ? readDerKey(bytes) : undefined
  if (ssh !== undefined) tellSshKey(ssh, offset, tell)
  if (key !== undefined) tellDerKey(key, wrap, bytes, offset, tell)
}

function lookAtBase64OfPem({ octets, at, base, file }: Sight, tell: Tell): void {
  if (!tell.spend(3)) return
  const decoded = base64From(octets, at)
  if (decoded === undefined) return
  const text = textOf(decoded)
  // A file may hold several blocks; each is told where the base64 begins.
  for (let begin = 0; begin !== -1; begin = text.indexOf('-----BEGIN ', begin + 11)) {
    if (!tell.spend(1)) return
    const block = readLooseBlock(text.slice(begin))
    if (block !== undefined) tellBlock(block, base + at, 'base64 of PEM', file.now, tell)
  }
}

function lookAtBase64OfDer({ octets, at, base }: Sight, before: number, tell: Tell): void {
  const start = at - before
  // 30 is the M of all that begins with a SEQUENCE.
  if (octets[start] !== 0x4d || !tell.spend(20)) return
  const bytes = base64From(octets.subarray(0, start + longestKeyText), start)
  const key = bytes && readDerKey(withoutRest(bytes))
  if (key !== undefined) tellDerKey(key, 'base64', bytes!, base + start, tell)
}

/** A run of base64, broken into lines or not; its padding may be missing. */
function base64From(octets: Uint8Array, at: number): Uint8Array | undefined {
  const run = /^[A-Za-z0-9+/]+(?:(?:\r?\n|\\n)[ \t]*[A-Za-z0-9+/]+)*/.exec(
    textOf(octets.subarray(at)),
  )
  const text = run?.[0].replace(/\\n|\s/g, '') ?? ''
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text
  return whole === '' ? undefined : Uint8Array.fromBase64(whole, { lastChunkHandling: 'loose' })
}

/** Up to the end of the first value: what follows in a run of lines is something else. */
function withoutRest(bytes: Uint8Array): Uint8Array {
  const [, first = 0, second = 0, third = 0] = bytes
  if (first < 0x80) return bytes.subarray(0, 2 + first)
  if (first === 0x81) return bytes.subarray(0, 3 + second)
  return bytes.subarray(0, 4 + second * 256 + third)
}
