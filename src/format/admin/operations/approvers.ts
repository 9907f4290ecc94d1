// SPDX-License-Identifier: Apache-2.0
/** The keys by which people approve, on machines of their own. */
import { z } from 'zod'
import { id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const base64 = (most: number) =>
  z
    .string()
    .min(4)
    .max(most)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'not base64')
const approver = id('apk').describe('the approver key, by its id')
const state = z.enum(['waiting', 'active', 'ended'])

/** Who acts, where nobody has signed in. */
export const provingPerson = {
  name: name.optional().describe('who you are here, where nobody has signed in'),
  passphrase: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('of that person, who proves to be here by it'),
}

export const approverView = z.object({
  id: id('apk'),
  version: z.int().min(1),
  person: z.string(),
  /** The printed name and role that each approval by it bears. */
  name: z.string(),
  role: z.string(),
  /** What people read out to each other: the canonical fingerprint of the key. */
  fingerprint: sha256,
  algorithm: z.string(),
  kept: z.enum(['file', 'token']),
  state,
  addedAt: instant,
  confirmedBy: z.string().nullable(),
  confirmedAt: instant.nullable(),
  endedBy: z.string().nullable(),
  endedAt: instant.nullable(),
  endedBecause: z.string().nullable(),
})

export const approvers = {
  'approver.register': operation({
    kind: 'plain',
    method: 'POST',
    path: '/approvers',
    creates: true,
    role: 'operator',
    bodyBytes: 262_144,
    input: z.strictObject({
      ...provingPerson,
      statement: base64(32_768).describe('what the new key signed: whose it is, and its role'),
      signature: base64(131_072).describe('its detached signature, CMS'),
      chain: z
        .array(base64(32_768))
        .min(1)
        .max(8)
        .describe('the certificate over the key, and those above it'),
    }),
    output: approverView,
    summary: 'register the key by which you will approve',
    help: 'Made before on your own machine: "approver make-key". The private half never leaves it. Another administrator confirms the key after comparing its fingerprint with you: "approver confirm". A key has one owner and one purpose for ever.',
    secrets: ['passphrase'],
  }),

  'approver.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/approvers',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      person: id('psn').optional().describe('only keys of this person'),
      state: state.optional().describe('only keys in this state'),
      fingerprint: sha256.optional().describe('only the key with this fingerprint'),
      approver: approver.optional().describe('only the key with this id'),
    }),
    output: approverView,
    summary: 'list the keys by which people approve',
    help: 'Whose they are, who confirmed each, and since when one is ended.',
    references: { person: 'person' },
  }),

  'approver.confirm': operation({
    kind: 'plain',
    method: 'POST',
    path: '/approvers/:approver/confirm',
    // The person who proves to be here has to be administrator, whoever brings the word.
    role: 'operator',
    input: z.strictObject({
      approver,
      ...provingPerson,
      fingerprint: sha256.describe('the fingerprint that its owner read out to you'),
    }),
    output: approverView,
    summary: "confirm that a key is a person's",
    help: 'By an administrator who is somebody else than its owner, after comparing the fingerprint over another way than this server. From then on what the key signs counts.',
    positional: ['approver'],
    secrets: ['passphrase'],
  }),

  'approver.end': operation({
    kind: 'plain',
    method: 'POST',
    path: '/approvers/:approver/end',
    role: 'operator',
    input: z.strictObject({ approver, because: reason.describe('why it ends, for the log') }),
    output: approverView,
    summary: 'end a key by which a person approved',
    help: 'At once and for ever. What it said of releases that are not signed yet is void; what was signed before stays as it is. Its owner makes a new one.',
    positional: ['approver'],
  }),
} as const
