// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import type { SigningPlan, Stamp } from '#trust/artefact/form.ts'
import { readOptions } from '#trust/artefact/options.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import { anyVersion } from '#trust/artefact/said-version.ts'
import { refuse } from '#trust/refusal.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'
import type { Product, Release } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { ArtefactStore, KeptOctets } from '../releases/ports.ts'
import { proveOctets } from '../releases/prove-octets.ts'
import { refusingChange } from '../releases/proved-source.ts'
import { refuseMcubootVersion } from '../releases/signing-of.ts'
import type { StampRefused } from '../time-stamps/refusals.ts'
import type { StampSource } from '../time-stamps/stamp-source.ts'
import { openWhole } from './open-whole.ts'
import type { Work } from './plan-release.ts'
import { choicesOf } from './release-choices.ts'
import { sideBySide } from './side-by-side.ts'
import { verifyOutput } from './verify-output.ts'

export interface OutputPorts {
  readonly artefacts: ArtefactStore
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly stamps: StampSource
}

/** Something that came out and was checked; it is kept, and visible to nobody yet. */
export interface Output extends KeptOctets {
  readonly work: Work
  readonly sourceSha256: Uint8Array
  readonly timeStamp: Uint8Array | null
}

/** What is being done, for who waits. */
export interface Progress {
  readonly step: 'reading' | 'signing' | 'writing' | 'checking'
  readonly name: string
  readonly done: number
  readonly of: number
}
export type Tell = (progress: Progress) => void

interface Opened {
  readonly work: Work
  readonly sha256: Uint8Array
  readonly octets: number
  readonly source: ByteSource
}

/**
 * Signs works that need nothing of one another: their octets are held against the digest that was approved, and
 * again whenever they are read; all are planned before the first signature is asked for, and all signatures are there
 * before anything is written. What comes out is read as a device reads it.
 *
 * @param sources the octets of each work, by its digest
 * @throws Fault as the store does
 */
export async function makeOutputs(
  works: readonly Work[],
  sources: ReadonlyMap<Work, Uint8Array>,
  context: { readonly release: Release; readonly product: Product },
  ports: OutputPorts,
  tell: Tell,
): Promise<{ readonly kind: 'outputs'; readonly outputs: readonly Output[] } | Refused> {
  const each = new Map<string, Unproved>()
  try {
    for (const work of works) {
      const sha256 = sources.get(work) ?? work.part.sha256
      if (each.has(sha256.toHex())) continue
      const open = await openWhole(sha256, ports.artefacts)
      if (open === undefined)
        return refuse('artefact-missing', `the octets of ${work.part.name} are not here`)
      const { source, octets } = open
      const { name } = work.part
      each.set(sha256.toHex(), { name, sha256, source, octets, close: () => open.close() })
    }
    // Octets that several forms sign are proved once, and all of them read what was proved.
    const proved = await sideBySide([...each.values()], async (one) => {
      const found = await proveOctets(one, one.sha256, one.name)
      return found.kind === 'refused' ? found : { ...one, source: found.source }
    })
    if (!areAll(proved)) return firstRefused(proved)
    const opened = works.map((work): Opened => {
      const sha256 = sources.get(work) ?? work.part.sha256
      const found = proved.find((one) => sameBytes(one.sha256, sha256))
      if (found === undefined) throw new TypeError('a work whose octets nobody opened')
      return { work, sha256, source: found.source, octets: found.octets }
    })
    return await refusingChange(() => signOpened(opened, context, ports, tell))
  } finally {
    for (const { close } of each.values()) await close()
  }
}

/** Octets as the store gives them, before anything is done with them. */
interface Unproved extends Omit<Opened, 'work'> {
  readonly name: string
  close(): Promise<void>
}

interface Planned {
  readonly at: Opened
  readonly octets: number
  readonly plan: SigningPlan
}

interface SignedPlan extends Planned {
  readonly signatures: readonly Uint8Array[]
}

