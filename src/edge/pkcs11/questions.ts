// SPDX-License-Identifier: Apache-2.0
/** What the server asks of the process that has the module, and what it hears. */
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { type SignForm, signFormNames } from './mechanisms.ts'

export interface FindQuestion {
  /** The path of the module. */
  readonly module: string
  readonly label: string
  /** Undefined: whichever token has the label, if one alone has. */
  readonly serial: string | undefined
  /** Signs on threads, as a slow token does, however fast it is. */
  readonly onThreads: boolean
}

export interface FindAnswer {
  /** Whether somebody gave the token a wrong PIN since it was last opened (CKF_USER_PIN_COUNT_LOW). */
  readonly wasRefused: boolean
}

export interface MakeQuestion {
  readonly id: string
  readonly label: string
  readonly algorithm: KeyAlgorithmName
}

/** What a token says of a key; null is what it does not tell, or what the key's kind has not. */
export interface TokenKey {
  readonly id: string
  readonly label: string
  readonly keyType: number
  readonly sensitive: boolean | null
  readonly extractable: boolean | null
  readonly alwaysSensitive: boolean | null
  readonly neverExtractable: boolean | null
  readonly local: boolean | null
  readonly modifiable: boolean | null
  /** Of the public half, in hexadecimal, as the token writes them. */
  readonly ecParams: string | null
  readonly ecPoint: string | null
  readonly modulus: string | null
  readonly publicExponent: string | null
  readonly value: string | null
}

export interface TokenDescription {
  readonly serial: string
  readonly model: string
  /** The module's own words on itself. */
  readonly library: string
  /** Whether slot or mechanisms say that they are hardware. */
  readonly hardware: boolean
  readonly mechanisms: readonly number[]
  readonly keys: readonly TokenKey[]
}

/** Why a question failed. */
export interface Failure {
  readonly verdict: Verdict
  /** For people: lower case, no full stop, never the PIN. */
  readonly message: string
}

/**
 * `asked-wrong`: this question alone. `away`: the token has to be opened anew. `pin`: nothing is tried before a
 * person acted. `library`: the library or the module cannot be loaded. `unfit`: a key is not what was asked for.
 */
export const verdicts = ['asked-wrong', 'away', 'pin', 'library', 'unfit', 'missing'] as const
export type Verdict = (typeof verdicts)[number]

export function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** What the server wrote: the same program, so its shape is its own. What comes back is parsed: `answers.ts`. */
export function decodeJson<T>(content: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(content)) as T
}

/** One octet of form, one of the id's length, the id, and what is to be signed. */
export function encodeSign(id: string, form: SignForm, input: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(id)
  const content = new Uint8Array(2 + name.length + input.length)
  content[0] = signFormNames.indexOf(form)
  content[1] = name.length
  content.set(name, 2)
  content.set(input, 2 + name.length)
  return content
}

export function decodeSign(content: Uint8Array): { id: string; form: SignForm; input: Uint8Array } {
  const [place = 255, length = 0] = content
  const form = signFormNames[place]
  if (form === undefined) throw new RangeError(`a signature of form ${place}`)
  // Ids are ASCII; this is paid at every signature.
  const id = String.fromCharCode(...content.subarray(2, 2 + length))
  return { id, form, input: content.subarray(2 + length) }
}
