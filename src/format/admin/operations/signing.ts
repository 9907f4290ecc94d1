// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant } from '../fields.ts'
import { operation } from '../operation.ts'
import { artefactForm } from './signing-keys.ts'

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const count = z.int().min(0)

export const signedView = z.object({
  id: id('sga'),
  part: id('rlp'),
  form: artefactForm,
  name: z.string(),
  sourceSha256: fingerprint,
  sha256: fingerprint,
  octets: count,
  keys: z.array(id('sgk')),
  keyNames: z.array(z.string()),
  algorithms: z.array(z.string()),
  isTimeStamped: z.boolean(),
  signedBy: z.string(),
  signedAt: instant,
})

/** One line of the answer while a release is signed. */
export const signLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('progress'),
    step: z.enum(['reading', 'signing', 'writing', 'checking']),
    name: z.string(),
    done: count,
    of: count,
  }),
  z.object({
    kind: z.literal('signed'),
    release: id('rel'),
    state: z.string(),
    isRepeated: z.boolean(),
    signed: z.array(signedView),
  }),
  z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
])

export const signing = {
  'release.sign': operation({
    kind: 'lines',
    method: 'POST',
    path: '/releases/:release/sign',
    role: 'operator',
    input: z.strictObject({
      release: id('rel').describe('the release'),
      forms: z
        .array(artefactForm)
        .max(10)
        .optional()
        .describe('in these forms alone; absent: in all of the signing plan'),
    }),
    output: signLine,
    summary: 'sign an approved release',
    help: 'Policy and approvals are looked at again first. All that comes out is read as a device reads it before anything is booked, and all of it is there or nothing: whatever goes wrong, the release stays approved. Asked again, it tells what was signed. In production each signature carries a time-stamp.',
    positional: ['release'],
  }),

  'release.sign-digest': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/digests',
    role: 'operator',
    // A build has hundreds of images, and each is signed once.
    ofPrograms: true,
    input: z.strictObject({
      release: id('rel').describe('the release'),
      key: id('sgk').describe('the signing key; one that signs as raw'),
      sha256: fingerprint.describe(
        'SHA-256 of an artefact of the release, or of what is to be signed of one',
      ),
      message: z
        .base64()
        .max(131_072)
        .optional()
        .describe('what is to be signed, for keys that sign no SHA-256: its digest was approved'),
    }),
    output: z.object({
      signed: id('sga'),
      name: z.string(),
      algorithm: z.string(),
      signature: z.base64(),
      isRepeated: z.boolean(),
    }),
    summary: 'sign the digest of an artefact of a release',
    help: 'So that an image need not leave the site of its build to be signed. Only digests of artefacts that were approved are signed, and asked again the same signature comes. Keys that sign whole messages, as Ed25519 and all that withstand quantum computers do, are refused.',
    positional: ['release', 'key'],
  }),

  'release.time-stamp': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/signed/:signed/time-stamp',
    role: 'auditor',
    input: z.strictObject({ signed: id('sga').describe('what came out') }),
    output: z.object({ signed: id('sga'), over: fingerprint, token: z.base64() }),
    summary: 'give the time-stamp over what was signed',
    help: 'A token of RFC 3161 over the 32 octets of the digest (SHA-256) of what came out, which anybody can check without us.',
    positional: ['signed'],
  }),
} as const
