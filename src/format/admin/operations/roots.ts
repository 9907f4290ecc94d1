// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, name, paging } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'

export const authorityRequestView = z.object({
  id: id('arq'),
  name: z.string(),
  authority: id('aut'),
  algorithm: z.string(),
  /** Where its key is kept. */
  custody: z.string().nullable(),
  requestSha256: z.string().regex(/^[0-9a-f]{64}$/),
  twin: id('aut').nullable(),
  state: z.enum(['waiting', 'installed', 'withdrawn']),
  createdAt: instant,
  createdBy: z.string(),
  endedAt: instant.nullable(),
})

const wantedName = name.describe('the name of the authority')

/** Authorities whose certificates are signed elsewhere: their keys are here, their roots are not. */
export const roots = {
  'authority.request': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/requests',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: wantedName,
      algorithm: z.string().max(40).default('p-256').describe('the algorithm of its key'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .default('file')
        .describe('where its key is made and stays'),
      maker: name.optional().describe('who stands in its subject; the maker of this installation'),
      twinOf: id('aut').optional().describe('it will be the twin of this authority'),
    }),
    output: z.object({ ...authorityRequestView.shape, pem: z.string() }),
    summary: 'make a key and a request for an authority',
    help: 'For an authority under a root that is elsewhere: a company root, a public one, or that of a ceremony. Only on the machine itself. The same request is given again while it waits. What comes back goes to "authority install".',
    positional: ['name'],
    references: { twinOf: 'authority' },
  }),

  'authority.requests': operation({
    kind: 'list',
    method: 'GET',
    path: '/authorities/requests',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z
        .enum(['waiting', 'installed', 'withdrawn'])
        .optional()
        .describe('only requests in this state'),
    }),
    output: authorityRequestView,
    summary: 'list the requests for authorities',
    help: 'Those that wait for their certificate, and those that ended.',
  }),

  'authority.withdraw': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/requests/withdraw',
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({ name: wantedName }),
    output: authorityRequestView,
    summary: 'give up a request for an authority',
    help: 'Its key will certify nothing, ever. The name is free again.',
    positional: ['name'],
  }),

  'authority.install': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/install',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: wantedName,
      chain: z
        .string()
        .min(1)
        .max(262_144)
        .describe('its certificate and those above it up to the root, in any order (PEM)'),
      rootName: name
        .optional()
        .describe('a name for its root here; it stands in the address of its list'),
    }),
    output: z.object({ authority: authorityView, root: authorityView }),
    summary: 'take the certificate of a requested authority',
    help: 'Checks that it is for the key that waits, that it may sign certificates and lists, that the chain holds up to its root with devices below, and that no name in it says TRIAL in production. From then on it issues here. Devices get the root from /cacerts; its revocation list comes by "authority crl".',
    positional: ['name', 'chain'],
    files: ['chain'],
  }),

  'authority.crl': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/crl',
    role: 'administrator',
    input: z.strictObject({
      authority: id('aut').describe('a root or other authority whose key is elsewhere'),
      crl: z.string().min(1).max(250_000).describe('its newest full revocation list (PEM)'),
    }),
    output: z.object({
      authority: id('aut'),
      number: z.int(),
      thisUpdate: instant,
      nextUpdate: instant,
      revoked: z.int(),
      changed: z.boolean(),
    }),
    summary: 'bring a revocation list that was signed elsewhere',
    help: 'In PEM or DER. Its signature is verified, its number must be higher than the last one. It is served at once, and what it lists is revoked here, too.',
    positional: ['authority', 'crl'],
    files: ['crl'],
    references: { authority: 'authority' },
  }),
} as const
