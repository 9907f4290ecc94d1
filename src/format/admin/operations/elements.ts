// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificatePem, id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'
import { importLine } from './devices.ts'

const element = id('elm').describe('the element')
const product = id('prd')

export const elementView = z.object({
  id: id('elm'),
  version: z.int().min(1),
  uniqueId: z.string(),
  product: id('prd'),
  device: id('dev').nullable(),
  state: z.enum(['known', 'bound', 'replaced']),
  source: z.enum(['manifest', 'certificate']),
  model: z.string(),
  partNumber: z.string(),
  signerSha256: z.string().nullable(),
  vendorRoot: id('vnr').nullable(),
  addedAt: instant,
  addedBy: z.string(),
  boundAt: instant.nullable(),
  boundBy: z.string().nullable(),
})

export const elements = {
  'element.import': operation({
    kind: 'upload',
    method: 'POST',
    path: '/elements/imports',
    role: 'administrator',
    input: z.strictObject({
      product: product.describe('the product whose devices the elements go into'),
      signer: certificatePem.describe(
        'the certificate of who signed the manifest, as its provisioner publishes it (PEM)',
      ),
      requireMaker: z
        .boolean()
        .default(false)
        .describe("take only elements for which an imported maker's root vouches, too"),
    }),
    output: importLine,
    summary: 'make secure elements known by a signed manifest',
    help: 'Takes the manifest of the Microchip Trust Platform: a list of entries, each signed. An element that is here already with the same keys is counted, not refused, so the same file can be sent again. Refused entries are named by number; after 1000 of them the import stops.',
    files: ['signer'],
    references: { product: 'product' },
  }),

  'element.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/elements',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      certificate: certificatePem.describe(
        'its certificate, then those above it that are not imported (PEM)',
      ),
      product: product.describe('the product whose device it goes into'),
      device: id('dev').optional().describe('the device that it is in, if that is known'),
    }),
    output: elementView,
    summary: "make a secure element known by its maker's certificate",
    help: 'For elements without a manifest: the line reads the certificate out of the element. Its chain has to lead to an imported root of its maker (vendor-root import), and its key counts from then on.',
    files: ['certificate'],
    references: { product: 'product', device: 'device' },
  }),

  'element.assign': operation({
    kind: 'upload',
    method: 'POST',
    path: '/elements/assignments',
    role: 'operator',
    input: z.strictObject({ product: product.describe('the product of the devices') }),
    output: importLine,
    summary: 'say which elements are in which devices, by a CSV file',
    help: 'The first row names the columns: uniqueId and serial. What is so already is counted, so the same file can be sent again. A device that had another element has this one from then on, and the other is never used again.',
    references: { product: 'product' },
  }),

  'element.bind': operation({
    kind: 'plain',
    method: 'POST',
    path: '/elements/:element/bind',
    role: 'operator',
    input: z.strictObject({
      element,
      device: id('dev').describe('the device that it is in'),
    }),
    output: elementView,
    summary: 'say in which device a secure element is',
    help: 'A device that had another element has this one from then on; the other is never used again. From then on the device may enrol with the keys of this element alone, where its profile asks for an element.',
    positional: ['element', 'device'],
    references: { device: 'device' },
  }),

  'element.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/elements',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only elements of this product'),
      device: id('dev').optional().describe('only elements that are or were in this device'),
      state: z.enum(['known', 'bound', 'replaced']).optional().describe('only in this state'),
      uniqueId: z.string().min(1).max(64).optional().describe('only the one with this number'),
    }),
    output: elementView,
    summary: 'list the secure elements',
    help: 'Shows where each was made known, and in which device it is.',
    references: { product: 'product', device: 'device' },
  }),
} as const