async function signOpened(
  opened: readonly Opened[],
  context: { readonly release: Release; readonly product: Product },
  ports: OutputPorts,
  tell: Tell,
): Promise<{ readonly kind: 'outputs'; readonly outputs: readonly Output[] } | Refused> {
  const told = (step: Progress['step']) => {
    let done = 0
    return (name: string) => tell({ step, name, done: done++, of: opened.length })
  }
  const [reading, signing, writing, checking] = steps.map(told) as [Named, Named, Named, Named]
  const planned = await sideBySide(opened, async (at): Promise<Planned | Refused> => {
    reading(at.work.part.name)
    const plan = await planSource(at.work, at.source, context, ports)
    return plan.kind === 'refused'
      ? refuse(plan.reason, `${at.work.part.name} as ${at.work.line.form}: ${plan.detail}`)
      : { at, octets: at.octets, plan }
  })
  if (!areAll(planned)) return firstRefused(planned)
  const signed = await sideBySide(planned, async (one): Promise<SignedPlan | Refused> => {
    signing(one.at.work.name)
    const signatures = await signAll(one.plan, one.at.work, ports.keys)
    return 'reason' in signatures ? signatures : { ...one, signatures }
  })
  if (!areAll(signed)) return firstRefused(signed)
  const outputs = await sideBySide(signed, async (one): Promise<Output | Refused> => {
    writing(one.at.work.name)
    const output = await write(one, context.release, ports)
    if ('reason' in output) return output
    checking(one.at.work.name)
    return (await verifyOutput(output, one.at.source, context.release, ports)) ?? output
  })
  return areAll(outputs) ? { kind: 'outputs', outputs } : firstRefused(outputs)
}

const steps = ['reading', 'signing', 'writing', 'checking'] as const
type Named = (name: string) => void

function areAll<T extends object>(found: readonly (T | Refused)[]): found is readonly T[] {
  return found.every((one) => !('reason' in one))
}

function firstRefused(found: readonly object[]): Refused {
  for (const one of found) if ('reason' in one) return one as Refused
  throw new TypeError('nothing was refused')
}

/** What is to be signed of a source, as the line of the plan and the release say. */
export async function planSource(
  { line, form, part, keys }: Work,
  source: ByteSource,
  { release, product }: { readonly release: Release; readonly product: Product },
  { clock }: { readonly clock: Clock },
): Promise<SigningPlan | Refused> {
  const said = choicesOf(form, line.options, { release, product, part, now: clock.now() })
  if (form.name === 'mcuboot' && said['version'] !== anyVersion) {
    const unwritable = refuseMcubootVersion(String(said['version']))
    if (unwritable !== undefined) return unwritable
  }
  const read = readOptions(form, said)
  if (read.kind === 'refused') return read
  return form.plan(
    source,
    read.options,
    keys.map(({ signer }) => signer),
  )
}

/** Every signature of a plan, or none: a backend that is away has signed what nobody ever sees. */
async function signAll(
  { wanted }: SigningPlan,
  { keys: usable }: Work,
  keys: SigningKeys,
): Promise<readonly Uint8Array[] | Refused> {
  const signatures: Uint8Array[] = []
  for (const { signer, over, bytes } of wanted) {
    const by = usable.find((one) => one.signer === signer)
    if (by === undefined) throw new TypeError('a form asks somebody whom nobody named')
    const asked = { algorithm: signer.algorithm, over } as const
    try {
      signatures.push(await keys.sign(by.key.key, bytes, asked))
    } catch (cause) {
      if (!(cause instanceof Fault) || cause.code !== 'key-unreachable') throw cause
      return refuse(
        'key-backend-away',
        `signing key ${by.key.name} cannot sign just now; nothing was signed, ask again later`,
      )
    }
  }
  return signatures
}

/** A time-stamp that is not to be had, on its way out of a form. */
class NoStamp extends Error {
  readonly no: StampRefused

  constructor(no: StampRefused) {
    super(no.detail)
    this.no = no
  }
}

async function write(
  { at: { work, sha256: sourceSha256 }, plan, signatures }: SignedPlan,
  { environment }: Release,
  ports: OutputPorts,
): Promise<Output | Refused> {
  const isStamped = environment === 'production'
  const stamp: Stamp = async (signature) => {
    const stamped = await ports.stamps.stamp(signature)
    if (stamped.kind === 'refused') throw new NoStamp(stamped)
    return stamped.token
  }
  try {
    const pieces = await plan.finish(signatures, isStamped ? stamp : undefined)
    const kept = await ports.artefacts.keep(readPieces(pieces))
    const stamped = isStamped ? await ports.stamps.stamp(kept.sha256) : undefined
    if (stamped?.kind === 'refused') throw new NoStamp(stamped)
    return { ...kept, work, sourceSha256, timeStamp: stamped?.token ?? null }
  } catch (error) {
    if (!(error instanceof NoStamp)) throw error
    return refuse(
      'stamper-missing',
      `what is for production carries a time-stamp, and none is to be had: ${error.no.detail}; nothing was signed`,
    )
  }
}
