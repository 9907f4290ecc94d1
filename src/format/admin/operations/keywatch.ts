// SPDX-License-Identifier: Apache-2.0
/** The watch over all keys ever seen, and what it found out. */
import { z } from 'zod'
import { id, instant, label, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'

const finding = id('kfd').describe('the finding')
const because = reason.describe('why, for the log')
const severity = z.enum(['notice', 'warning', 'critical'])
const state = z.enum(['proposed', 'acted', 'over', 'dismissed'])
const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')

export const findingView = z.object({
  id: id('kfd'),
  version: z.int().min(1),
  kind: z.string(),
  severity,
  state,
  key: id('key'),
  /** Who has the key: a device, or an authority, application, machine and so on. */
  owner: z.string(),
  deviceSerial: z.string().nullable(),
  product: id('prd').nullable(),
  productName: z.string().nullable(),
  lot: z.string().nullable(),
  registrar: id('rgr').nullable(),
  registrarName: z.string().nullable(),
  firmware: z.string().nullable(),
  /** What keys of one cause have in common. */
  cause: sha256,
  /** What of this key shows it. */
  detail: z.string(),
  facts,
  foundAt: instant,
  revocation: id('rvc').nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  because: z.string().nullable(),
})

/** All keys of one cause, as one thing to decide about. */
export const causeView = z.object({
  keys: z.int(),
  owners: z.int(),
  undecided: z.int(),
  /** What they have in common, and what sets them apart, in one line. */
  summary: z.string(),
  traits: z.array(
    z.object({
      what: z.string(),
      value: z.string(),
      keys: z.int(),
      inFleet: z.int().nullable(),
    }),
  ),
  certifiedFrom: z.string().nullable(),
  certifiedUntil: z.string().nullable(),
  /** The first of them. */
  findings: z.array(findingView),
})

/** What would end if people acted, and how they would; nothing happens by itself. */
export const proposalView = z.object({
  certificates: z.int(),
  owners: z.int(),
  withoutIdentity: z.int(),
  needsSecond: z.boolean(),
  set: sha256,
  steps: z.array(z.object({ why: z.string(), command: z.string() })),
})

const round = z.object({
  tests: z.string(),
  startedAt: instant,
  keys: z.int(),
  completedAt: instant.nullable(),
})

export const keywatchView = z.object({
  state: z.enum(['running', 'waiting', 'paused']),
  pausedBy: z.string().nullable(),
  pausedAt: instant.nullable(),
  pausedBecause: z.string().nullable(),
  /** Keys of the fleet, of which so many were tested in the round that is on. */
  keys: z.int(),
  round: round.nullable(),
  lastRound: z.object({ tests: z.string(), at: instant, keys: z.int() }).nullable(),
  deep: round.nullable(),
  /** Keys whose signatures were searched for nonces that give them away. */
  nonces: round.nullable(),
  /** The last time that all RSA keys were compared with one another, and by whom. */
  compared: z.object({ node: z.string(), at: instant, moduli: z.int() }).nullable(),
  /** What this node keeps for that. */
  search: z.object({
    moduli: z.int(),
    waiting: z.int(),
    octetsOnDisk: z.int(),
    damaged: z.array(z.string()),
  }),
  lastRunAt: instant.nullable(),
  nextRunAt: instant.nullable(),
  /** The node that has it just now. */
  runsOn: z.string().nullable(),
  /** Findings that nobody decided about, by kind. */
  open: z.record(z.string(), z.int()),
})

/** What a run tells: each step, then what it came to. */
export const keywatchLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('step'),
    part: z.enum(['keys', 'primes', 'nonces', 'deep']),
    done: z.number(),
    of: z.number(),
  }),
  z.object({
    kind: z.literal('run'),
    end: z.enum(['done', 'paused', 'stopped']),
    keys: z.int(),
    moduli: z.int(),
    nonces: z.int(),
    deep: z.int(),
    found: z.int(),
  }),
  z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
])

export const keywatch = {
  'finding.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/findings',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: state.optional().describe('only those in this state; proposed: nobody decided yet'),
      kind: z.string().max(40).optional().describe('only of this kind, e.g. prime-shared'),
      cause: sha256.optional().describe('only of this cause'),
      device: id('dev').optional().describe('only about keys of this device'),
      product: id('prd').optional().describe('only about devices of this product'),
      lot: label.optional().describe('only about devices of this lot'),
    }),
    output: findingView,
    summary: 'list what was found out about keys of the fleet',
    help: 'The newest first. Each is about one key and one cause; keys of one cause are one alarm. What a kind means: "vitalsign explain prime-shared", and docs/guides/weak-keys.md.',
    references: { device: 'device', product: 'product' },
  }),

  'finding.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/findings/:finding',
    role: 'auditor',
    input: z.strictObject({ finding }),
    output: z.object({
      ...findingView.shape,
      /** The kind, for a reader who knows no cryptography, and who says so. */
      means: z.string(),
      source: z.string(),
      group: causeView,
      proposal: proposalView.nullable(),
    }),
    summary: 'show a finding, who shares its cause, and what to do',
    help: 'Names all devices whose keys have the same cause, what they have in common (lot, registrar, firmware and so on) and how much of the fleet that is, and the commands that would end trust in them. It changes nothing: the watch proposes, people act.',
    positional: ['finding'],
  }),

  'finding.dismiss': operation({
    kind: 'plain',
    method: 'POST',
    path: '/findings/:finding/dismiss',
    role: 'operator',
    input: z.strictObject({ finding, because }),
    output: findingView,
    summary: 'accept a finding, and say why',
    help: 'Its key may be certified again, unless something else was found about it. Whoever finds the same says nothing new. Meant for keys that are weak on purpose, as on a test bench: whoever knows a weak key is the device.',
    positional: ['finding'],
  }),

  'keywatch.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/keywatch',
    role: 'auditor',
    input: z.strictObject({}),
    output: keywatchView,
    summary: 'show how far the watch over all keys is',
    help: 'Which tests were made, over how many keys, when; what waits, and when it goes on. It runs by itself every hour, on one node at a time.',
  }),

  'keywatch.run': operation({
    kind: 'lines',
    method: 'POST',
    path: '/keywatch/run',
    role: 'operator',
    input: z.strictObject({}),
    output: keywatchLine,
    summary: 'test the keys of the fleet now',
    help: 'Tests what is new (all keys if a test is new or a list grew), compares all RSA keys with one another, and spends some minutes on tests that take seconds a key. Refused while another node is at it. To stop watching does not stop it: "keywatch pause" does.',
  }),

  'keywatch.pause': operation({
    kind: 'plain',
    method: 'POST',
    path: '/keywatch/pause',
    role: 'operator',
    input: z.strictObject({ because }),
    output: keywatchView,
    summary: 'pause the watch over all keys',
    help: 'What runs ends at its next step and keeps what it has; new requests are tested at the door as ever. An alarm reminds people while it is paused.',
  }),

  'keywatch.resume': operation({
    kind: 'plain',
    method: 'POST',
    path: '/keywatch/resume',
    role: 'operator',
    input: z.strictObject({}),
    output: keywatchView,
    summary: 'have the watch over all keys go on',
    help: 'It goes on where it was, within the hour; at once: "keywatch run".',
  }),
} as const
