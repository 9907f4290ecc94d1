// SPDX-License-Identifier: Apache-2.0
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { ClockGuard } from '../authority/clock-guard.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Release, ReleasePart, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent, toBeSignedIn } from '../releases/by-digest.ts'
import { refuseLeftOver, refuseRevokedSigner } from '../releases/digest-keys.ts'
import { markSigned } from '../releases/mark.ts'
import { partsOf } from '../releases/parts-of.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { refuseOtherPlan } from '../releases/signing-of.ts'
import { wanting } from '../releases/stored.ts'
import type { DigestBookings } from './digest-bookings.ts'
import { exceptionsOf } from './key-exceptions.ts'
import { makeOutputs, type Output, type OutputPorts, type Tell } from './make-outputs.ts'
import { type PlanPorts, planRelease, type Work } from './plan-release.ts'
import type { ReleaseInHand, ReleasesInHand } from './releases-in-hand.ts'
import { checkKeysAgain } from './usable-keys.ts'

export interface ReleaseSigningPorts extends PlanPorts, OutputPorts {
  readonly random: Randomness
  readonly guard: ClockGuard
  readonly artefacts: OutputPorts['artefacts']
  readonly bookings: DigestBookings
  readonly inHand: ReleasesInHand
  /**
   * Whether policy and approvals let it be signed now.
   *
   * @param hand what was read in this epoch counts; undefined: all evidence is looked at again
   */
  judge(release: Release, hand?: ReleaseInHand): Promise<Refused | undefined>
  /** Why nothing more of what is signed may go out, if so. */
  refuseDisputed(release: Release, hand?: ReleaseInHand): Promise<Refused | undefined>
}

export type ReleaseSigned =
  | {
      readonly kind: 'signed'
      readonly release: Release
      readonly signed: readonly SignedArtefactRecord[]
      /** It was signed before: nothing was done. */
      readonly isRepeated: boolean
    }
  | Refused

/**
 * Signs an approved release in all its forms, or in none: what came out is seen by nobody before the one commit
 * that says all of it. Asked again, it answers with what is there.
 *
 * @throws Fault as the store, the keys and the ledger do; then nothing was signed that anybody sees
 */
export async function signRelease(
  asked: Release,
  only: readonly ArtefactFormName[] | undefined,
  actor: Actor,
  ports: ReleaseSigningPorts,
  tell: Tell = () => {},
): Promise<ReleaseSigned> {
  const { ledger } = ports
  const release = (await ledger.read('release', asked.id)) ?? asked
  if (release.state === 'signed' || release.state === 'published')
    return repeated(release, only, ports)
  if (release.state !== 'approved')
    return refuse(
      'release-state-wrong',
      `${release.id} is ${release.state}; only what is approved is signed`,
    )
  const parts = await partsOf(release.id, ledger)
  const no =
    ports.guard.check(ports.clock.now()) ??
    (await refuseOtherPlan(release, parts, ledger)) ??
    (await ports.judge(release))
  if (no !== undefined) return no
  const product = await ledger.read('product', release.product)
  if (product === undefined) return refuse('not-found', `there is no product ${release.product}`)
  const unsigned = await unsignedByDigest(release, parts, ports)
  if (unsigned !== undefined) return unsigned
  const isAllElsewhere = !parts.some((part) => isContent(part) && !isByDigest(part))
  const planned = isAllElsewhere
    ? ({ kind: 'works', works: [] } as const)
    : await planRelease(release, product, parts, only, ports)
  if (planned.kind === 'refused') return planned
  const made = await makeAll(planned.works, { release, product }, ports, tell)
  if (made.kind === 'refused') return made
  const keys = planned.works.flatMap((work) => work.keys)
  const ended = await checkKeysAgain(keys, ledger)
  if (ended !== undefined) return ended
  // An image of gigabytes takes minutes: who left, or what a scan found since, counts as it did at the beginning.
  const meanwhile = await ports.judge(release)
  if (meanwhile !== undefined) return meanwhile
  return book(release, only, made.outputs, actor, ports)
}

/** What is there, if it is what is asked for: a release is signed once, and in no further form afterwards. */
async function repeated(
  release: Release,
  only: readonly ArtefactFormName[] | undefined,
  { ledger }: PlanPorts,
): Promise<ReleaseSigned> {
  const signed = await signedArtefactsOf(release.id, ledger)
  const missing = only?.find((form) => !signed.some((one) => one.form === form))
  if (missing !== undefined)
    return refuse(
      'release-state-wrong',
      `${release.id} was signed as ${[...new Set(signed.map(({ form }) => form))].join(', ')}, and not as ${missing}; a release is signed once: make another`,
    )
  return { kind: 'signed', release, signed, isRepeated: true }
}

