// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, name, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const line = z.string().min(1).max(400)

const buildTrustView = z.object({
  id: id('bdt'),
  name: z.string(),
  issuer: z.string(),
  audience: z.string(),
  subject: z.string(),
  products: z.array(z.string()),
  minutes: z.int(),
  state: z.enum(['active', 'removed']),
  createdBy: z.string(),
  createdAt: instant,
})

export const builds = {
  'build-trust.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/build-trusts',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('what it is called'),
      issuer: z
        .url({ protocol: /^https?$/ })
        .max(400)
        .describe('who signs the ID tokens, as their iss says it'),
      audience: line.describe(
        'for whom they are to be, as their aud says it: something that names this server',
      ),
      subject: line.describe(
        'of which jobs, as their sub says it; a star at the end stands for any end',
      ),
      products: z
        .array(id('prd'))
        .min(1)
        .max(50)
        .describe('the products that such a job may release'),
      minutes: z.int().min(1).max(60).default(15).describe('how long a job is let in'),
    }),
    output: buildTrustView,
    summary: 'let jobs of a build service hand in releases',
    help: 'A job shows the ID token that its service signs for it, and is let in for some minutes: to make drafts of releases, upload, attach and submit. It approves, signs and publishes nothing. No secret is kept anywhere.',
    positional: ['name'],
    references: { products: 'product' },
  }),

  'build-trust.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/build-trusts',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: buildTrustView,
    summary: 'list whose jobs may hand in releases',
    help: 'Those that were removed are shown, too.',
  }),

  'build-trust.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/build-trusts/:trust',
    role: 'administrator',
    input: z.strictObject({ trust: id('bdt').describe('the build trust') }),
    output: buildTrustView,
    summary: 'let such jobs in no more',
    help: 'Jobs that were let in are refused from their next request on.',
    positional: ['trust'],
  }),

  'build.sign-in': operation({
    kind: 'plain',
    method: 'POST',
    path: '/builds/sign-in',
    role: 'public',
    doors: ['machine'],
    input: z.strictObject({
      token: z.string().min(1).max(16_384).describe('the ID token of the job'),
    }),
    output: z.object({
      grant: id('grn'),
      token: z.string(),
      products: z.array(z.string()),
      expiresAt: instant,
    }),
    summary: 'let a job in by its ID token',
    help: 'Each ID token is good once. The answer holds a token that goes into the field Authorization of what is asked next; --id-token does all of this for a command of this program.',
    secrets: ['token'],
  }),
} as const
