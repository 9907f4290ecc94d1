// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { leniencies } from '#format/tpm/endorsement-certificate.ts'
import { id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const kind = z.enum(['tpm', 'secure-element'])
const rootRole = z.enum(['root', 'intermediate'])
const digest = z.string().regex(/^[0-9a-fA-F]{64}$/, 'not a SHA-256 in 64 hexadecimal digits')

export const vendorRootView = z.object({
  id: id('vnr'),
  version: z.int().min(1),
  bundle: z.string(),
  vendor: z.string(),
  kind,
  role: rootRole,
  subject: z.string(),
  notAfter: instant,
  sha256: z.string(),
  state: z.enum(['active', 'dropped', 'withdrawn']),
  leniency: z.enum(leniencies),
  oddities: z.array(z.string()),
  afterExpiry: z.enum(['refused', 'accepted']),
  because: z.string().nullable(),
  source: z.string(),
  addedAt: instant,
  endedAt: instant.nullable(),
  endedBy: z.string().nullable(),
})

export const vendorBundleView = z.object({
  id: id('vnb'),
  name: z.string(),
  number: z.int(),
  issuedAt: instant,
  sha256: z.string(),
  certificates: z.int(),
  importedBy: z.string(),
  importedAt: instant,
})

/** One line of the answer to an import: what became of a certificate, or of the whole. */
export const vendorLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('change'),
    what: z.enum(['added', 'changed', 'dropped', 'withheld']),
    vendor: z.string(),
    role: rootRole,
    subject: z.string(),
    notAfter: instant,
    sha256: z.string(),
    oddities: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('done'),
    name: z.string(),
    number: z.int(),
    sha256: z.string(),
    added: z.int(),
    changed: z.int(),
    dropped: z.int(),
    withheld: z.int(),
    unchanged: z.int(),
  }),
])

export const vendors = {
  'vendor-root.import': operation({
    kind: 'upload',
    method: 'POST',
    path: '/vendor-roots/imports',
    role: 'administrator',
    input: z.strictObject({
      sha256: digest.describe(
        'the SHA-256 of the file, from whoever published it and not from where the file came',
      ),
    }),
    output: vendorLine,
    summary: "import a list of chip makers' authorities",
    help: 'From then on the makers in it vouch for chips here. What an earlier version of the same list had and this one has not is ended; versions never fall. The digest is what makes the file genuine: ask for it on another way than the file. docs/guides/chip-makers.md shows the form of the file.',
  }),

  'vendor-root.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/vendor-roots',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z
        .enum(['active', 'dropped', 'withdrawn'])
        .default('active')
        .describe('only authorities in this state'),
      bundle: name.optional().describe('only authorities of the list with this name'),
    }),
    output: vendorRootView,
    summary: "list the chip makers' authorities",
    help: 'Shows those that count, the first to end first, unless another state is asked for.',
  }),

  'vendor-root.bundles': operation({
    kind: 'list',
    method: 'GET',
    path: '/vendor-roots/bundles',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: vendorBundleView,
    summary: 'list the imported lists of authorities',
    help: 'Every version that was ever imported, the newest first, with who imported it and its digest.',
  }),

  'vendor-root.remove': operation({
    kind: 'plain',
    method: 'POST',
    path: '/vendor-roots/:anchor/remove',
    role: 'administrator',
    input: z.strictObject({
      anchor: id('vnr').describe('the authority'),
      because: reason.describe('why; written to the log for ever'),
    }),
    output: vendorRootView,
    summary: "end the trust in a chip maker's authority",
    help: 'No new chip comes in by it, and no later version of its list brings it back. What was proved before stays proved until its own end.',
    positional: ['anchor'],
  }),
} as const
