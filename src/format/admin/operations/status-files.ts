// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificatePem, id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** The newest file of a set of roots. */
export const statusFileView = z.object({
  /** The digest that names the set, and its file. */
  anchors: sha256,
  roots: z.array(z.string()),
  products: z.array(z.string()),
  path: z.string(),
  /** Null of all below: none was asked for yet. */
  number: z.int().nullable(),
  certificates: z.int().nullable(),
  revoked: z.int().nullable(),
  size: z.int().nullable(),
  sha256: sha256.nullable(),
  madeAt: instant.nullable(),
  coversUntil: instant.nullable(),
  expiresAt: instant.nullable(),
})

const product = id('prd').optional().describe('only for the roots of this product')

/** What is published for those who cannot ask about one certificate. */
export const statusFiles = {
  'status-file.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/status-files',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: statusFileView,
    summary: 'list the files that tell of every certificate',
    help: 'One for each set of roots that devices of some product believe, with its newest number. A gateway that cannot ask fetches it and knows offline whom to refuse.',
  }),

  'status-file.make': operation({
    kind: 'plain',
    method: 'POST',
    path: '/status-files',
    role: 'operator',
    input: z.strictObject({ product }),
    output: z.object({ files: z.array(statusFileView) }),
    summary: 'make and sign the next file now',
    help: 'The first one of a set of roots, or the next before its time. From then on the server makes it by itself: within a minute or two after something was revoked, within an hour after something was issued, and at least once a day.',
    references: { product: 'product' },
  }),

  'status-file.look-up': operation({
    kind: 'plain',
    method: 'POST',
    path: '/status-files/look-up',
    role: 'auditor',
    input: z.strictObject({ certificate: certificatePem.describe('a certificate (PEM)') }),
    output: z.object({
      answers: z.array(
        z.object({
          anchors: sha256,
          products: z.array(z.string()),
          number: z.int(),
          answer: z.enum(['fine', 'held', 'revoked', 'expired', 'not-covered']),
        }),
      ),
    }),
    summary: 'tell what the newest files say of a certificate',
    help: 'What a gateway that holds the newest file hears of it. "not-covered": it is younger than the file, or by nobody whom the file speaks of.',
    positional: ['certificate'],
    files: ['certificate'],
  }),

  'status-file.verify': operation({
    kind: 'plain',
    method: 'POST',
    path: '/status-files/verify',
    role: 'auditor',
    input: z.strictObject({ product }),
    output: z.object({
      good: z.boolean(),
      files: z.array(
        z.object({
          anchors: sha256,
          number: z.int(),
          good: z.boolean(),
          /** Of the ledger, that the file covers and that have not expired. */
          certificates: z.int(),
          /** Of those, of whom the file says something else than the ledger does now. */
          differ: z.int(),
          because: z.string().nullable(),
        }),
      ),
    }),
    summary: 'hold the newest files against the ledger',
    help: 'Checks the signature up to the root, and asks the file about every certificate of the ledger. What ended after the file was made differs until the next one is made.',
    references: { product: 'product' },
  }),
} as const
