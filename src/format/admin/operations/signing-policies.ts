// SPDX-License-Identifier: Apache-2.0
/** What a product's releases need before they are signed, and who says so. */
import { z } from 'zod'
import { id, instant, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { provingPerson } from './approvers.ts'

const policy = id('spo').describe('the policy, by its id')
const product = id('prd').describe('the product')
const state = z.enum(['waiting', 'active', 'refused'])
const rules = z.record(z.string(), z.unknown())

export const signingPolicyView = z.object({
  id: id('spo'),
  version: z.int().min(1),
  product: z.string(),
  number: z.int().min(1),
  state,
  /** What it asks less than the one before it, a line each. */
  lowered: z.array(z.string()),
  because: z.string(),
  changedBy: z.string(),
  changedAt: instant,
  approvals: z.array(z.object({ by: z.string(), at: instant })),
  /** People who still have to agree. */
  approvalsMissing: z.int(),
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
})

export const signingPolicies = {
  'signing-policy.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/products/:product/signing-policy',
    role: 'auditor',
    input: z.strictObject({ product }),
    output: z.object({
      product: z.string(),
      /** 0: nobody said anything yet, and the usual rules hold. */
      number: z.int().min(0),
      document: rules,
      policy: signingPolicyView.nullable(),
      waiting: z.array(signingPolicyView),
    }),
    summary: 'show what releases need to be signed',
    help: 'Which checks have to pass and who has to agree, for each environment. Until somebody says otherwise the usual rules hold, number 0: docs/guides/approve-a-release.md explains each.',
    positional: ['product'],
    references: { product: 'product' },
  }),

  'signing-policy.set': operation({
    kind: 'plain',
    method: 'POST',
    path: '/products/:product/signing-policy',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      product,
      document: rules.describe('the policy document (JSON)'),
      because: reason.describe('why it is changed, for the log'),
    }),
    output: signingPolicyView,
    summary: 'change what releases need to be signed',
    help: 'A stricter policy holds at once, also for what was approved under the one before it. One that asks less waits for a second person ("signing-policy approve") and stands as an exception in the evidence; in a trial one person suffices. For production at least two people have to agree to a release, whatever a policy says.',
    positional: ['product', 'document'],
    files: ['document'],
    references: { product: 'product' },
  }),

  'signing-policy.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/signing-policies',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: id('prd').optional().describe('only those of this product'),
      state: state.default('active').describe('only those in this state'),
    }),
    output: signingPolicyView,
    summary: 'list the signing policies of products',
    help: 'The newest first. Of those of a product that are active the newest counts; those that wait, of any product, wait for a second person.',
    references: { product: 'product' },
  }),

  'signing-policy.approve': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-policies/:policy/approve',
    // The person who proves to be here has to be administrator, whoever brings the word.
    role: 'operator',
    input: z.strictObject({ policy, ...provingPerson }),
    output: signingPolicyView,
    summary: 'agree to a signing policy that asks less',
    help: 'Two people who signed in stand behind it, and whoever asked counts as one of them. If another policy came into force since, it has to be asked anew. Who has not signed in here says a name and a passphrase.',
    positional: ['policy'],
    secrets: ['passphrase'],
  }),

  'signing-policy.refuse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-policies/:policy/refuse',
    role: 'administrator',
    input: z.strictObject({ policy, because: reason.describe('why not') }),
    output: signingPolicyView,
    summary: 'refuse a signing policy that waits',
    help: 'Nothing of it happens. Whoever asked may ask anew.',
    positional: ['policy'],
  }),
} as const
