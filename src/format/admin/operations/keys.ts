// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, label, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const noiseMode = z.enum(['raw', 'conditioned'])
const noiseResult = z.enum(['passed', 'not-testable'])
const keyState = z.enum(['active', 'weak', 'retired', 'compromised'])

export const keyView = z.object({
  id: id('key'),
  version: z.int().min(1),
  owner: z.string(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  algorithm: z.string(),
  bits: z.int(),
  purpose: z.string(),
  origin: z.enum(['device', 'station', 'server']),
  protection: z.enum(['secure-element', 'tpm', 'tee', 'hsm', 'software', 'unknown']),
  attested: z.boolean(),
  exportable: z.boolean().nullable(),
  state: keyState,
  activatedAt: instant,
  deactivateAt: instant.nullable(),
  /** From here on its owner's own word, signed into the first request for it; null: it said nothing. */
  noiseSource: z.string().nullable(),
  noiseMode: noiseMode.nullable(),
  noiseResult: noiseResult.nullable(),
  kernelReady: z.boolean().nullable(),
  firmware: z.string().nullable(),
  client: z.string().nullable(),
})

/** What the start-up tests of a raw source were. */
export const noiseTestsView = z.object({
  samples: z.int(),
  symbolBits: z.int(),
  claimedBitsPerSample: z.number(),
  alphaExponent: z.int(),
  window: z.int(),
  failuresBefore: z.int(),
})

export const keys = {
  'key.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/keys',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      device: id('dev').optional().describe('only keys of this device'),
      algorithm: label.optional().describe('only keys of this algorithm'),
      state: keyState.optional().describe('only keys in this state'),
      firmware: z.string().max(128).optional().describe('only keys made by this firmware'),
      source: z.string().max(128).optional().describe('only keys of this source of chance'),
      mode: noiseMode.optional().describe('only keys whose source was tested raw, or not testable'),
      result: noiseResult.optional().describe('only keys whose source came to this'),
    }),
    output: keyView,
    summary: 'list public keys, and how they were made',
    help: 'Source, mode, result and firmware are what the device itself said in its first request for the key: its own word, and no proof. Each filter of these leaves out keys of which nothing was said.',
    references: { device: 'device' },
  }),

  'key.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/keys/:key',
    role: 'auditor',
    input: z.strictObject({ key: id('key').describe('the key') }),
    output: z.object({
      ...keyView.shape,
      noiseTests: noiseTestsView.nullable(),
      /** The statement as the device signed it, DER in base64. */
      statement: z.string().nullable(),
    }),
    summary: 'show a public key, and how it was made',
    help: 'With the tests that its device ran on the raw source, where it has one. What the device says is its own word, and no proof.',
    positional: ['key'],
  }),
} as const
