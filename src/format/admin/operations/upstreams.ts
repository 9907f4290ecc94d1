// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificatePem, id, instant, name, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const protocol = z.enum(['est', 'acme', 'rest'])
const orderState = z.enum(['open', 'answered', 'turned-down', 'refused', 'given-up'])
const upstream = id('ups').describe('the upstream')
const privateKey = z.string().min(1).max(65_536)

/** Somebody else's authority that signs for profiles of ours. */
export const upstreamView = z.object({
  id: id('ups'),
  version: z.int().min(1),
  name: z.string(),
  protocol,
  /** False for a protocol that was never tried against the live service of its maker. */
  triedLive: z.boolean(),
  address: z.string(),
  settings: z.record(z.string(), z.string()),
  credentialEndsAt: instant.nullable(),
  secretFile: z.string().nullable(),
  repeatsMinutes: z.int(),
  authorities: z.array(id('aut')),
  /** The profiles whose newest version names it. */
  profiles: z.array(z.string()),
  /** Requests that wait for it. */
  open: z.int(),
  /** Why it does not answer, as this server found last. */
  trouble: z.string().nullable(),
  state: z.enum(['active', 'removed']),
  createdAt: instant,
})

/** One certificate that an upstream is asked for. */
export const upstreamOrderView = z.object({
  id: id('uor'),
  certificate: id('crt'),
  upstream: id('ups'),
  state: orderState,
  stage: z.enum(['booked', 'asked', 'waiting']),
  /** What it said last, in its own words. */
  words: z.string().nullable(),
  tries: z.int(),
  createdAt: instant,
  nextAt: instant,
  until: instant,
  endedAt: instant.nullable(),
})

export const upstreams = {
  'upstream.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/upstreams',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: name.describe('a name for it here; profiles call it by that'),
      protocol: protocol.describe(
        'how it is asked: est; acme, for host names only; rest, an EJBCA server, which was not tried live',
      ),
      address: z.url().max(500).describe('where it is, as https; for acme its directory'),
      roots: certificatePem
        .optional()
        .describe('the roots by which its server is known (PEM); left out: those of this machine'),
      anchors: certificatePem
        .optional()
        .describe('the roots of its certificates (PEM); left out: what it says of itself'),
      certificate: certificatePem
        .optional()
        .describe('the certificate that proves this server to it, and those above (PEM)'),
      key: privateKey.optional().describe('the private key of that certificate (PKCS #8 in PEM)'),
      label: z.string().min(1).max(200).optional().describe('for est: the label to ask under'),
      settings: z
        .array(z.string().regex(/^[a-z][a-z-]{0,39}=[^\p{C}]{1,200}$/u, 'not NAME=VALUE'))
        .max(20)
        .optional()
        .describe('what its protocol needs besides, as a name, = and a value'),
      secretFile: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'not the name of a file')
        .optional()
        .describe('a file in the directory upstream of the data whose first line is its secret'),
      repeatsMinutes: z
        .int()
        .min(0)
        .max(1440)
        .default(0)
        .describe('how long it answers the same request the same; another Vitalsign: 15'),
    }),
    output: upstreamView,
    summary: 'have profiles signed by the authority of somebody else',
    help: 'It is reached once before it is registered, and its authorities are shown. Then name it in the section hosting of a profile. Without --repeats-minutes a request whose answer was lost is given up rather than asked again, since it might be signed twice.',
    positional: ['name', 'protocol', 'address'],
    files: ['roots', 'anchors', 'certificate', 'key'],
    flags: { key: 'private-key', settings: 'setting' },
  }),

  'upstream.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/upstreams',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      name: name.optional().describe('only the one of this name'),
    }),
    output: upstreamView,
    summary: 'list who else signs for profiles',
    help: 'Shows for each which profiles it signs for, what waits for it, and whether it answers.',
  }),

  'upstream.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/upstreams/:upstream',
    role: 'auditor',
    input: z.strictObject({ upstream }),
    output: upstreamView,
    summary: 'show an upstream',
    help: 'Shows what was registered, never a secret.',
    positional: ['upstream'],
    references: { upstream: 'upstream' },
  }),

  'upstream.test': operation({
    kind: 'plain',
    method: 'POST',
    path: '/upstreams/:upstream/test',
    role: 'administrator',
    input: z.strictObject({
      upstream,
      accept: z
        .boolean()
        .default(false)
        .describe('take new authorities of it into what its certificates may lead to'),
    }),
    output: z.object({
      name: z.string(),
      /** What else it says of itself. */
      says: z.record(z.string(), z.string()),
      /** Its authorities, as it tells of them. */
      told: z.array(
        z.object({
          subject: z.string(),
          sha256: z.string(),
          notAfter: instant,
          known: z.boolean(),
        }),
      ),
      accepted: z.int(),
    }),
    summary: 'reach an upstream and show what it says',
    help: 'Asks it for its authorities; nothing is signed. New ones count only when you accept them.',
    positional: ['upstream'],
    references: { upstream: 'upstream' },
  }),

  'upstream.credential': operation({
    kind: 'plain',
    method: 'POST',
    path: '/upstreams/:upstream/credential',
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      upstream,
      certificate: certificatePem.describe(
        'the certificate that proves this server to it, and those above (PEM)',
      ),
      key: privateKey.describe('its private key (PKCS #8 in PEM)'),
    }),
    output: upstreamView,
    summary: 'prove this server by another certificate',
    help: 'Before the former one ends. Requests that are under way go on. The account of an ACME upstream is its key: register that anew, under another name.',
    positional: ['upstream'],
    files: ['certificate', 'key'],
    flags: { key: 'private-key' },
    references: { upstream: 'upstream' },
  }),

  'upstream.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/upstreams/:upstream',
    role: 'administrator',
    input: z.strictObject({ upstream }),
    output: upstreamView,
    summary: 'forget an upstream',
    help: 'Refused while a profile names it or a request waits for it. Its roots are shown to devices until the last identity by it has ended.',
    positional: ['upstream'],
    references: { upstream: 'upstream' },
  }),

  'upstream.orders': operation({
    kind: 'list',
    method: 'GET',
    path: '/upstream-orders',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      upstream: id('ups').optional().describe('only those of this upstream'),
      state: orderState.optional().describe('only those in this state'),
    }),
    output: upstreamOrderView,
    summary: 'list what upstreams were asked for',
    help: 'One row a certificate, with what the upstream said last. Open ones are taken up again by themselves.',
    references: { upstream: 'upstream' },
  }),
} as const
