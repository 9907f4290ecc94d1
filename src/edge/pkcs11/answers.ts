// SPDX-License-Identifier: Apache-2.0
/**
 * What the process that has the module answers, read strictly: a module that writes where it should not may have
 * written into its memory, and none of it may harm the server.
 */
import {
  type Failure,
  type FindAnswer,
  type TokenDescription,
  type TokenKey,
  verdicts,
} from './questions.ts'

type Check = (value: unknown) => boolean
type Shape<T> = Readonly<Record<keyof T, Check>>

const isText: Check = (value) => typeof value === 'string'
const isTruth: Check = (value) => typeof value === 'boolean'
const isNumber: Check = (value) => Number.isSafeInteger(value)
const isKnownTruth: Check = (value) => value === null || isTruth(value)
const isHex: Check = (value) =>
  value === null || (typeof value === 'string' && /^(?:[0-9a-f]{2})+$/.test(value))

const failure: Shape<Failure> = {
  verdict: (value) => verdicts.some((one) => one === value),
  message: isText,
}

const findAnswer: Shape<FindAnswer> = { wasRefused: isTruth }

const tokenKey: Shape<TokenKey> = {
  ...{ id: isText, label: isText, keyType: isNumber },
  ...{ sensitive: isKnownTruth, extractable: isKnownTruth, alwaysSensitive: isKnownTruth },
  ...{ neverExtractable: isKnownTruth, local: isKnownTruth, modifiable: isKnownTruth },
  ...{ ecParams: isHex, ecPoint: isHex, modulus: isHex, publicExponent: isHex, value: isHex },
}

const description: Shape<TokenDescription> = {
  ...{ serial: isText, model: isText, library: isText, hardware: isTruth },
  mechanisms: (value) => Array.isArray(value) && value.every(isNumber),
  keys: (value) => Array.isArray(value) && value.every((one) => fits(one, tokenKey)),
}

/** @throws RangeError as all of them, if it is no such answer */
export function parseFailure(content: Uint8Array): Failure {
  return parse('a failure', content, failure)
}

export function parseFindAnswer(content: Uint8Array): FindAnswer {
  return parse('a token that is there', content, findAnswer)
}

export function parseDescription(content: Uint8Array): TokenDescription {
  return parse('an open token', content, description)
}

export function parseTokenKey(content: Uint8Array): TokenKey {
  return parse('a key', content, tokenKey)
}

function parse<T>(what: string, content: Uint8Array, shape: Shape<T>): T {
  const value = valueIn(content)
  if (!fits(value, shape)) throw new RangeError(`something else where it told of ${what}`)
  return value
}

function valueIn(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    return undefined // JSON has no such value, so it fits nothing
  }
}

/** Each member as it must be, and no others. */
function fits<T>(value: unknown, shape: Shape<T>): value is T {
  if (typeof value !== 'object' || value === null) return false
  const checks = Object.entries<Check>(shape)
  const members = new Map<string, unknown>(Object.entries(value))
  return members.size === checks.length && checks.every(([name, check]) => check(members.get(name)))
}
