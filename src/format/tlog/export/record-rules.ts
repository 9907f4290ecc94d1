// SPDX-License-Identifier: Apache-2.0
/**
 * Which records of the ledger the log must know, and by which events: what makes ledger and log match
 * one to one. The export follows this table and the verifier demands it.
 */
export interface RecordRule {
  /** The prefix of the kind's ids. An event is about the record that its first subject names. */
  readonly prefix: string
  /**
   * State -> the histories that lead to it: events of the types named in this table, in the order of
   * the log. `any` is the row of a kind without states. A state without a row is not exported.
   */
  readonly states: Readonly<Record<string, readonly (readonly string[])[]>>
  /**
   * Two event types of which the second takes back the first: before a history is compared, each such pair is
   * left out of it, whatever stands between.
   */
  readonly pauses?: readonly [begun: string, ended: string]
  /** Event type -> the columns of the record that the event binds. */
  readonly binds: Readonly<Record<string, Binding>>
}

export interface Binding {
  /** The columns that the event's further subjects give, in order. */
  readonly subjects?: readonly string[]
  /** Column -> the fact that gives it. Bytes are hexadecimal in both, instants as Temporal prints them. */
  readonly facts?: Readonly<Record<string, string>>
}

const issued = 'certificate-issued'
const adopted = 'certificate-adopted'
const learnt = 'certificate-learnt'
const held = 'certificate-held'
const foundWeak = 'key-weakness-found'
const endedFinding = 'key-finding-acted'
/** How a certificate comes into the ledger. */
const beginnings = [issued, adopted, learnt] as const
const madeAuthority = [
  ...([['authority-made'], ['authority-trusted']] as const),
  ...([['authority-adopted'], ['authority-installed']] as const),
] as const
const authorityFacts = { facts: { name: 'name', certificateSha256: 'sha256' } } as const

const wholeCertificate = {
  subjects: ['owner', 'authority', 'key'],
  facts: {
    notAfter: 'notAfter',
    serialNumber: 'serialNumber',
    sha256: 'sha256',
    subject: 'subject',
  },
} as const

const madeKey = 'artefact-key-made'
/** What may have happened to a key that signs artefacts before it ends. */
const signingKeys = [
  [madeKey],
  [madeKey, 'artefact-key-promoted'],
  [madeKey, 'artefact-key-retiring'],
  [madeKey, 'artefact-key-promoted', 'artefact-key-retiring'],
] as const

const boundTpm = [['tpm-expected'], ['tpm-expected', 'tpm-seen'], ['tpm-bound']] as const
/** All by which a TPM is recognised. */
const wholeTpm = {
  subjects: ['device'],
  facts: {
    ...{ fingerprint: 'fingerprint', spkiSha256: 'spkiSha256' },
    ...{ certificateSha256: 'certificateSha256', announcedSha256: 'announcedSha256' },
  },
} as const

