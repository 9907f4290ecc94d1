// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { formNamed } from '#trust/artefact/find-form.ts'
import type { ArtefactSigner, Piece, SigningPlan } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { readOptions } from '#trust/artefact/options.ts'
import { readPieces, sizeOf } from '#trust/artefact/pieces.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { writeFile } from '../files.ts'
import { argumentName, choicesSaid } from '../firmware/choices.ts'
import {
  checkSignatures,
  readSignatures,
  wantedDocument,
  wantedLines,
} from '../firmware/elsewhere.ts'
import { forms } from '../firmware/forms.ts'
import { type SizedSource, withFiles } from '../firmware/open-artefact.ts'
import { closeKeys, namedKeys, openKeys, signersOf } from '../firmware/signers.ts'
import { stampingOf } from '../firmware/stamp.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { signThere } from './firmware-sign-there.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/**
 * Signs a file with keys that are at hand, or in two steps with keys that are elsewhere. A server is asked only if a
 * release is named, and is not given the file.
 */
export const signFirmware: Verb = async (call) => {
  const { said } = call
  const form = formNamed(said.text('form') ?? '', forms)
  if ('reason' in form) throw stopFor(form)
  if (said.has('digestOnly') && said.value('signatures') !== undefined)
    throw wrongUse('--digest-only and --signatures', 'the one is answered by the other')
  const isThere = said.text('release') !== undefined
  if (isThere !== (said.value('serverKey') !== undefined))
    throw wrongUse(
      '--release and --signing-key',
      'the one says what was approved, the other who signs',
    )
  if (isThere && (said.has('digestOnly') || said.value('signingKey') !== undefined))
    throw wrongUse(
      '--release and keys of your own',
      'a release is signed by the keys of its product',
    )
  if (isThere)
    return withFiles(async (files) => {
      const source = await files.open(said.text('file') ?? '', 'FILE')
      return signThere(call, form, source, {
        plan: (signers) => planBy(call, form, source, signers),
        finish: (plan, signers, signatures) => {
          const keys = signers.map(({ publicKey }) => publicKey)
          return finish(call, form, source, plan, keys, signatures)
        },
      })
    })
  if (said.has('digestOnly')) return withFiles((files) => tellWanted(call, form, files.open))
  if (said.value('signatures') !== undefined)
    return withFiles(async (files) => {
      const source = await files.open(said.text('file') ?? '', 'FILE')
      const keys = namedKeys(said)
      const plan = await planOf(call, form, source, keys)
      return finish(call, form, source, plan, keys, readSignatures(said, plan))
    })
  return withFiles(async (files) => {
    const source = await files.open(said.text('file') ?? '', 'FILE')
    const opened = await openKeys(call)
    try {
      const keys = opened.map(({ publicKey }) => publicKey)
      const plan = await planOf(call, form, source, keys, call.means.now())
      const signatures: Uint8Array[] = []
      for (const { signer, over, bytes } of plan.wanted) {
        const key = opened.find(({ publicKey }) => publicKey === signer.publicKey)
        if (key === undefined) throw new TypeError('a signature of a stranger is wanted')
        signatures.push(await key.sign(bytes, signer.algorithm, over))
      }
      return await finish(call, form, source, plan, keys, signatures)
    } finally {
      await closeKeys(opened)
    }
  })
}

/**
 * @param now when it is signed, for forms that say it; absent where it is signed in two steps, which have to plan the
 *   same
 */
function planOf(
  call: Call,
  form: AnyForm,
  source: SizedSource,
  keys: readonly PublicKey[],
  now?: Temporal.Instant,
): Promise<SigningPlan> {
  return planBy(call, form, source, signersOf(call.said, form, keys), now)
}

