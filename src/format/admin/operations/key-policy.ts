// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const recovered = z.enum(['revoke', 'propose'])
const shared = z.enum(['alarm', 'quarantine'])

export const keyPolicyView = z.object({
  /** What is done about a private key that was computed from signatures. */
  recovered,
  /** What is done about a key that two proved live. */
  shared,
  /** Products that have it otherwise. */
  products: z.array(z.object({ product: id('prd'), productName: z.string(), shared })),
})

export const keyPolicy = {
  'key.policy': operation({
    kind: 'plain',
    method: 'GET',
    path: '/key-policy',
    role: 'auditor',
    input: z.strictObject({}),
    output: keyPolicyView,
    summary: 'show what is done about a key in other hands',
    help: 'Alarms are raised either way. "key set-policy" decides anew; docs/guides/shared-keys.md says why the usual is the usual.',
  }),

  'key.set-policy': operation({
    kind: 'plain',
    method: 'POST',
    path: '/key-policy',
    role: 'administrator',
    input: z.strictObject({
      recovered: recovered
        .optional()
        .describe('about a private key that was computed from signatures; usually revoke'),
      shared: shared
        .optional()
        .describe('about a key that two proved live that they hold; usually alarm'),
      product: id('prd')
        .optional()
        .describe('what is said of shared keys holds for this product alone'),
      because: reason.describe('why it is changed, for the log'),
    }),
    output: keyPolicyView,
    summary: 'decide what is done about a key in other hands',
    help: 'What is not said stays as it is. Above the number of devices that one person may end alone ("revocation limit") nothing more is done by itself within a day.',
    references: { product: 'product' },
  }),
} as const
