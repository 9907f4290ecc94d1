// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

/** The forms that keys sign in, as `trust/artefact` has them. */
export const artefactForm = z.enum([
  ...(['mcuboot', 'esp-secure-boot-v2', 'uboot-fit', 'rauc', 'swupdate', 'mender'] as const),
  ...(['suit', 'outer-manifest', 'cms', 'raw'] as const),
])
const signingKey = id('sgk').describe('the signing key')
export const keyState = z.enum(['next', 'current', 'retiring', 'retired', 'revoked'])
const because = reason.describe('why, for the log')

const signingKeyView = z.object({
  id: id('sgk'),
  version: z.int().min(1),
  product: id('prd'),
  environment,
  name: z.string(),
  key: id('key'),
  algorithm: z.string(),
  fingerprint: z.string(),
  custody: z.string().nullable(),
  protection: z.string(),
  exportable: z.boolean().nullable(),
  forms: z.array(artefactForm),
  state: keyState,
  certificate: id('crt').nullable(),
  notAfter: instant.nullable(),
  addedBy: z.string(),
  addedAt: instant,
  endedAt: instant.nullable(),
  because: z.string().nullable(),
})

const signingPlanView = z.object({
  product: id('prd'),
  number: z.int().min(0),
  lines: z.array(z.record(z.string(), z.unknown())),
  changedBy: z.string().nullable(),
  changedAt: instant.nullable(),
})

export const signingKeys = {
  'signing-key.make': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-keys',
    role: 'administrator',
    creates: true,
    input: z.strictObject({
      product: id('prd').describe('the product whose artefacts it signs'),
      name: name.max(40).default('firmware').describe('how people call it'),
      forms: z.array(artefactForm).min(1).max(10).describe('the forms that it signs in'),
      algorithm: z
        .string()
        .max(40)
        .optional()
        .describe('its algorithm; absent: the first that the verifiers of all these forms know'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .default('file')
        .describe('where it is made and stays'),
      environment: environment
        .optional()
        .describe('the environment that it is for: that of this installation'),
      next: z
        .boolean()
        .default(false)
        .describe('devices are to learn it before it signs: it waits for "signing-key promote"'),
      supportUntil: instant
        .optional()
        .describe(
          'until when devices are to take what it signs; a certificate that ends before is refused',
        ),
      authority: id('aut')
        .optional()
        .describe(
          'the issuing authority that certifies it; absent: one that certifies signers alone',
        ),
      because: reason
        .optional()
        .describe(
          'why a rule is relaxed: a weak key, or a chain that devices share; kept as an exception',
        ),
    }),
    output: signingKeyView,
    summary: 'make a key that signs artefacts of a product',
    help: 'The private half stays where it was made and never leaves. For forms whose verifiers hold roots (rauc, swupdate, cms) it gets a certificate that they take in their default and in their strict settings; the first such key makes authorities that certify signers and nobody else.',
    positional: ['product'],
    flags: { forms: 'for' },
    references: { product: 'product', authority: 'authority' },
  }),

  'signing-key.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/signing-keys',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: id('prd').optional().describe('only those of this product'),
      state: keyState.optional().describe('only those in this state'),
    }),
    output: signingKeyView,
    summary: 'list the keys that sign artefacts',
    help: 'With their state: next (devices learn it), current (signs), retiring (signs beside the next one), retired, revoked.',
    references: { product: 'product' },
  }),

  'signing-key.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/signing-keys/:key',
    role: 'auditor',
    input: z.strictObject({ key: signingKey }),
    output: z.object({ ...signingKeyView.shape, publicKeyPem: z.string(), chainPem: z.string() }),
    summary: 'show a signing key and its certificates',
    help: 'The certificates are told leaf first; the last one is the root that devices hold.',
    positional: ['key'],
  }),

  'signing-key.promote': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-keys/:key/promote',
    role: 'administrator',
    input: z.strictObject({ key: signingKey, because }),
    output: signingKeyView,
    summary: 'let a key sign that devices have learnt',
    help: 'Before, see that devices know it: what it signs is refused by all that do not.',
    positional: ['key'],
  }),

  'signing-key.step-down': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-keys/:key/step-down',
    role: 'administrator',
    input: z.strictObject({ key: signingKey, because }),
    output: signingKeyView,
    summary: 'have a key sign beside the next one only',
    help: 'It goes on to sign, so that devices which know it alone are still served, until it is retired.',
    positional: ['key'],
  }),

  'signing-key.retire': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-keys/:key/retire',
    role: 'administrator',
    input: z.strictObject({ key: signingKey, because }),
    output: signingKeyView,
    summary: 'take a signing key out of use',
    help: 'It signs nothing more, and what it signed stays valid. Refused while devices believe no other key: "rotation begin" replaces it, "key-ending ask" ends it all the same. While a rotation of it is open, "rotation advance" retires it, when its steps are done.',
    positional: ['key'],
  }),

  'signing-key.revoke': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-keys/:key/revoke',
    role: 'administrator',
    input: z.strictObject({ key: signingKey, because }),
    output: signingKeyView,
    summary: 'report a signing key as stolen',
    help: 'It signs nothing more, and its certificate goes on the revocation list with the reason keyCompromise. Few bootloaders look at lists: devices are safe from the thief only once they no longer hold the key. Refused while devices believe no other key: "key-ending ask" ends it all the same, with a second person.',
    positional: ['key'],
  }),

  'signing-key.export-anchors': operation({
    kind: 'plain',
    method: 'GET',
    path: '/signing-keys/anchors',
    role: 'auditor',
    input: z.strictObject({
      product: id('prd').describe('the product whose devices are to believe them'),
      form: artefactForm.describe('the form whose bootloader or updater it is for'),
      keys: z
        .array(id('sgk'))
        .max(16)
        .optional()
        .describe('these alone; absent: all that sign in this form, or will'),
    }),
    output: z.object({
      form: artefactForm,
      keys: z.array(z.string()),
      files: z.array(z.object({ name: z.string(), content: z.base64() })),
      notes: z.array(z.string()),
    }),
    summary: 'write anchors for bootloaders',
    help: 'In the form that their bootloader takes: keys.c of MCUboot, the nodes of a control device tree of U-Boot, the keyring of RAUC, the CA file of SWUpdate, key files of Mender, digests for the eFuses of chips of Espressif. A key that is next is among them, so that devices know it before it signs.',
    positional: ['product'],
    references: { product: 'product' },
  }),

  'signing-plan.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/signing-plans/:product',
    role: 'auditor',
    input: z.strictObject({ product: id('prd').describe('the product') }),
    output: signingPlanView,
    summary: 'show how artefacts of a product are signed',
    help: 'In which forms, with which choices, by which keys; what "release sign" does unless it is told less.',
    positional: ['product'],
    references: { product: 'product' },
  }),

  'signing-plan.apply': operation({
    kind: 'plain',
    method: 'POST',
    path: '/signing-plans/:product',
    role: 'administrator',
    input: z.strictObject({
      product: id('prd').describe('the product'),
      plan: z
        .strictObject({
          lines: z
            .array(z.record(z.string().max(64), z.unknown()))
            .min(1)
            .max(32),
        })
        .describe('the plan (JSON)'),
    }),
    output: signingPlanView,
    summary: 'write down how artefacts of a product are signed',
    help: 'Under "lines", each line names a form, and may name artefacts (with * for any letters), options of the form, keys, how devices are set, and the form whose output it signs. It counts for what is signed from now on; docs/guides/signing-keys.md shows plans.',
    positional: ['product', 'plan'],
    files: ['plan'],
    references: { product: 'product' },
  }),
} as const
