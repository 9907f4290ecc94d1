// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { Authority } from '../ledger/tables.ts'
import type { RevocationReason } from '../revocation/revoke.ts'

/** What people are in a ceremony: who runs the machine, who holds a share, who watches, who will be asked later. */
export const ceremonyRoles = ['administrator', 'custodian', 'witness', 'auditor'] as const
export type CeremonyRole = (typeof ceremonyRoles)[number]

export interface Participant {
  readonly role: CeremonyRole
  readonly name: string
}

/** What is done, in this order; a ceremony has those that it needs. */
export const ceremonySteps = [
  ...(['gather', 'machine', 'script', 'custody', 'unlock'] as const),
  ...(['roots', 'issue', 'links', 'lists', 'reshare', 'close'] as const),
] as const
export type StepName = (typeof ceremonySteps)[number]

export interface ScriptStep {
  readonly step: StepName
  /** What is read aloud before it. */
  readonly words: string
  /** Everybody of these roles says yes before it counts. */
  readonly confirmedBy: readonly CeremonyRole[]
}

/** A root that will be made. */
export interface ScriptRoot {
  /** What servers call it; it stands in the addresses of its certificate and its list. */
  readonly name: string
  readonly algorithm: KeyAlgorithmName
  /** commonName of its subject. */
  readonly commonName: string
  /** The root that it stands beside, if it is for keys that withstand quantum computers. */
  readonly twinOf: string | undefined
  /** Its last second; undefined: as the profile of roots says. */
  readonly until: Temporal.Instant | undefined
}

/** A request that a root answers. */
export interface ScriptIssue {
  readonly root: string
  /** A file beside the script: PKCS #10. */
  readonly request: string
  /** As the server told it, to be compared; undefined: people compare. */
  readonly requestSha256: string | undefined
  readonly until: Temporal.Instant | undefined
}

/** A root of the same name, whose key one of ours vouches for. */
export interface ScriptLink {
  readonly root: string
  /** The name of another root of this vault, or a file beside the script with its certificate. */
  readonly certificate: string
}

export interface ScriptRevocation {
  /** Hexadecimal, of a certificate that this vault issued. */
  readonly serialNumber: string
  readonly reason: RevocationReason
}

/** A revocation list that a root signs. */
export interface ScriptList {
  readonly root: string
  readonly goodForDays: number
  readonly revoke: readonly ScriptRevocation[]
}

export interface ShareCounts {
  readonly needed: number
  readonly of: number
  /** Whether each share is encrypted under a passphrase of its custodian; otherwise paper alone protects it. */
  readonly sealed: boolean
}

/** Who will do what, agreed before anybody travels. */
export interface CeremonyScript {
  /** `found` makes roots and shares; `open` uses a vault that is there. */
  readonly act: 'found' | 'open'
  readonly title: string
  readonly environment: Authority['environment']
  /** Stands in the subject of each root. */
  readonly maker: string
  /** The base of the addresses that certificates point to. */
  readonly publicUrl: string
  /** To `open`: only where the shares are made anew. */
  readonly shares: ShareCounts | undefined
  readonly people: readonly Participant[]
  readonly roots: readonly ScriptRoot[]
  readonly issue: readonly ScriptIssue[]
  readonly links: readonly ScriptLink[]
  readonly lists: readonly ScriptList[]
  readonly steps: readonly ScriptStep[]
}

interface Counted {
  readonly length: number
}

/** The steps that a script needs for what it does, in their order. */
export function stepsOf(script: {
  readonly act: CeremonyScript['act']
  readonly shares: ShareCounts | undefined
  readonly roots: Counted
  readonly issue: Counted
  readonly links: Counted
  readonly lists: Counted
}): readonly StepName[] {
  const isFounding = script.act === 'found'
  const does: Readonly<Record<StepName, boolean>> = {
    ...{ gather: true, machine: true, script: true, close: true },
    ...{ custody: isFounding, unlock: !isFounding },
    roots: script.roots.length > 0,
    issue: script.issue.length > 0,
    links: script.links.length > 0,
    lists: script.lists.length > 0,
    reshare: !isFounding && script.shares !== undefined,
  }
  return ceremonySteps.filter((step) => does[step])
}

/** The words that a new script has for each step; whoever writes one may say it better. */
export const usualWords: Readonly<Record<StepName, string>> = {
  gather:
    'Everybody named in the script is here, has shown a document with a photograph to the witness, and knows the others by now.',
  machine:
    'This machine has no network, was started from a medium that was checked, and its clock is right.',
  script:
    'Everybody has a printed copy of the script. Its digest is read aloud from the screen and compared with the copies.',
  custody:
    'The passphrase of the vault is made by this machine, shown to nobody, and split. Each custodian takes one share and chooses a passphrase for it.',
  unlock:
    'Custodians bring their shares, one after the other, until enough are here to open the vault.',
  roots:
    'The keys of the roots are made and kept in the vault, encrypted. Each root certifies itself. Their fingerprints are read aloud and written down.',
  issue:
    'Each request is shown with its digest, which is compared with what its server printed. Then a root certifies it.',
  links:
    'A root vouches for the key of another root of its name. The fingerprint of the other root is compared.',
  lists: 'Each root signs its list of revoked certificates, for as long as the script says.',
  reshare:
    'The passphrase of the vault is made anew and split anew. From now on the shares of before open nothing.',
  close:
    'What was made is compared with what was written down. Then every root signs the bundle, the passphrase is forgotten, and the vault and the shares go their ways.',
}

/** Who confirms each step, at least. */
export const leastConfirmed: Readonly<Record<StepName, readonly CeremonyRole[]>> = {
  gather: ['administrator', 'witness'],
  machine: ['administrator', 'witness'],
  script: ['administrator', 'custodian', 'witness', 'auditor'],
  custody: ['custodian', 'witness'],
  unlock: ['custodian', 'witness'],
  roots: ['administrator', 'witness', 'auditor'],
  issue: ['administrator', 'witness'],
  links: ['administrator', 'witness'],
  lists: ['administrator', 'witness'],
  reshare: ['custodian', 'witness'],
  close: ['administrator', 'witness', 'auditor'],
}

/** The people of these roles, in the order of the script. */
export function peopleOf(
  { people }: Pick<CeremonyScript, 'people'>,
  roles: readonly CeremonyRole[],
): readonly Participant[] {
  return people.filter(({ role }) => roles.includes(role))
}

/** Whether somebody typed their name or, where nobody else has the same, their initials. */
export function isNamedBy(
  typed: string,
  { name }: Participant,
  people: readonly Participant[],
): boolean {
  const said = plain(typed)
  if (said === plain(name)) return true
  const same = people.filter((one) => initialsOf(one.name) === initialsOf(name))
  return said === initialsOf(name) && same.length === 1
}

function initialsOf(name: string): string {
  const words = plain(name).split(' ')
  return words.length < 2 ? '' : words.map((word) => [...word][0] ?? '').join('')
}

function plain(text: string): string {
  return text.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase()
}
