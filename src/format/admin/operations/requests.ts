// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificatePem, id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const state = z.enum(['waiting', 'approved', 'refused', 'answered', 'expired'])
const request = id('req').describe('the request, by its id')

/** A request on the list of those that a person decides on. */
export const requestView = z.object({
  id: id('req'),
  version: z.int().min(1),
  state,
  device: id('dev'),
  deviceSerial: z.string(),
  product: id('prd'),
  entrance: z.string(),
  operation: z.enum(['enrol', 'reenrol']),
  proof: z.string(),
  registrar: id('rgr').nullable(),
  proxy: id('pxy').nullable(),
  sourceAddress: z.string(),
  requestSha256: sha256,
  profile: z.string(),
  profileVersion: z.int(),
  askedAt: instant,
  expiresAt: instant,
  decidedAt: instant.nullable(),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
  certificate: id('crt').nullable(),
})

const finding = z.object({ rule: z.string(), severity: z.string(), detail: z.string() })

/** What the request would lead to now, or the refusal that it would meet. */
const foreseenView = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
  z.object({
    kind: z.literal('certificate'),
    subject: z.string(),
    alternativeNames: z.array(z.string()),
    keyAlgorithm: z.string(),
    keyBits: z.int(),
    keyFingerprint: sha256,
    authority: z.string(),
    profile: z.string(),
    notBefore: instant,
    notAfter: instant,
    findings: z.array(finding),
  }),
])

export const registrarView = z.object({
  id: id('rgr'),
  version: z.int().min(1),
  name: z.string(),
  key: id('key'),
  certificateSha256: sha256,
  products: z.array(id('prd')),
  state: z.enum(['active', 'removed']),
  createdAt: instant,
  expiresAt: instant,
  renews: z.boolean().nullable(),
})

export const proxyView = z.object({
  id: id('pxy'),
  version: z.int().min(1),
  name: z.string(),
  key: id('key'),
  certificateSha256: sha256,
  state: z.enum(['active', 'removed']),
  createdAt: instant,
})

const named = { ...paging, name: name.optional().describe('only the one of this name') }

export const requests = {
  'request.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/requests',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: state.optional().describe('only those in this state'),
      device: id('dev').optional().describe('only those of this device'),
    }),
    output: requestView,
    summary: 'list the requests that a person decides on',
    help: 'Shows what waits and what was decided. A profile with the section approval puts requests here.',
    references: { device: 'device' },
  }),

  'request.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/requests/:request',
    role: 'auditor',
    input: z.strictObject({ request }),
    output: z.object({
      ...requestView.shape,
      /** PKCS #10, PEM. */
      pem: z.string(),
      /** Null once it was decided. */
      foreseen: foreseenView.nullable(),
    }),
    summary: 'show a request and what it would lead to',
    help: 'Policy and lint are asked as if the certificate were made now; nothing is signed by looking.',
    positional: ['request'],
  }),

  'request.approve': operation({
    kind: 'plain',
    method: 'POST',
    path: '/requests/:request/approve',
    role: 'operator',
    input: z.strictObject({
      request,
      sha256: sha256
        .optional()
        .describe('the digest of the request that you looked at; refused if it is not this one'),
    }),
    output: requestView,
    summary: 'say yes to a request that waits',
    help: 'The yes holds for these very bytes and for the profile as it is now. The device fetches its certificate when it asks again; policy decides once more then.',
    positional: ['request'],
  }),

  'request.refuse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/requests/:request/refuse',
    role: 'operator',
    input: z.strictObject({
      request,
      reason: reason.describe('why; the device hears it too, and it is written to the log'),
    }),
    output: requestView,
    summary: 'say no to a request that waits',
    help: 'The device hears the words when it asks again. An enrolment code that came with the request is given back to it.',
    positional: ['request'],
  }),

  'registrar.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/registrars',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('a name for it here'),
      certificate: certificatePem.describe('its certificate (PEM), with the purpose cmcRA'),
      products: z
        .array(id('prd'))
        .min(1)
        .max(1000)
        .describe('the products whose devices it may speak for'),
      until: instant.optional().describe('how long; left out: as long as its certificate is good'),
      renews: z
        .boolean()
        .default(false)
        .describe(
          'let it ask for devices again and again: it is another installation that renews them',
        ),
    }),
    output: registrarView,
    summary: 'let a registrar enrol devices on their behalf',
    help: 'It asks over its own certificate and names the device by the serialNumber of the request. Devices must be expected, and the profile must admit the proof registrar.',
    positional: ['name'],
    files: ['certificate'],
    references: { products: 'product' },
    flags: { products: 'product' },
  }),

  'registrar.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/registrars',
    role: 'auditor',
    input: z.strictObject(named),
    output: registrarView,
    summary: 'list the registrars',
    help: 'Shows for which products each may or might speak, and until when.',
  }),

  'registrar.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/registrars/:registrar',
    role: 'administrator',
    input: z.strictObject({ registrar: id('rgr').describe('the registrar') }),
    output: registrarView,
    summary: 'let a registrar speak for nobody any more',
    help: 'It holds from its next request on. What it enrolled before stays as it is.',
    positional: ['registrar'],
    references: { registrar: 'registrar' },
  }),

  'proxy.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/proxies',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('a name for it here'),
      certificate: certificatePem.describe('the certificate that it shows to this server (PEM)'),
    }),
    output: proxyView,
    summary: 'believe a proxy about whose certificate it saw',
    help: 'For a proxy that ends TLS before this server. Whoever has its key can speak for every device: keep it as you keep an authority.',
    positional: ['name'],
    files: ['certificate'],
  }),

  'proxy.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/proxies',
    role: 'auditor',
    input: z.strictObject(named),
    output: proxyView,
    summary: 'list the proxies that are believed',
    help: 'Shows those that end TLS; those that pass it through stand in the configuration.',
  }),

  'proxy.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/proxies/:proxy',
    role: 'administrator',
    input: z.strictObject({ proxy: id('pxy').describe('the proxy') }),
    output: proxyView,
    summary: 'believe a proxy no more',
    help: 'From its next request on it is a stranger, and what it says of devices is refused.',
    positional: ['proxy'],
    references: { proxy: 'proxy' },
  }),
} as const
