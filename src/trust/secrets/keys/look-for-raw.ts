// SPDX-License-Identifier: Apache-2.0
import type { Surroundings, Tell } from '../sight.ts'

/** What may be a key without any form; whether it is one is known when all public keys of the image are. */
const keyOctets = 32
/** Only files as small as this are searched through: a key kept by itself, or a block of settings in flash. */
const smallFile = 4_096
/** Around a certificate in a larger file: devices keep both in one page of flash. */
export const nearCertificate = 512
/** Of 32 octets of chance fewer than 24 different ones come once in ten million; texts and tables have fewer. */
const leastDifferent = 24

/** Octets that may be a key in a small file: 32 alone, aligned by four in flash, or as hexadecimal, base64 or a C array. */
export function lookForRawKeys(file: Surroundings, tell: Tell): void {
  const { head, isWhole, isText } = file
  if (!isWhole || head.length < keyOctets || head.length > smallFile) return
  if (isText) lookInText(file, tell)
  // Of 32 octets of chance one in forty has no sign that a text would not have.
  if (!isText || !isAscii(head)) lookAligned(head, 0, tell)
}

function isAscii(octets: Uint8Array): boolean {
  for (let at = 0; at < octets.length; at++) if (octets[at]! >= 0x80) return false
  return true
}

/**
 * So many windows of a file may look like chance: around one key there are five. A file with more is compressed or
 * encrypted, and no key lies in it as it is.
 */
const mostWindows = 12

/** @param base of the octets in the file */
export function lookAligned(octets: Uint8Array, base: number, tell: Tell): void {
  const first = (4 - (base % 4)) % 4
  const windows: number[] = []
  for (let at = first; at + keyOctets <= octets.length && windows.length <= mostWindows; at += 4)
    if (looksLikeChance(octets, at)) windows.push(at)
  if (windows.length > mostWindows) return
  for (const at of windows) traceCandidate(octets.subarray(at, at + keyOctets), base + at, tell)
}

/** When an octet was seen last: counted up with each window, so that it need not be emptied. */
const seen = new Uint32Array(256)
let window = 0

function looksLikeChance(octets: Uint8Array, at: number): boolean {
  window = window === 0xffff_ffff ? 1 : window + 1
  let repeated = 0
  for (let index = at; index < at + keyOctets; index++) {
    const octet = octets[index]!
    if (seen[octet] === window) {
      repeated += 1
      if (repeated > keyOctets - leastDifferent) return false
    }
    seen[octet] = window
  }
  return true
}

interface TextForm {
  readonly pattern: RegExp
  readonly read: (text: string) => Uint8Array
}

/** A run of digits or of base64, and nothing of the kind beside it. */
const runForms: readonly TextForm[] = [
  {
    pattern: /(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])/g,
    read: (text) => Uint8Array.fromHex(text),
  },
  {
    pattern: /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{43}=/g,
    read: (text) => Uint8Array.fromBase64(text),
  },
  {
    pattern: /(?<![A-Za-z0-9+/_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9+/_=-])/g,
    read: (text) => Uint8Array.fromBase64(text, { alphabet: 'base64url' }),
  },
]
const arrayForm: TextForm = {
  pattern: /(?:0x[0-9A-Fa-f]{2}[\s,]+){31}0x[0-9A-Fa-f]{2}/g,
  read: (text) => Uint8Array.fromHex(text.replace(/0x|[\s,]/g, '')),
}
const colonForm: TextForm = {
  pattern: /(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}/g,
  read: (text) => Uint8Array.fromHex(text.replaceAll(':', '')),
}

/** Most texts can hold none of the forms, and no characters are made of their octets. */
function lookInText(file: Surroundings, tell: Tell): void {
  const { head } = file
  const forms = [
    ...(hasRun(head) ? runForms : []),
    ...(hasMany(head, 0x78, keyOctets) ? [arrayForm] : []),
    ...(hasColons(head) ? [colonForm] : []),
  ]
  for (const { pattern, read } of forms)
    for (const found of file.text.matchAll(pattern)) traceText(read(found[0]), found.index, tell)
}

/** Characters of 32 octets in base64, and in hexadecimal. */
const [base64Run, hexRun] = [43, 64]

/** By an octet: whether it is a sign of base64, in either alphabet. */
const isSign = new Uint8Array(256)
for (const octet of new TextEncoder().encode(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-',
))
  isSign[octet] = 1

/**
 * Whether there is a run of signs of base64 that is a key, or long enough for one in hexadecimal. Looked for from where
 * its end would be, so that of words only the last letters are looked at.
 */
function hasRun(octets: Uint8Array): boolean {
  for (let start = 0; start + base64Run <= octets.length; ) {
    let at = start + base64Run - 1
    while (at >= start && isSign[octets[at]!] === 1) at -= 1
    if (at >= start) {
      start = at + 1
      continue
    }
    let end = start + base64Run
    while (end < octets.length && isSign[octets[end]!] === 1) end += 1
    if (end - start === base64Run || end - start >= hexRun) return true
    start = end + 1
  }
  return false
}

function hasMany(octets: Uint8Array, octet: number, many: number): boolean {
  let at = -1
  for (let count = 0; count < many; count++) {
    at = octets.indexOf(octet, at + 1)
    if (at === -1) return false
  }
  return true
}

/** Of 95 characters between pairs of digits each third is a colon, wherever one looks. */
function hasColons(octets: Uint8Array): boolean {
  for (let at = 0; at < octets.length; at += 88)
    for (let colon = at; colon < at + 3; colon++)
      if (octets[colon] === 0x3a && (octets[colon + 3] === 0x3a || octets[colon - 3] === 0x3a))
        return true
  return false
}

function traceText(octets: Uint8Array, offset: number, tell: Tell): void {
  if (looksLikeChance(octets, 0)) traceCandidate(octets, offset, tell)
}

function traceCandidate(octets: Uint8Array, offset: number, tell: Tell): void {
  tell.trace({ kind: 'raw-candidate', offset, octets, facts: {} })
}