/** Whatever a build put forward to be signed by its digest has to be signed before the release counts as signed. */
async function unsignedByDigest(
  release: Release,
  parts: readonly ReleasePart[],
  { ledger }: PlanPorts,
): Promise<Refused | undefined> {
  const byDigest = parts.filter((part) => part.role === 'artefact' && isByDigest(part))
  const made = await signedArtefactsOf(release.id, ledger)
  const revoked = await refuseRevokedSigner(made, ledger)
  if (revoked !== undefined) return revoked
  const signed = new Set(made.map(({ part }) => part))
  const missing = byDigest.find(({ id, ...part }) => {
    if (signed.has(id)) return false
    const { name } = part
    // An artefact is signed itself, or what is to be signed of it is.
    return (
      toBeSignedIn(part) !== undefined ||
      !byDigest.some((one) => toBeSignedIn(one)?.of === name && signed.has(one.id))
    )
  })
  return (
    missing &&
    ((await refuseLeftOver([missing], ledger)) ??
      refuse(
        'artefact-missing',
        `the octets of ${missing.name} are not here, and it was not signed by its digest yet: "vitalsign firmware sign --release"`,
      ))
  )
}

/** What is made of other outputs takes these as its source, as they are kept. */
async function makeAll(
  works: readonly Work[],
  context: Parameters<typeof makeOutputs>[2],
  ports: ReleaseSigningPorts,
  tell: Tell,
): Promise<{ readonly kind: 'outputs'; readonly outputs: readonly Output[] } | Refused> {
  const first = await makeOutputs(
    works.filter(({ line }) => !line.of),
    new Map(),
    context,
    ports,
    tell,
  )
  const later = works.filter(({ line }) => line.of)
  if (first.kind === 'refused' || later.length === 0) return first
  const sources = new Map<Work, Uint8Array>()
  for (const work of later) {
    const { of } = work.line
    const before = first.outputs.find(
      (one) => one.work.part.id === work.part.id && one.work.line.form === of,
    )
    if (before !== undefined) sources.set(work, before.sha256)
  }
  const second = await makeOutputs(later, sources, context, ports, tell)
  if (second.kind === 'refused') return second
  return { kind: 'outputs', outputs: [...first.outputs, ...second.outputs] }
}

async function book(
  release: Release,
  only: readonly ArtefactFormName[] | undefined,
  outputs: readonly Output[],
  actor: Actor,
  ports: ReleaseSigningPorts,
): Promise<ReleaseSigned> {
  const { ledger } = ports
  const marked = await markSigned(release, outputs.length, actor, ports)
  if (marked.kind === 'refused') return marked
  const records = await Promise.all(
    outputs.map((output) => recordOf(release, output, actor, ports)),
  )
  const each = [...new Map(outputs.map((one) => [one.sha256.toHex(), one])).values()]
  const stored = await Promise.all(each.map((output) => wanting(output, actor.id, ports)))
  const committed = await ledger.commit({
    puts: [
      ...marked.puts,
      ...stored,
      ...records.map((record): Put => ({ kind: 'signedArtefact', record })),
    ],
    events: [...records.map((record) => told(record, actor)), ...marked.events],
  })
  const now = await ledger.read('release', release.id)
  if (committed.kind === 'committed')
    return {
      ...{ kind: 'signed', release: now ?? release, isRepeated: false },
      signed: records.length > 0 ? records : await signedArtefactsOf(release.id, ledger),
    }
  // Somebody else signed it at the same moment: theirs counts, and ours is collected.
  if (now?.state === 'signed' || now?.state === 'published') return repeated(now, only, ports)
  return refuse('conflict', 'the release was changed while it was signed; look again')
}

async function recordOf(
  release: Release,
  { work, sha256, octets, sourceSha256, timeStamp }: Output,
  actor: Actor,
  ports: ReleaseSigningPorts,
): Promise<SignedArtefactRecord> {
  const exceptions = await exceptionsOf(work.keys, ports.ledger)
  return {
    ...{ id: newId('signedArtefact', ports), version: 1, release: release.id, part: work.part.id },
    ...{ form: work.line.form, name: work.name, sourceSha256, sha256, octets, signature: null },
    keys: work.keys.map(({ key }) => key.id),
    timeStamp,
    facts: {
      algorithms: work.keys.map(({ signer }) => signer.algorithm),
      keyNames: work.keys.map(({ key }) => key.name),
      ...(work.line.of && { of: work.line.of }),
      ...(exceptions.length > 0 && { exceptions }),
    },
    ...{ signedBy: actor.id, signedAt: ports.clock.now() },
  }
}

function told(record: SignedArtefactRecord, actor: Actor): AuditEvent {
  const { form, name, sourceSha256, sha256, octets, timeStamp } = record
  const { exceptions, keyNames } = record.facts
  return {
    ...{ type: 'artefact-signed', at: record.signedAt, actor },
    subjects: [record.id, record.release, record.part, ...record.keys],
    facts: {
      ...{ form, name, sourceSha256: sourceSha256.toHex(), sha256: sha256.toHex(), octets },
      by: Array.isArray(keyNames) ? keyNames.join(', ') : '',
      isTimeStamped: timeStamp !== null,
      ...(Array.isArray(exceptions) && { exceptions: exceptions.join('; ') }),
    },
  }
}
