// SPDX-License-Identifier: Apache-2.0
import { mostArtefacts, mostAttachments, mostTests } from '#format/release/manifest.ts'
import { fileNameForm } from '#format/release/manifest-fields.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Release, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent, type ToBeSignedPart, toBeSignedIn } from './by-digest.ts'
import { isLeftOver, refuseEnded } from './digest-keys.ts'
import { judgeDocument } from './judge-document.ts'
import { partsOf } from './parts-of.ts'
import type { ReleasePorts } from './ports.ts'
import { checkOpen, reopen } from './reopen.ts'
import { storedOf, wanting } from './stored.ts'

/** What is to be attached: octets that were uploaded, or the word of a test whose report is kept elsewhere. */
export type NewPart =
  | {
      readonly role: Exclude<ReleasePart['role'], 'test'>
      readonly name: string
      readonly sha256: Uint8Array
      /** Of an artefact whose octets stay where they are: how many there are. */
      readonly octets?: number | undefined
      /** Of such a one that is what a key is to sign of another. */
      readonly toBeSigned?: ToBeSignedPart | undefined
    }
  | {
      readonly role: 'test'
      readonly name: string
      readonly sha256: Uint8Array
      readonly uri: string
      readonly outcome: 'passed' | 'failed'
    }

export type PartAttached =
  | { readonly kind: 'attached'; readonly part: ReleasePart; readonly release: Release }
  | Refused

/** Attaches something to a release; a document is read first, and refused if it is of something else. */
export async function attachPart(
  release: Release,
  asked: NewPart,
  actor: Actor,
  ports: ReleasePorts,
): Promise<PartAttached> {
  const { ledger, clock } = ports
  const final = checkOpen(release)
  if (final !== undefined) return final
  const parts = await partsOf(release.id, ledger)
  const full = checkNumber(asked, parts)
  if (full !== undefined) return full
  const brought = await broughtBy(asked, release, parts, ports)
  if (brought.kind === 'refused') return brought
  const { name, role, sha256 } = asked
  const part: ReleasePart = {
    ...{ id: newId('releasePart', ports), version: 1, release: release.id, role, name, sha256 },
    ...{ octets: brought.octets, facts: brought.facts, addedBy: actor.id, addedAt: clock.now() },
    ...{ slot: `${role}/${name}`, removedAt: null },
  }
  const needed =
    role === 'test' || isByDigest(part)
      ? []
      : [await wanting({ sha256, octets: part.octets }, actor.id, ports)]
  const changed = await reopen(
    release,
    {
      puts: [{ kind: 'releasePart', record: part }, ...needed],
      contributors: brought.senders,
      // One more signature of what was approved and signed already: people approve that, too.
      keepsSigned: toBeSignedIn(part) !== undefined,
      facts: { act: 'attach', part: part.id, role, name, sha256: sha256.toHex() },
    },
    actor,
    ports,
  )
  return changed.kind === 'refused' ? changed : { kind: 'attached', part, release: changed.release }
}

/** Takes something away from a release. */
export async function detachPart(
  release: Release,
  part: ReleasePart,
  actor: Actor,
  ports: Pick<ReleasePorts, 'ledger' | 'clock'>,
) {
  const { id, role, name, sha256 } = part
  const removed = { ...part, version: part.version + 1, slot: null, removedAt: ports.clock.now() }
  return reopen(
    release,
    {
      puts: [{ kind: 'releasePart', record: removed }],
      keepsSigned: await isLeftOver(part, ports.ledger),
      facts: { act: 'detach', part: id, role, name, sha256: sha256.toHex() },
    },
    actor,
    ports,
  )
}

interface Brought {
  readonly kind: 'brought'
  readonly octets: number
  readonly facts: ReleasePart['facts']
  readonly senders: readonly string[]
}

async function broughtBy(
  asked: NewPart,
  release: Release,
  parts: readonly ReleasePart[],
  ports: ReleasePorts,
): Promise<Brought | Refused> {
  if (asked.role === 'test') {
    const { uri, outcome } = asked
    return { kind: 'brought', octets: 0, facts: { uri, outcome }, senders: [] }
  }
  const { name, role, sha256 } = asked
  if (!fileNameForm.test(name))
    return refuse('input-wrong', `name: "${name}" is no file name of letters, digits and . _ + -`)
  if (asked.octets !== undefined) return byDigest(asked, asked.octets, release, parts, ports)
  const stored = await storedOf(sha256, ports.ledger)
  if (stored?.state !== 'kept') return notUploaded(sha256)
  const octets = await ports.artefacts.size(sha256)
  if (octets === undefined) return notUploaded(sha256)
  const read = role === 'artefact' ? noFacts : await judgeDocument(asked, release, parts, ports)
  if (read.kind === 'refused') return read
  return { kind: 'brought', octets, facts: read.facts, senders: [stored.storedBy] }
}

/** Nothing is known of it but what is said; the form and the key of what is to be signed have to be there. */
async function byDigest(
  { role, toBeSigned }: Exclude<NewPart, { readonly role: 'test' }>,
  octets: number,
  release: Release,
  parts: readonly ReleasePart[],
  { ledger }: ReleasePorts,
): Promise<Brought | Refused> {
  if (role !== 'artefact')
    return refuse('input-wrong', `role: ${role} is read here, so its octets are needed`)
  const facts = { byDigest: true }
  if (toBeSigned === undefined) return { kind: 'brought', octets, facts, senders: [] }
  const { of, form, key: id } = toBeSigned
  if (!parts.some((part) => isContent(part) && part.name === of))
    return refuse(
      'not-found',
      `${release.id} has no artefact ${of}, of which something is to be signed`,
    )
  const key = await ledger.read('artefactKey', id)
  if (key?.product !== release.product || key.environment !== release.environment)
    return refuse('signing-key-missing', `${id} is no signing key of this product and environment`)
  if (!key.forms.includes(form))
    return refuse(
      'signing-plan-wrong',
      `signing key ${key.name} is for ${key.forms.join(', ')}, not for ${form}`,
    )
  const ended = refuseEnded(key)
  if (ended !== undefined) return ended
  return { kind: 'brought', octets, facts: { ...facts, ...toBeSigned }, senders: [] }
}

const noFacts = { kind: 'read', facts: {} } as const

function notUploaded(sha256: Uint8Array): Refused {
  return refuse(
    'artefact-missing',
    `no octets with SHA-256 ${sha256.toHex()} are here; upload them first (vitalsign artefact upload)`,
  )
}

/** As many as the manifest can say. */
function checkNumber({ role }: NewPart, parts: readonly ReleasePart[]): Refused | undefined {
  const kinds = role === 'artefact' || role === 'test' ? [role] : ['sbom', 'vex', 'provenance']
  const most = role === 'artefact' ? mostArtefacts : role === 'test' ? mostTests : mostAttachments
  const count = parts.filter((part) => kinds.includes(part.role)).length
  return count < most
    ? undefined
    : refuse('input-wrong', `it has ${count} of this kind, which is as many as a release may have`)
}