export const recordRules: Readonly<Record<string, RecordRule>> = {
  application: {
    prefix: 'app',
    states: {
      active: [['application-added']],
      removed: [['application-added', 'application-removed']],
    },
    binds: { 'application-added': { facts: { name: 'name', profile: 'profile' } } },
  },
  artefactKey: {
    prefix: 'sgk',
    states: {
      next: [[madeKey]],
      current: [[madeKey], [madeKey, 'artefact-key-promoted']],
      retiring: [
        [madeKey, 'artefact-key-retiring'],
        [madeKey, 'artefact-key-promoted', 'artefact-key-retiring'],
      ],
      retired: signingKeys.map((life) => [...life, 'artefact-key-retired']),
      revoked: signingKeys.flatMap((life) => [
        [...life, 'artefact-key-revoked'],
        [...life, 'artefact-key-retired', 'artefact-key-revoked'],
      ]),
    },
    binds: {
      [madeKey]: {
        subjects: ['product', 'key'],
        facts: { name: 'name', environment: 'environment' },
      },
    },
  },
  attestation: {
    prefix: 'att',
    states: { any: [['key-attested']] },
    binds: {
      'key-attested': {
        facts: {
          ...{ device: 'device', form: 'form', keyFingerprint: 'key', module: 'module' },
          ...{ evidenceSha256: 'evidenceSha256', quote: 'quote' },
        },
      },
    },
  },
  authority: {
    prefix: 'aut',
    states: { active: madeAuthority, 'issuing-stopped': madeAuthority, retired: madeAuthority },
    binds: {
      'authority-adopted': authorityFacts,
      'authority-installed': authorityFacts,
      'authority-made': authorityFacts,
      'authority-trusted': authorityFacts,
    },
  },
  ceremony: {
    prefix: 'cer',
    states: { any: [['ceremony-imported']] },
    binds: {
      'ceremony-imported': {
        facts: {
          ...{ vault: 'vault', act: 'act', title: 'title', bundleSha256: 'bundleSha256' },
          transcriptSha256: 'transcriptSha256',
        },
      },
    },
  },
  certificate: {
    prefix: 'crt',
    states: {
      // A reserved one has no event yet: booking is a row, the deed is an event.
      abandoned: [['certificate-abandoned']],
      issued: beginnings.map((begun) => [begun]),
      retired: beginnings.map((begun) => [begun, 'certificate-retired']),
      held: beginnings.flatMap((begun) => [
        [begun, held],
        [begun, 'certificate-retired', held],
        [begun, held, 'certificate-retired'],
      ]),
      revoked: beginnings.flatMap((begun) => [
        [begun, 'certificate-revoked'],
        [begun, 'certificate-retired', 'certificate-revoked'],
        [begun, held, 'certificate-revoked'],
        [begun, 'certificate-retired', held, 'certificate-revoked'],
        [begun, held, 'certificate-retired', 'certificate-revoked'],
      ]),
    },
    pauses: [held, 'certificate-released'],
    binds: {
      [issued]: wholeCertificate,
      [adopted]: wholeCertificate,
      [learnt]: wholeCertificate,
      'certificate-abandoned': {
        subjects: ['owner', 'authority'],
        facts: { serialNumber: 'serialNumber' },
      },
    },
  },
  endorsement: {
    prefix: 'edt',
    // Which of the two states is told by what was done to the device, too.
    states: { expected: boundTpm, replaced: boundTpm },
    binds: { 'tpm-bound': wholeTpm, 'tpm-expected': wholeTpm, 'tpm-seen': wholeTpm },
  },
  entrance: {
    prefix: 'ent',
    states: { any: [['entrance-opened']] },
    binds: {
      'entrance-opened': {
        subjects: ['product', 'authority'],
        facts: { label: 'label', profile: 'profile' },
      },
    },
  },
  keyFinding: {
    prefix: 'kfd',
    states: {
      proposed: [[foundWeak]],
      acted: [[foundWeak, endedFinding]],
      over: [[foundWeak, endedFinding]],
      dismissed: [
        [foundWeak, 'key-finding-dismissed'],
        [foundWeak, endedFinding, 'key-finding-dismissed'],
      ],
    },
    binds: {
      [foundWeak]: {
        subjects: ['key', 'owner'],
        facts: { cause: 'cause', kind: 'kind', severity: 'severity' },
      },
    },
  },
  machine: {
    prefix: 'mch',
    states: { active: [['machine-added']], removed: [['machine-added', 'machine-removed']] },
    binds: { 'machine-added': { subjects: ['key'], facts: { name: 'name', role: 'role' } } },
  },
  party: {
    prefix: 'pty',
    states: { any: [['party-added']] },
    binds: { 'party-added': { facts: { name: 'name', role: 'role' } } },
  },
  product: {
    prefix: 'prd',
    states: { any: [['product-added']] },
    binds: {
      'product-added': { subjects: ['party'], facts: { name: 'name', exposure: 'exposure' } },
    },
  },
}

/** Every event type that the rule of a kind speaks of. */
export function eventTypesOf(rule: RecordRule): ReadonlySet<string> {
  return new Set([...Object.values(rule.states).flat(2), ...(rule.pauses ?? [])])
}

/** A history without what was taken back in it. */
export function withoutPauses({ pauses }: RecordRule, types: readonly string[]): readonly string[] {
  if (pauses === undefined) return types
  const [begun, ended] = pauses
  const left: string[] = []
  for (const type of types) {
    const open = type === ended ? left.lastIndexOf(begun) : -1
    if (open === -1) left.push(type)
    else left.splice(open, 1)
  }
  return left
}

/** The columns that the export shows of a record in this state, sorted; undefined: not exported. */
export function boundColumns(
  rule: RecordRule,
  state: string | null,
): readonly string[] | undefined {
  const key = state ?? 'any'
  if (!Object.hasOwn(rule.states, key)) return undefined
  const columns = (rule.states[key] ?? []).flat().flatMap((type) => {
    const binding = Object.hasOwn(rule.binds, type) ? rule.binds[type] : undefined
    return [...(binding?.subjects ?? []), ...Object.keys(binding?.facts ?? {})]
  })
  return [...new Set(columns)].sort()
}
