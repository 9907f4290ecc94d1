// SPDX-License-Identifier: Apache-2.0
/**
 * A share as a custodian keeps it: text that can be printed, read, and typed back.
 *
 *     vitalsign ceremony share 1
 *     vault      0123456789abcdef0123456789abcdef
 *     title      Acme Medical: device roots
 *     share      2 of 3, 2 are needed, set 1
 *     custodian  Grace Hopper
 *     sealed     argon2id 65536 3 4          (or: plain)
 *
 *     1   3f2a 9c11 … eight groups …   c5
 *     …
 *     sum  SHA-256 over all that stands above, hexadecimal
 *
 * Each line of the body ends with one byte of its own SHA-256, which names a line that was typed wrong.
 */

import type { Refused } from '#core/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'

export interface ShareStretch {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

export interface ShareHead {
  /** 16 bytes, hexadecimal. */
  readonly vault: string
  readonly title: string
  /** Counts from 1. */
  readonly index: number
  readonly of: number
  readonly needed: number
  readonly set: number
  readonly custodian: string
  /** What a guess at the custodian's passphrase costs; undefined: the share is not encrypted. */
  readonly stretch: ShareStretch | undefined
}

export interface ShareText {
  readonly head: ShareHead
  /** The part of the secret, sealed or plain. */
  readonly body: Uint8Array
}

const firstLine = 'vitalsign ceremony share 1'
const bytesOnLine = 16
/** A share of 32 bytes with salt, nonce and tag has 78; far more is no share. */
const mostBodyBytes = 512
const mostTextLength = 8_192

const encoder = new TextEncoder()

/** The lines of the head, which a sealed body is bound to. */
export function headLines({ vault, title, index, of, needed, set, custodian, stretch }: ShareHead) {
  const sealed =
    stretch === undefined
      ? 'plain'
      : `argon2id ${stretch.memoryKiB} ${stretch.passes} ${stretch.lanes}`
  return [
    firstLine,
    `vault      ${vault}`,
    `title      ${title}`,
    `share      ${index} of ${of}, ${needed} are needed, set ${set}`,
    `custodian  ${custodian}`,
    `sealed     ${sealed}`,
  ].join('\n')
}

export function encodeShareText({ head, body }: ShareText): string {
  const lines: string[] = []
  for (let at = 0; at < body.length; at += bytesOnLine) {
    const bytes = body.subarray(at, at + bytesOnLine)
    const number = at / bytesOnLine + 1
    const groups = bytes.toHex().match(/.{1,4}/g) ?? []
    lines.push(`${String(number).padEnd(3)} ${groups.join(' ')}  ${lineSum(number, bytes)}`)
  }
  const text = `${headLines(head)}\n\n${lines.join('\n')}\n`
  return `${text}sum  ${sha256(encoder.encode(text)).toHex()}\n`
}

/** Binds a line's bytes to its place, so that two that changed places are noticed. */
function lineSum(number: number, bytes: Uint8Array): string {
  return sha256(Uint8Array.of(number, ...bytes))
    .toHex()
    .slice(0, 2)
}

/** Groups with one blank between them, so that there is one way to read a line. */
const bodyLine = /^(\d{1,2}) {2,3}([0-9a-f]{2,4}(?: [0-9a-f]{2,4}){0,7}) {2}([0-9a-f]{2})$/

/** @returns `share-damaged`, which names the first line that is wrong */
export function parseShareText(text: string): (ShareText & { readonly kind: 'share' }) | Refused {
  if (text.length > mostTextLength) return damaged(`it has ${text.length} characters`)
  const whole = text.replaceAll('\r\n', '\n')
  const [headText = '', bodyText = '', ...more] = whole.split('\n\n')
  const head = parseHead(headText)
  if (head === undefined || more.length > 0) return damaged('its head does not read')
  const lines = bodyText.split('\n')
  if (lines.pop() !== '') return damaged('its last line has no end')
  const sum = /^sum {2}([0-9a-f]{64})$/.exec(lines.pop() ?? '')?.[1]
  const body: number[] = []
  for (const [at, line] of lines.entries()) {
    const [, number, hex = '', check] = bodyLine.exec(line) ?? []
    const digits = hex.replaceAll(' ', '')
    const bytes = digits.length % 2 === 0 ? Uint8Array.fromHex(digits) : new Uint8Array()
    const isWhole = bytes.length > 0 && bytes.length <= bytesOnLine
    if (Number(number) !== at + 1 || !isWhole || lineSum(at + 1, bytes) !== check)
      return damaged(`line ${at + 1} of its body is wrong`)
    body.push(...bytes)
  }
  if (body.length > mostBodyBytes) return damaged('its body is too long')
  const share = { head, body: Uint8Array.from(body) }
  // One spelling alone: the digest stands for every character that a custodian keeps.
  if (encodeShareText(share) !== whole) {
    return damaged(
      sum === undefined ? 'its last line is no sum' : 'its sum is that of another text',
    )
  }
  return { kind: 'share', ...share }
}

function damaged(why: string): Refused {
  return refuse('share-damaged', `this share cannot be read: ${why}`)
}

function parseHead(text: string): ShareHead | undefined {
  const form =
    /^vault {6}([0-9a-f]{32})\ntitle {6}([^\p{C}]{1,100})\nshare {6}(\d{1,3}) of (\d{1,3}), (\d{1,3}) are needed, set (\d{1,6})\ncustodian {2}([^\p{C}]{1,64})\nsealed {5}(?:(plain)|argon2id (\d{1,7}) (\d{1,2}) (\d{1,2}))$/u
  if (!text.startsWith(`${firstLine}\n`)) return undefined
  const read = form.exec(text.slice(firstLine.length + 1))
  if (read === null) return undefined
  const [, vault = '', title = '', index, of, needed, set, custodian = '', plain] = read
  const [memoryKiB, passes, lanes] = read.slice(9).map(Number)
  return {
    ...{ vault, title, custodian },
    ...{ index: Number(index), of: Number(of), needed: Number(needed), set: Number(set) },
    stretch:
      plain === undefined
        ? { memoryKiB: memoryKiB ?? 0, passes: passes ?? 0, lanes: lanes ?? 0 }
        : undefined,
  }
}
