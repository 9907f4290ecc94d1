// SPDX-License-Identifier: Apache-2.0
/** Trust that ends, is suspended, or is given back, for all that is chosen. */
import { z } from 'zod'
import {
  certificateKind,
  id,
  instant,
  label,
  name,
  paging,
  reason,
  revocationReason,
} from '../fields.ts'
import { operation } from '../operation.ts'
import { eventView } from '../views.ts'
import { provingPerson } from './approvers.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const revocation = id('rvc').describe('the act, by its id')
const because = reason.describe('what happened, for the log')
const act = z.enum(['end', 'hold', 'quarantine', 'release'])
const state = z.enum(['waiting', 'running', 'effective', 'released', 'refused', 'withdrawn'])

/** What certificates are chosen by; several narrow each other. */
const choice = {
  certificate: id('crt').optional().describe('this certificate'),
  key: id('key').optional().describe('all certificates of this key'),
  device: id('dev').optional().describe('all certificates of this device'),
  owner: z
    .string()
    .regex(/^[a-z]{3}_[0-9a-f]{32}$/, 'not an id')
    .optional()
    .describe('all of this device, application, person or machine (its id)'),
  registrar: id('rgr')
    .optional()
    .describe('all that this registrar asked for, and what they were renewed to'),
  lot: label.optional().describe('all of devices of this lot'),
  product: id('prd').optional().describe('all of devices of this product'),
  authority: id('aut').optional().describe('all that this authority issued'),
  serialPrefix: label.optional().describe("all where the device's serial begins so"),
  kind: certificateKind.optional().describe('only certificates of this kind'),
  profile: name.optional().describe('only certificates of this profile, by its name'),
  algorithm: z.string().max(40).optional().describe('only for keys of this algorithm, e.g. p-256'),
  expiringBefore: instant.optional().describe('only those that end before (RFC 3339)'),
  expiringAfter: instant.optional().describe('only those that end then or later (RFC 3339)'),
  finding: id('kfd')
    .optional()
    .describe('all of the key that this finding is about, see "finding list"'),
  cause: sha256
    .optional()
    .describe('all of keys that were found weak by this cause, see "finding show"'),
}
const references = {
  device: 'device',
  registrar: 'registrar',
  product: 'product',
  authority: 'authority',
} as const

/** `--key` is the key of a machine that speaks to a server elsewhere. */
const flags = { key: 'of-key' } as const

const set = sha256
  .optional()
  .describe('the digest of the set, as "revocation preview" showed it: another set is refused')

/** One act, as far as it came. */
export const revocationView = z.object({
  id: id('rvc'),
  version: z.int().min(1),
  act,
  /** What was chosen, by its names. */
  chosen: z.record(z.string(), z.string()),
  reason: z.string(),
  because: z.string(),
  state,
  /** Certificates that it means, whose they are, and for how many it is in force. */
  certificates: z.int(),
  owners: z.int(),
  done: z.int(),
  set: sha256,
  /** People who still have to approve it. */
  approvalsMissing: z.int(),
  requestedBy: z.string(),
  requestedAt: instant,
  approvals: z.array(z.object({ by: z.string(), at: instant })),
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  effectiveAt: instant.nullable(),
  publishedAt: instant.nullable(),
  releasedBy: z.string().nullable(),
  releasedAt: instant.nullable(),
})

/** Where an act was carried out besides here. */
export const enforcementView = z.object({
  integration: z.string(),
  kind: z.string(),
  act: z.enum(['end', 'restore']),
  state: z.enum(['waiting', 'failed', 'confirmed', 'given-up']),
  tries: z.int(),
  owners: z.int(),
  sessionsEnded: z.int(),
  createdAt: instant,
  confirmedAt: instant.nullable(),
  lastError: z.string().nullable(),
})

const counts = z.record(z.string(), z.int())

export const previewView = z.object({
  act,
  certificates: z.int(),
  kinds: counts,
  already: z.int(),
  owners: z.int(),
  devices: z.int(),
  lookedAt: z.int(),
  states: counts,
  latelyDays: z.int(),
  seenLately: z.int(),
  withoutIdentity: z.int(),
  first: z.array(z.string()),
  lists: z.array(z.object({ authority: z.string(), lists: z.int() })),
  unseen: counts,
  integrations: z.array(z.string()),
  aloneUpTo: z.int().nullable(),
  needsSecond: z.boolean(),
  set: sha256,
})

/** What an asked act came to; null where all that was chosen was so already. */
export const askedView = z.object({ revocation: revocationView.nullable(), already: z.int() })

const deciding = {
  revocation,
  name: name.optional().describe('who approves, where nobody has signed in'),
  passphrase: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('of that person, who proves to be here by it'),
}

const limitChange = id('rvl').describe('the limit that waits')

/** A limit that lets one person end more alone; null owners: any number of devices. */
const limitView = z.object({
  id: id('rvl'),
  version: z.int().min(1),
  owners: z.int().nullable(),
  was: z.int().nullable(),
  state: z.enum(['waiting', 'active', 'refused']),
  because: z.string(),
  approvals: z.array(z.object({ by: z.string(), at: instant })),
  approvalsMissing: z.int(),
  askedBy: z.string(),
  askedAt: instant,
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
})

