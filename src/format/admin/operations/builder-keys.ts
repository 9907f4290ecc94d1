// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const builderKeyView = z.object({
  id: id('bdk'),
  version: z.int().min(1),
  product: id('prd'),
  name: z.string(),
  fingerprint: z.string(),
  builders: z.array(z.string()),
  addedBy: z.string(),
  addedAt: instant,
  endedAt: instant.nullable(),
  because: z.string().nullable(),
})

export const builderKeys = {
  'builder-key.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/builder-keys',
    role: 'administrator',
    creates: true,
    input: z.strictObject({
      name: name.describe('the build service, as people call it'),
      product: id('prd').describe('the product whose builds it makes'),
      publicKey: z.string().min(1).max(65_536).describe('its public key (PEM)'),
      builders: z
        .array(z.string().regex(/^[!-~]{1,500}$/, 'not a builder id'))
        .max(50)
        .default([])
        .describe('builder ids that it may speak for; none: any'),
    }),
    output: builderKeyView,
    summary: 'believe what a build service signs',
    help: 'From now on its statements of who built an artefact, from what and how, count for releases of the product. The private half stays with the build service.',
    positional: ['name'],
    files: ['publicKey'],
    flags: { builders: 'builder' },
    references: { product: 'product' },
  }),

  'builder-key.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/builder-keys',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: id('prd').describe('the product'),
    }),
    output: builderKeyView,
    summary: 'list whose word of where builds come from counts',
    help: 'Those that ended stay on the list, with the reason.',
    references: { product: 'product' },
  }),

  'builder-key.remove': operation({
    kind: 'plain',
    method: 'POST',
    path: '/builder-keys/:key/remove',
    role: 'administrator',
    input: z.strictObject({
      key: id('bdk').describe('the key'),
      because: reason.describe('why; written to the log for ever'),
    }),
    output: builderKeyView,
    summary: 'believe a build service no more',
    help: 'What it signed counts nowhere from now on, also for releases that wait to be signed. What was signed stays signed.',
    positional: ['key'],
  }),
} as const
