// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { quoteResults } from '#format/attestation/messages.ts'
import { registerBanks } from '#format/attestation/register-list.ts'
import { id, instant, label, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const device = id('dev').describe('the device')
const product = id('prd').describe('the product')
const hex = z.string().regex(/^[0-9a-f]+$/)
const form = z.enum(['tpm', 'secure-element'])

/** SHA-256 of an endorsement key or of its certificate, as a list of devices has it. */
export const ekSha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'not a SHA-256 in 64 hexadecimal digits')

export const endorsementView = z.object({
  id: id('edt'),
  version: z.int().min(1),
  device: id('dev'),
  fingerprint: hex.nullable(),
  spkiSha256: hex.nullable(),
  certificateSha256: hex.nullable(),
  announcedSha256: hex.nullable(),
  source: z.enum(['factory', 'first-contact']),
  state: z.enum(['expected', 'replaced']),
  addedAt: instant,
  addedBy: z.string(),
  replacedAt: instant.nullable(),
  seenAt: instant.nullable(),
})

export const attestationView = z.object({
  id: id('att'),
  device: id('dev').nullable(),
  /** The key, once it was certified here. */
  key: id('key').nullable(),
  keyFingerprint: hex,
  form,
  module: z.string(),
  moduleCertificateSha256: hex.nullable(),
  nonce: hex.nullable(),
  evidenceSha256: hex,
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  quote: z.enum(quoteResults),
  at: instant,
  until: instant.nullable(),
})

export const referenceView = z.object({
  id: id('rfv'),
  version: z.int().min(1),
  product: id('prd'),
  hardwareRevision: z.string().nullable(),
  firmwareVersion: z.string(),
  bank: z.enum(registerBanks),
  values: z.record(z.string(), hex),
  state: z.enum(['active', 'withdrawn']),
  addedAt: instant,
  addedBy: z.string(),
})

export const attestation = {
  'device.endorse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/endorsements',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      device,
      ek: z
        .string()
        .min(1)
        .max(65_536)
        .optional()
        .describe('the endorsement key of its TPM, or the certificate of that (PEM)'),
      ekSha256: ekSha256
        .optional()
        .describe('instead: the SHA-256 of the public key or of the certificate, both as DER'),
      replace: reason
        .optional()
        .describe('why the TPM is another one than before; needed where one is expected already'),
    }),
    output: endorsementView,
    summary: 'expect this TPM of a device',
    help: 'From then on the device is admitted by possession of its endorsement key, without a code. One TPM belongs to one device for ever: what belongs to another is refused, and one that is replaced is never accepted of any other.',
    positional: ['device'],
    files: ['ek'],
    references: { device: 'device' },
  }),

  'device.attestation': operation({
    kind: 'plain',
    method: 'GET',
    path: '/devices/:device/attestation',
    role: 'auditor',
    input: z.strictObject({ device }),
    output: z.object({
      device: id('dev'),
      serial: z.string(),
      endorsements: z.array(endorsementView),
      attestations: z.array(attestationView),
    }),
    summary: 'show the TPM of a device, and what it proved',
    help: 'Shows the TPMs that were ever expected of it, and the latest 100 proofs of where its keys live, newest first.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'attestation.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/attestations',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      device: id('dev').optional().describe('only proofs of this device'),
      form: form.optional().describe('only proofs by this kind of hardware'),
      quote: z
        .enum(quoteResults)
        .optional()
        .describe('only those whose platform stood so to the reference values'),
    }),
    output: attestationView,
    summary: 'list the proofs of where keys live',
    help: 'Newest first. A proof that is older than its profile allows says nothing for the next certificate, and stays here.',
    references: { device: 'device' },
  }),

  'attestation.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/attestations/:attestation',
    role: 'auditor',
    input: z.strictObject({ attestation: id('att').describe('the proof') }),
    output: z.object({
      ...attestationView.shape,
      /** JSON, bytes in base64; null where it was not kept. */
      evidence: z.string().nullable(),
    }),
    summary: 'show a proof with the evidence that it was judged by',
    help: 'The evidence is what the hardware itself said: an auditor can judge it again with a tool of their own.',
    positional: ['attestation'],
  }),

  'reference.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/references',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      product,
      firmwareVersion: label.describe('the firmware that measures so'),
      hardwareRevision: label
        .optional()
        .describe('only on this hardware revision; else on every one'),
      values: z
        .string()
        .min(1)
        .max(65_536)
        .describe(
          'what the registers hold, as tpm2_pcrread prints it on a unit that is as it should be',
        ),
      bank: z.enum(registerBanks).default('sha256').describe('which bank of them counts'),
    }),
    output: referenceView,
    summary: 'say what the platforms of a product should measure',
    help: 'A quote has to meet all the values of one firmware. Registers that differ from unit to unit are left out of the file. Whether a platform that measures something else is refused is said by the profile (attestation, quote).',
    positional: ['product'],
    flags: { firmwareVersion: 'firmware' },
    files: ['values'],
    references: { product: 'product' },
  }),

  'reference.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/references',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only those of this product'),
      state: z.enum(['active', 'withdrawn']).default('active').describe('only those in this state'),
    }),
    output: referenceView,
    summary: 'list the reference values',
    help: 'Shows what the platforms of products should measure, newest first.',
    references: { product: 'product' },
  }),

  'reference.withdraw': operation({
    kind: 'plain',
    method: 'POST',
    path: '/references/:reference/withdraw',
    role: 'administrator',
    input: z.strictObject({
      reference: id('rfv').describe('the reference values'),
      reason: reason.describe('why that firmware is not to be trusted any more'),
    }),
    output: referenceView,
    summary: 'take reference values out of force',
    help: 'A platform that measures so meets none any more. What was proved before stays as it was judged then.',
    positional: ['reference'],
  }),
} as const
