// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { paging } from '../fields.ts'
import { operation } from '../operation.ts'
import { faultView, profileView } from '../views.ts'

const profile = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a profile has a name such as ldevid')
  .describe('the name of the profile')
const number = z.int().min(1).optional().describe('a version; else the newest')
/** A profile document; the policy room says what is wrong with it, with path and remedy. */
const document = z.record(z.string(), z.unknown()).describe('the profile document (JSON)')
const difference = z.object({
  path: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  /** What it means in plain words, where the policy room can tell. */
  means: z.string().nullable(),
})

export const profiles = {
  'profile.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/profiles',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      name: profile.optional().describe('all versions of this one'),
    }),
    output: profileView,
    summary: 'list the versions of profiles',
    help: 'A profile says what a certificate may be, and why; each version is kept for ever.',
  }),

  'profile.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/profiles/:profile',
    role: 'auditor',
    input: z.strictObject({ profile, number }),
    output: z.object({ ...profileView.shape, document: z.unknown() }),
    summary: 'show a profile',
    help: 'Shows the document as it is in force, or as it was in an earlier version.',
    positional: ['profile', 'number'],
  }),

  'profile.check': operation({
    kind: 'plain',
    method: 'POST',
    path: '/profiles/check',
    role: 'auditor',
    input: z.strictObject({ document }),
    output: z.object({ good: z.boolean(), faults: z.array(faultView) }),
    summary: 'check a profile document without applying it',
    help: 'Names every fault with its place, the value that stands there, and how to mend it.',
    positional: ['document'],
    files: ['document'],
  }),

  'profile.diff': operation({
    kind: 'plain',
    method: 'POST',
    path: '/profiles/diff',
    role: 'auditor',
    input: z.strictObject({ document }),
    output: z.object({
      name: z.string(),
      /** The version in force; null if the profile is new. */
      number: z.int().nullable(),
      differences: z.array(difference),
    }),
    summary: 'show what a profile document would change',
    help: 'Compares the document with the version in force of the profile that it names.',
    positional: ['document'],
    files: ['document'],
  }),

  'profile.apply': operation({
    kind: 'plain',
    method: 'POST',
    path: '/profiles',
    creates: true,
    role: 'administrator',
    input: z.strictObject({ document }),
    output: profileView,
    summary: 'put a profile document in force',
    help: 'Makes a new version. It holds for the next certificate; those that exist stay as they are. A document with a fault changes nothing.',
    positional: ['document'],
    files: ['document'],
  }),
} as const