export const revocations = {
  'revocation.preview': operation({
    kind: 'plain',
    method: 'GET',
    path: '/revocations/preview',
    role: 'auditor',
    input: z.strictObject({
      act: z.enum(['end', 'hold', 'release']).default('end').describe('what would be done'),
      ...choice,
      revocation: id('rvc').optional().describe('for a release: what this act suspended'),
    }),
    output: previewView,
    summary: 'tell what would stop working if trust ended',
    help: 'Counts certificates and devices, names the lists and integrations that would change, says whether a second person has to agree, and gives the digest of exactly this set. Changes nothing.',
    ...{ references, flags },
  }),

  'revocation.end': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/end',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      ...choice,
      reason: revocationReason.describe('the reason that the revocation lists shall show'),
      because,
      set,
    }),
    output: askedView,
    summary: 'end trust in all that is chosen, for good',
    help: 'Cannot be undone. Several choices narrow each other. What is revoked already stays so. Above a number of devices ("revocation limit") a second person has to approve exactly this set. Look first: "revocation preview".',
    ...{ references, flags },
  }),

  'revocation.hold': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/hold',
    creates: true,
    role: 'operator',
    input: z.strictObject({ ...choice, because, set }),
    output: askedView,
    summary: 'suspend trust in all that is chosen',
    help: 'Certificates are refused and stand on the revocation lists as being on hold. "revocation release" gives them back; "revocation end" ends them for good. One device with all that it has: "device quarantine".',
    ...{ references, flags },
  }),

  'revocation.release': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/release',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      ...choice,
      revocation: id('rvc').optional().describe('what this act suspended'),
      because,
      set,
    }),
    output: askedView,
    summary: 'give back what was suspended',
    help: 'Certificates on hold are believed again. What a quarantine holds is given back with its device: "device release".',
    ...{ references, flags },
  }),

  'revocation.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/revocations',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: state.optional().describe('only those in this state'),
    }),
    output: revocationView,
    summary: 'list the acts that ended, suspended or restored trust',
    help: 'The newest first. Trust that ended before this was kept has none.',
  }),

  'revocation.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/revocations/:revocation',
    role: 'auditor',
    input: z.strictObject({ revocation }),
    output: z.object({
      ...revocationView.shape,
      enforcements: z.array(enforcementView),
      events: z.array(eventView),
    }),
    summary: 'show when and how trust ended: the proof',
    help: 'Who asked for it, who agreed, since when it is in force here and in all that is published, what each integration confirmed and how many sessions it ended, and the events of the log that say so.',
    positional: ['revocation'],
  }),

  'revocation.approve': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/:revocation/approve',
    role: 'operator',
    input: z.strictObject({
      ...deciding,
      set: sha256.describe('the digest of the set that you looked at, see "revocation show"'),
    }),
    output: revocationView,
    summary: 'agree to an act that waits for a second person',
    help: 'It is carried out for exactly the set that was asked; if that has changed since, it is over and has to be asked anew. Whoever asked, and who agreed before, counts once. Who has not signed in here says a name and a passphrase.',
    positional: ['revocation'],
    secrets: ['passphrase'],
  }),

  'revocation.refuse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/:revocation/refuse',
    role: 'operator',
    input: z.strictObject({ revocation, because: reason.describe('why not') }),
    output: revocationView,
    summary: 'refuse an act that waits',
    help: 'Nothing of it happens. Whoever asked may ask anew.',
    positional: ['revocation'],
  }),

  'revocation.withdraw': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/:revocation/withdraw',
    role: 'operator',
    input: z.strictObject({ revocation }),
    output: revocationView,
    summary: 'take back what you asked for and that waits',
    help: 'Only who asked for it can; everybody else refuses it.',
    positional: ['revocation'],
  }),

  'revocation.limit': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/limit',
    role: 'administrator',
    input: z.strictObject({
      alone: z
        .int()
        .min(0)
        .max(1_000_000)
        .optional()
        .describe('devices whose trust one person may end or suspend alone; absent: any number'),
      because: reason.describe('why it is changed, for the log'),
    }),
    output: z.object({ aloneUpTo: z.int().nullable(), change: limitView.nullable() }),
    summary: 'set for how many devices one person suffices',
    help: 'It is 20 unless somebody said otherwise: about what a person can have looked at one by one. In a trial one person suffices for any number. Without --alone that holds here, too. A lower number holds at once; a higher one waits for a second person ("revocation approve-limit") and stands as an exception, but in a trial, and as long as there never was a second administrator.',
  }),

  'revocation.show-limit': operation({
    kind: 'plain',
    method: 'GET',
    path: '/revocations/limit',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.object({ aloneUpTo: z.int().nullable(), waiting: limitView.nullable() }),
    summary: 'show for how many devices one person suffices',
    help: 'And the higher number that waits for a second person, if there is one.',
  }),

  'revocation.approve-limit': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/limit/:change/approve',
    // The person who proves to be here has to be administrator, whoever brings the word.
    role: 'operator',
    input: z.strictObject({ change: limitChange, ...provingPerson }),
    output: limitView,
    summary: 'agree to a higher limit that waits',
    help: 'Two administrators who signed in stand behind it, and whoever asked counts as one of them. Who has not signed in here says a name and a passphrase.',
    positional: ['change'],
    secrets: ['passphrase'],
  }),

  'revocation.refuse-limit': operation({
    kind: 'plain',
    method: 'POST',
    path: '/revocations/limit/:change/refuse',
    role: 'administrator',
    input: z.strictObject({ change: limitChange, because: reason.describe('why not') }),
    output: limitView,
    summary: 'refuse a higher limit that waits',
    help: 'The limit stays what it is. Whoever asked may ask anew.',
    positional: ['change'],
  }),

  'authority.revoke': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/revoke',
    role: 'administrator',
    input: z.strictObject({
      authority: id('aut').describe('the issuing authority'),
      reason: revocationReason.describe('the reason that the list of its root shall show'),
      because,
    }),
    output: askedView,
    summary: 'revoke the certificate of an issuing authority',
    help: 'It issues nothing more, and whoever checks chains refuses all that it ever issued. Two people have to agree, but in a trial: "revocation approve". Have its devices renew first: docs/guides/replace-a-compromised-authority.md.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),
} as const
