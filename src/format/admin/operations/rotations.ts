// SPDX-License-Identifier: Apache-2.0
/** What devices run and believe, and how one signing key follows another. */
import { z } from 'zod'
import { environment, id, instant, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { provingPerson } from './approvers.ts'
import { artefactForm, keyState } from './signing-keys.ts'

const count = z.int().min(0)
const product = id('prd').describe('the product')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const rotation = id('rot').describe('the rotation')
const signingKey = id('sgk').describe('the signing key')
const ending = id('ken').describe('the ending, by its id')
const because = reason.describe('why, for the log')
const stepName = z.enum([
  ...(['key-made', 'anchors-shipped', 'signed-with-both'] as const),
  ...(['adoption-proved', 'old-retired'] as const),
])

const installedView = z.object({
  id: id('ins'),
  device: id('dev'),
  serial: z.string(),
  product: id('prd'),
  lot: z.string().nullable(),
  firmwareVersion: z.string(),
  securityVersion: count,
  highestSecurityVersion: count,
  anchors: z.array(z.string()),
  /** Names of the signing keys that these anchors are of. */
  believes: z.array(z.string()),
  reportedAt: instant,
})

const rotationView = z.object({
  id: id('rot'),
  version: z.int().min(1),
  product: id('prd'),
  environment,
  from: z.string(),
  to: z.string(),
  fromKey: id('sgk'),
  toKey: id('sgk'),
  forms: z.array(artefactForm),
  state: z.enum(['open', 'done', 'given-up']),
  carrier: id('rel').nullable(),
  thresholdPercent: count,
  silentDays: count,
  mostSilentPercent: count,
  because: z.string(),
  begunBy: z.string(),
  begunAt: instant,
  endedAt: instant.nullable(),
})

const progressView = z.object({
  ...rotationView.shape,
  /** What devices report once they believe the new key. */
  anchors: z.array(sha256),
  steps: z.array(
    z.object({ name: stepName, state: z.enum(['done', 'skipped', 'waits']), detail: z.string() }),
  ),
  next: z.string().nullable(),
  adoption: z.object({
    inService: count,
    heard: count,
    adopted: count,
    silent: count,
    firstLagging: z.array(z.string()),
    firstSilent: z.array(z.string()),
  }),
  warnings: z.array(z.string()),
})

const endingView = z.object({
  id: id('ken'),
  version: z.int().min(1),
  signingKey: id('sgk'),
  name: z.string(),
  act: z.enum(['retire', 'revoke']),
  state: z.enum(['waiting', 'done', 'refused']),
  devices: count,
  unknown: count,
  because: z.string(),
  approvals: z.array(z.object({ by: z.string(), at: instant })),
  /** People who still have to agree. */
  approvalsMissing: count,
  askedBy: z.string(),
  askedAt: instant,
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
})

const group = { devices: count }

/** What one way to end does to what is signed in one form. */
export const keyEffect = z.object({
  form: artefactForm,
  verifier: z.string(),
  ending: z.enum(['retired', 'certificate-ended', 'revoked', 'removed']),
  install: z.enum(['taken', 'refused']),
  start: z.enum(['starts', 'does-not-start', 'not-checked']),
  releases: z.array(z.string()),
  devices: count,
  because: z.string(),
})

export const rotations = {
  'installed.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/installed',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only devices of this product'),
      firmwareVersion: z.string().max(128).optional().describe('only those that run this'),
      anchor: sha256.optional().describe('only those that report this anchor'),
    }),
    output: installedView,
    summary: 'list what devices say that they run and believe',
    help: 'The word of each device, sent over a connection of its own ("vitalsign-device firmware report"). An anchor is the SHA-256 of a key, or of a root, that its bootloader takes.',
    references: { product: 'product' },
  }),

  'installed.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/products/:product/installed',
    role: 'auditor',
    input: z.strictObject({ product }),
    output: z.object({
      product: id('prd'),
      inService: count,
      reported: count,
      versions: z.array(
        z.object({ firmwareVersion: z.string(), securityVersion: count, ...group }),
      ),
      anchors: z.array(z.object({ anchor: sha256, name: z.string().nullable(), ...group })),
    }),
    summary: 'count what devices of a product run and believe',
    help: 'By version of the firmware, and by each key or root that they report; devices that never reported are counted apart.',
    positional: ['product'],
    references: { product: 'product' },
  }),

  'rotation.begin': operation({
    kind: 'plain',
    method: 'POST',
    path: '/rotations',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      product: product.describe('the product whose key is replaced'),
      from: id('sgk').describe('the signing key that is replaced'),
      to: id('sgk').describe('the one that follows it, made with --next'),
      forms: z
        .array(artefactForm)
        .min(1)
        .max(10)
        .optional()
        .describe('in these forms; absent: all'),
      threshold: z
        .int()
        .min(1)
        .max(100)
        .default(98)
        .describe('how many in a hundred devices have to believe the new key'),
      silentDays: z
        .int()
        .min(1)
        .max(3650)
        .default(90)
        .describe('after how many days without a word a device counts as silent'),
      mostSilent: z
        .int()
        .min(0)
        .max(100)
        .default(5)
        .describe('how many in a hundred devices may be silent'),
      because,
    }),
    output: progressView,
    summary: 'begin to replace a signing key',
    help: 'Nothing changes by it but that the keys are held to the plan: the old key ends once so many devices report that they believe the new one. The steps are computed from what is signed, published and reported.',
    positional: ['product'],
    flags: { forms: 'form' },
    references: { product: 'product' },
  }),

  'rotation.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/rotations',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only those of this product'),
      state: z.enum(['open', 'done', 'given-up']).optional().describe('only those in this state'),
    }),
    output: rotationView,
    summary: 'list how signing keys follow each other',
    help: 'Those that are open, done or given up, the newest first.',
    references: { product: 'product' },
  }),

  'rotation.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/rotations/:rotation',
    role: 'auditor',
    input: z.strictObject({ rotation }),
    output: progressView,
    summary: 'show how far a rotation is, and what it waits for',
    help: 'With the share of devices that report the new anchor; those that do not, and those that were silent for long, are named and counted apart.',
    positional: ['rotation'],
  }),

  'rotation.carry': operation({
    kind: 'plain',
    method: 'POST',
    path: '/rotations/:rotation/carrier',
    role: 'operator',
    input: z.strictObject({
      rotation,
      release: id('rel').describe('the release that brings the anchors of the new key'),
    }),
    output: progressView,
    summary: 'name the release that brings the new key to devices',
    help: 'Only whoever built it knows what is built into it. It is signed by the old key, since devices know no other yet.',
    positional: ['rotation', 'release'],
  }),

  'rotation.advance': operation({
    kind: 'plain',
    method: 'POST',
    path: '/rotations/:rotation/advance',
    role: 'administrator',
    input: z.strictObject({ rotation, because }),
    output: progressView,
    summary: 'do what is due in a rotation',
    help: 'Lets the new key sign beside the old one once its anchors are shipped, and takes the old one out of use once enough devices report the new one. Refused, with what it waits for, before that.',
    positional: ['rotation'],
  }),

  'rotation.skip': operation({
    kind: 'plain',
    method: 'POST',
    path: '/rotations/:rotation/skip',
    role: 'administrator',
    input: z.strictObject({ rotation, step: stepName.describe('the step that waits'), because }),
    output: progressView,
    summary: 'pass over a step of a rotation',
    help: 'Kept as an exception: where anchors were shipped otherwise, or nothing has to be signed meanwhile. The proof of adoption is not passed over: "key-ending ask" ends a key that devices depend on.',
    positional: ['rotation', 'step'],
  }),

  'rotation.give-up': operation({
    kind: 'plain',
    method: 'POST',
    path: '/rotations/:rotation/give-up',
    role: 'administrator',
    input: z.strictObject({ rotation, because }),
    output: progressView,
    summary: 'give a rotation up',
    help: 'The keys stay what they are, and are held to no plan any more.',
    positional: ['rotation'],
  }),

  'signing-key.what-if': operation({
    kind: 'plain',
    method: 'GET',
    path: '/signing-keys/:key/what-if',
    role: 'auditor',
    input: z.strictObject({
      key: signingKey,
      at: instant.optional().describe('the moment to look at; absent: when its certificate ends'),
    }),
    output: z.object({
      key: id('sgk'),
      name: z.string(),
      state: keyState,
      at: instant,
      breaks: z.boolean(),
      summary: z.string(),
      chain: z.array(z.object({ subject: z.string(), notAfter: instant })),
      endsAt: instant.nullable(),
      inService: count,
      holding: count,
      dependent: count,
      unknown: count,
      first: z.array(z.string()),
      lots: z.array(z.object({ lot: z.string(), ...group })),
      versions: z.array(z.object({ firmwareVersion: z.string(), ...group })),
      releases: z.array(
        z.object({
          id: id('rel'),
          firmwareVersion: z.string(),
          securityVersion: count,
          channel: z.string(),
          supportUntil: instant.nullable(),
          outlivesCertificate: z.boolean(),
        }),
      ),
      effects: z.array(keyEffect),
      followers: z.array(z.string()),
      steps: z.array(z.string()),
    }),
    summary: 'show what breaks when a signing key ends',
    help: 'Or its certificate, or one above it. Form by form, by what its verifier does: what devices would refuse to install and what would not start, how many by lot and version, and what to do before. Changes nothing.',
    positional: ['key'],
  }),

  'key-ending.ask': operation({
    kind: 'plain',
    method: 'POST',
    path: '/key-endings',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      key: signingKey,
      act: z.enum(['retire', 'revoke']).describe('out of use, or stolen'),
      because,
    }),
    output: endingView,
    summary: 'end a signing key that devices depend on',
    help: 'Those that believe no other key take no update any more: "signing-key what-if" counts them. It waits for a second person ("key-ending approve") and is kept as an exception; in a trial one person suffices.',
    positional: ['key', 'act'],
  }),

  'key-ending.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/key-endings',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: endingView,
    summary: 'list keys that were to end though needed',
    help: 'Those that wait for a second person and those that were decided, the newest first.',
  }),

  'key-ending.approve': operation({
    kind: 'plain',
    method: 'POST',
    path: '/key-endings/:ending/approve',
    // The person who proves to be here has to be administrator, whoever brings the word.
    role: 'operator',
    input: z.strictObject({ ending, ...provingPerson }),
    output: endingView,
    summary: 'agree that a needed signing key ends',
    help: 'Two people who signed in stand behind it, and whoever asked counts as one of them. Who has not signed in here says a name and a passphrase.',
    positional: ['ending'],
    secrets: ['passphrase'],
  }),

  'key-ending.refuse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/key-endings/:ending/refuse',
    role: 'administrator',
    input: z.strictObject({ ending, because }),
    output: endingView,
    summary: 'refuse that a signing key ends',
    help: 'The key stays what it is. Whoever asked may ask anew.',
    positional: ['ending'],
  }),
} as const
