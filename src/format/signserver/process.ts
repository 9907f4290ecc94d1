// SPDX-License-Identifier: Apache-2.0
/**
 * What clients of SignServer say to it and hear from it over REST, in JSON.
 *
 * @see SignServer, REST Interface 1.0 (`signserver/doc/openapi.yaml`): ProcessRequest, ProcessResponse, ErrorMessage
 */
import { decodeBase64 } from '../base64.ts'
import { FormatError } from '../format-error.ts'
import { parseStrictJson } from '../strict-json.ts'
import type { Json, JsonObject } from '../tlog/canonical-json.ts'

/** Where workers are asked; below it stand `{idOrName}/process`. */
export const workersPath = '/signserver/rest/v1/workers/'

/**
 * The largest request. A digest takes 200 octets, the manifest of an artifact some thousands: who has an image sends
 * its digest. Whoever comes may send so much before it is known who it is.
 */
export const mostProcessBytes = 262_144

export const digestNames = ['sha256', 'sha384', 'sha512'] as const
export type ProcessDigest = (typeof digestNames)[number]

export interface ProcessRequest {
  /** What is to be signed, or its digest. */
  readonly data: Uint8Array
  /** The digest that `data` is; undefined: it is the octets themselves. */
  readonly digest: ProcessDigest | undefined
}

export interface ProcessAnswer {
  readonly signature: Uint8Array
  /** DER. */
  readonly signerCertificate: Uint8Array
  readonly requestId: string
  /** Under which the signature is kept. */
  readonly archiveId: string
}

const members = ['data', 'encoding', 'metaData']
const supplied = 'USING_CLIENTSUPPLIED_HASH'
const algorithm = 'CLIENTSIDE_HASHDIGESTALGORITHM'
/** A digest of 64 octets; a body of more is refused before. */
const limits = { octets: mostProcessBytes, depth: 2, values: 32 } as const

/**
 * Reads a request. What it says that is not known here is refused: a setting that is passed over in silence would
 * sign something else than was meant.
 *
 * @throws FormatError with what is wrong and where
 */
export function parseProcessRequest(body: Uint8Array): ProcessRequest {
  const json = parseStrictJson(body, limits)
  if (!isObject(json)) throw wrong('the request is no object')
  const stranger = Object.keys(json).find((name) => !members.includes(name))
  if (stranger !== undefined) throw wrong(`${shown(stranger)}: is not known here`)
  const { data: text, encoding = 'NONE', metaData = {} } = json
  if (typeof text !== 'string') throw wrong('data: is no text')
  if (encoding !== 'BASE64' && encoding !== 'NONE')
    throw wrong('encoding: is neither BASE64 nor NONE')
  if (!isObject(metaData)) throw wrong('metaData: is no object')
  const digest = digestIn(metaData)
  const data = encoding === 'BASE64' ? decodeBase64(text) : new TextEncoder().encode(text)
  if (data.length === 0) throw wrong('data: is empty')
  const octets = digest && octetsOf[digest]
  if (octets !== undefined && data.length !== octets)
    throw wrong(`data: has ${data.length} octets, a digest by ${digest} has ${octets}`)
  return { data, digest }
}

const octetsOf: Readonly<Record<ProcessDigest, number>> = { sha256: 32, sha384: 48, sha512: 64 }

function digestIn(metaData: JsonObject): ProcessDigest | undefined {
  const stranger = Object.keys(metaData).find((name) => name !== supplied && name !== algorithm)
  if (stranger !== undefined) throw wrong(`metaData.${shown(stranger)}: is not known here`)
  const isDigest = flagIn(metaData[supplied])
  const said = metaData[algorithm]
  if (!isDigest) {
    if (said === undefined) return undefined
    throw wrong(`metaData.${algorithm}: says how data was digested, and ${supplied} is not true`)
  }
  // As Java writes it, and as some clients do without the hyphen.
  const name = typeof said === 'string' ? said.toLowerCase().replace('-', '') : ''
  const digest = digestNames.find((one) => one === name)
  if (digest === undefined)
    throw wrong(`metaData.${algorithm}: is none of SHA-256, SHA-384, SHA-512`)
  return digest
}

/** Texts, and of some clients the value itself. */
function flagIn(value: Json | undefined): boolean {
  if (value === undefined) return false
  const word = typeof value === 'string' ? value.toLowerCase() : String(value)
  if (word !== 'true' && word !== 'false')
    throw wrong(`metaData.${supplied}: is neither true nor false`)
  return word === 'true'
}

export function encodeProcessAnswer(answer: ProcessAnswer): string {
  const { signature, signerCertificate, requestId, archiveId } = answer
  return JSON.stringify({
    data: signature.toBase64(),
    ...{ requestId, archiveId, signerCertificate: signerCertificate.toBase64(), metaData: {} },
  })
}

export function encodeErrorMessage(error: string): string {
  return JSON.stringify({ error })
}

function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function wrong(what: string): FormatError {
  return new FormatError('value-not-allowed', 0, what)
}

/** A stranger's word as it may stand in an answer. */
function shown(word: string): string {
  return word.replace(/[^ -~]/g, '?').slice(0, 60)
}