async function planBy(
  { said, terminal }: Call,
  form: AnyForm,
  source: SizedSource,
  signers: readonly ArtefactSigner[],
  now?: Temporal.Instant,
): Promise<SigningPlan> {
  refuseStrangers(said, form)
  const usual =
    now !== undefined && Object.hasOwn(form.options, 'signedAt')
      ? { signedAt: now.round({ smallestUnit: 'second', roundingMode: 'floor' }).toString() }
      : {}
  const options = readOptions(form, { ...usual, ...choicesSaid(said, form) })
  if (options.kind === 'refused') throw stopFor(options)
  const plan = await terminal.waiting(
    `reading ${basename(said.text('file') ?? '')}`,
    form.plan(source, options.options, signers),
  )
  if (plan.kind === 'refused') throw stopFor(plan)
  return plan
}

/** A choice of another form would be passed over in silence. @throws Stop */
function refuseStrangers(said: Call['said'], form: AnyForm): void {
  for (const other of Object.values(forms))
    for (const name of Object.keys(other.options))
      if (!Object.hasOwn(form.options, name) && said.value(argumentName(name)) !== undefined)
        throw wrongUse(
          `${form.title} knows no ${name}`,
          `"vitalsign firmware forms ${form.name}" says what can be chosen`,
        )
}

async function tellWanted(
  call: Call,
  form: AnyForm,
  open: (path: string, what: string) => Promise<SizedSource>,
) {
  const source = await open(call.said.text('file') ?? '', 'FILE')
  const plan = await planOf(call, form, source, namedKeys(call.said))
  if (isJson(call)) await call.terminal.write(jsonText(wantedDocument(plan)))
  else await writeLines(call, wantedLines(plan))
  return exit.done
}

/** Writes what is signed, once every signature and the whole are verified; else nothing is left. */
async function finish(
  call: Call,
  form: AnyForm,
  source: SizedSource,
  plan: SigningPlan,
  keys: readonly PublicKey[],
  signatures: readonly Uint8Array[],
) {
  const { said, terminal } = call
  await checkSignatures(plan.wanted, signatures)
  const stamping = await stampingOf(said)
  const pieces = await plan.finish(signatures, stamping?.stamp)
  stamping?.checkUsed(form)
  const input = said.text('file') ?? ''
  const out = said.text('out') ?? `${input}.${form.place === 'embedded' ? 'signed' : form.name}`
  const progress = terminal.progress(`writing ${basename(out)}`)
  try {
    await writeFile(out, readPieces(pieces), '--out', (part) =>
      proveWhole(form, part, source, keys),
    )
  } finally {
    progress.end()
  }
  await tellWritten(call, form, out, pieces, keys)
  return exit.done
}

/** Reads what was written as a device would that knows these keys. @throws Stop */
function proveWhole(
  form: AnyForm,
  part: string,
  source: SizedSource,
  keys: readonly PublicKey[],
): Promise<void> {
  const trust: DeviceTrust = {
    ...{ keys, roots: [], purpose: 'any', now: undefined, stampRoots: [] },
    ...{ counter: undefined, demandsBoth: false },
  }
  return withFiles(async (files) => {
    const beside = form.place === 'detached' ? source : undefined
    const verdict = await form.verify(await files.open(part, '--out'), trust, beside)
    if (verdict.kind === 'refused') throw stopFor(verdict)
  })
}

async function tellWritten(
  call: Call,
  form: AnyForm,
  out: string,
  pieces: readonly Piece[],
  keys: readonly PublicKey[],
): Promise<void> {
  const octets = sizeOf(pieces)
  const fingerprints = keys.map(({ fingerprint }) => fingerprint.toHex())
  if (isJson(call)) {
    const document = { kind: 'signed', form: form.name, file: out, octets, keys: fingerprints }
    await call.terminal.write(jsonText(document))
    return
  }
  const mark = call.terminal.paint('green', '✓')
  const by = fingerprints.map((one) => one.slice(0, 16)).join(' and ')
  await writeLines(call, [
    `${mark} ${out}: ${form.title}, ${octets.toLocaleString('en')} octets, signed by ${by}`,
  ])
}
