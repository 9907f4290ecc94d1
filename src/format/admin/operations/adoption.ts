// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { issuedForms } from '#format/issued-list/read-issued-list.ts'
import { certificatePem, id, name } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'

const counts = {
  added: z.int(),
  revoked: z.int(),
  devices: z.int(),
  unchanged: z.int(),
  expired: z.int(),
  refused: z.int(),
}

/** One line of the answer to an import of certificates. */
export const adoptionLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), row: z.int(), reason: z.string(), detail: z.string() }),
  z.object({ kind: z.literal('progress'), rows: z.int(), bytes: z.int() }),
  z.object({ kind: z.literal('done'), rows: z.int(), ...counts }),
  z.object({
    kind: z.literal('stopped'),
    row: z.int(),
    reason: z.string(),
    detail: z.string(),
    ...counts,
  }),
])

export const adoption = {
  'authority.import': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/import',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: name.describe('a name for it here; it stands in the addresses of its lists'),
      certificate: certificatePem.describe(
        'its certificate, then those above it up to the root (PEM)',
      ),
      key: z.string().min(1).max(65_536).describe('its private key (PKCS #8 in PEM)'),
      issue: z
        .boolean()
        .default(false)
        .describe('let it go on issuing; otherwise it signs revocation lists only'),
      lastCrlNumber: z
        .int()
        .min(0)
        .max(2 ** 46)
        .optional()
        .describe('the number of the last revocation list that it signed elsewhere'),
    }),
    output: authorityView,
    summary: 'take over an authority of another PKI with its key',
    help: 'Its devices renew here from then on, and its revocation lists are made here with numbers that go on. Stop it elsewhere first: two places that sign for one authority contradict each other. Then import what it issued.',
    positional: ['name'],
    files: ['certificate', 'key'],
    flags: { key: 'private-key' },
  }),

  'certificate.import': operation({
    kind: 'upload',
    method: 'POST',
    path: '/certificates/imports',
    role: 'administrator',
    input: z.strictObject({
      authority: id('aut').describe('the authority that issued them, imported before'),
      product: id('prd').describe('the product whose devices they name'),
      form: z
        .enum(issuedForms)
        .default('csv')
        .describe('what the file is; docs/guides/come-from-another-pki.md shows each'),
      kind: z
        .enum(['working', 'birth'])
        .default('working')
        .describe('whether they are renewed, or made once for a life'),
      mostRefused: z
        .int()
        .min(1)
        .max(100_000_000)
        .default(1000)
        .describe('after so many refused rows the import stops'),
    }),
    output: adoptionLine,
    summary: 'take over what another PKI issued and revoked',
    help: 'Checks the signature of each and notes device, key and revocation. Rows that are here already are counted, so the same list can be sent again after an interruption, or to catch up with new revocations. Refused rows are named by number.',
    references: { authority: 'authority', product: 'product' },
  }),
} as const
