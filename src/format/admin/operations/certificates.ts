// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import {
  certificateKind,
  certificatePem,
  certificateState,
  id,
  instant,
  label,
  name,
  paging,
  reason,
  revocationReason,
} from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView, certificateView, eventView } from '../views.ts'

const certificate = id('crt').describe('the certificate')
const authority = id('aut').describe('the authority')
const pem = z.object({ pem: z.string().describe('one PEM block a certificate, leaf first') })

export const certificates = {
  'certificate.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/certificates',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: id('prd').optional().describe('only certificates of this product'),
      owner: z
        .string()
        .regex(/^[a-z]{3}_[0-9a-f]{32}$/, 'not an id')
        .optional()
        .describe('only certificates of this device, authority, person or machine (its id)'),
      state: certificateState.optional().describe('only certificates in this state'),
      kind: certificateKind.optional().describe('only certificates of this kind'),
      lot: label.optional().describe('only certificates of devices of this lot'),
      serialPrefix: label.optional().describe("only where the device's serial begins so"),
      serialNumber: z
        .string()
        .max(100)
        .regex(
          /^[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2})*$/,
          'not a number in hexadecimal, two digits a byte',
        )
        .optional()
        .describe('only those with exactly this serial number (hexadecimal, colons or none)'),
      expiringBefore: instant.optional().describe('only those that end before (RFC 3339)'),
      expiringAfter: instant.optional().describe('only those that end then or later (RFC 3339)'),
      algorithm: z
        .string()
        .max(40)
        .optional()
        .describe('only for keys of this algorithm, e.g. p-256'),
      authority: id('aut').optional().describe('only certificates that this authority issued'),
      learnt: z
        .boolean()
        .default(false)
        .describe('only certificates that a restore lost and their devices brought back'),
    }),
    output: certificateView,
    summary: 'list certificates',
    help: 'Filters add up; only a beginning of serials (--serial-prefix) and an end (--expiring-before) cannot be asked together, unless a serial number is too. An end asks for issued certificates unless another state is named, and shows the soonest first.',
    references: { product: 'product', authority: 'authority' },
  }),

  'certificate.issue': operation({
    kind: 'plain',
    method: 'POST',
    path: '/certificates',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      profile: z.string().min(1).max(63).default('server').describe('a profile of kind server'),
      names: z
        .array(z.string().min(1).max(253))
        .min(1)
        .max(100)
        .describe('the names and addresses under which it is reached'),
      request: z.string().min(1).max(65_536).describe("a request by the server's key (PEM)"),
    }),
    output: z.object({
      /** Pending: the upstream of the profile is at it; the same command again finds it. */
      state: z.enum(['issued', 'pending']),
      retryAfterSeconds: z.int().nullable(),
      certificate: certificateView.nullable(),
      pem: z.string().nullable(),
    }),
    summary: 'have the certificate of a server signed',
    help: 'For a broker, a gateway or a web server of yours, by the authority that its profile names. This server makes its own. Say the same again to find one that was pending; "certificate export --chain" gives it with the authorities above.',
    files: ['request'],
    flags: { names: 'name' },
  }),

  'certificate.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/certificates/:certificate',
    role: 'auditor',
    input: z.strictObject({ certificate }),
    output: z.object({ ...certificateView.shape, events: z.array(eventView) }),
    summary: 'show a certificate and what happened to it',
    help: 'Shows whose it is, which profile and authority made it, and its latest 100 events.',
    positional: ['certificate'],
  }),

  'certificate.find': operation({
    kind: 'plain',
    method: 'POST',
    path: '/certificates/find',
    role: 'auditor',
    input: z.strictObject({ certificate: certificatePem.describe('a certificate (PEM)') }),
    output: certificateView,
    summary: 'find out whose certificate this is',
    help: 'Tells which device or authority here a certificate file belongs to, and whether it is good, by its exact bytes.',
    positional: ['certificate'],
    files: ['certificate'],
  }),

  'certificate.revoke': operation({
    kind: 'plain',
    method: 'POST',
    path: '/certificates/:certificate/revoke',
    role: 'operator',
    input: z.strictObject({
      certificate,
      reason: revocationReason.describe('the reason that the revocation list shall show'),
      because: reason.describe('what happened, for the log'),
    }),
    output: certificateView,
    summary: 'revoke a certificate',
    help: 'Cannot be undone. The device is refused from now on wherever the revocation list is read. One that is revoked already stays as it is. All of a lot, a product and so on: "revocation end"; the certificate of an authority: "authority revoke".',
    positional: ['certificate'],
  }),

  'certificate.export': operation({
    kind: 'plain',
    method: 'GET',
    path: '/certificates/:certificate/export',
    role: 'auditor',
    input: z.strictObject({
      certificate,
      chain: z.boolean().default(false).describe('the authorities above it too, without the root'),
    }),
    output: pem,
    summary: 'give out a certificate as a file',
    help: 'Byte for byte what was signed.',
    positional: ['certificate'],
  }),

  'authority.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/authorities',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      kind: z.enum(['root', 'issuing', 'foreign']).optional().describe('only those of this kind'),
      name: name.optional().describe('only the one of this name'),
    }),
    output: authorityView,
    summary: 'list the authorities',
    help: 'Shows roots, issuing authorities, and foreign ones whose birth certificates are accepted.',
  }),

  'authority.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/authorities/:authority',
    role: 'auditor',
    input: z.strictObject({ authority }),
    output: authorityView,
    summary: 'show an authority',
    help: 'Its fingerprint is what a device compares before it trusts this installation.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'authority.export': operation({
    kind: 'plain',
    method: 'GET',
    path: '/authorities/:authority/export',
    role: 'auditor',
    input: z.strictObject({
      authority,
      chain: z.boolean().default(false).describe('the authorities above it too, up to the root'),
    }),
    output: pem,
    summary: "give out an authority's certificate as a file",
    help: 'Its certificate only: a key never leaves this installation.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'authority.trust': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('a name for it here'),
      certificate: certificatePem.describe('its certificate (PEM)'),
      products: z
        .array(id('prd'))
        .min(1)
        .max(1000)
        .describe('the products whose expected devices it may vouch for'),
    }),
    output: authorityView,
    summary: 'accept birth certificates of a foreign authority',
    help: 'For chips and boards that come with a birth certificate of their maker. It admits only devices that are expected here, and only those of the products named.',
    positional: ['name'],
    files: ['certificate'],
    references: { products: 'product' },
    flags: { products: 'product' },
  }),
} as const
