// SPDX-License-Identifier: Apache-2.0
import { dirname, join, resolve } from 'node:path'
import { readScript } from '#core/ceremony/read-script.ts'
import type { CeremonyScript, StepName } from '#core/ceremony/script.ts'
import { readStopped } from '#core/ceremony/stopped-attempts.ts'
import type { VaultState } from '#core/ceremony/vault.ts'
import type { Refused } from '#core/refusal.ts'
import { readWhole, remove, writeWhole } from '#edge/ceremony/files.ts'
import {
  type ClosedVault,
  discardBegun,
  keepStopped,
  markBegun,
  placeFor,
  readVault,
  settleBundle,
} from '#edge/ceremony/vault-files.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { closeSitting, type Held } from './close.ts'
import { Minutes } from './minutes.ts'
import { type CeremonyMeans, confirmStep, demand, type Sitting } from './sitting.ts'
import { issueCertificates, makeLinks, makeRoots, signLists } from './steps/certify.ts'
import { forget, makeCustody, reshare } from './steps/custody.ts'
import { checkMachine, showScript } from './steps/machine.ts'
import { unlockVault } from './steps/unlock.ts'

export interface CeremonyOrder {
  /** The file of the script; what it names lies beside it. */
  readonly script: string
  /** The directory of the vault, on a medium of its own. */
  readonly vault: string
  /** Where bundle, transcript and shares are written. */
  readonly out: string
  /** Everything says REHEARSAL, and counts nowhere but in a trial. */
  readonly rehearsal: boolean
}

/** What each step does before it is confirmed. */
const acts: Readonly<Record<StepName, (sitting: Sitting) => Promise<Refused | undefined>>> = {
  gather: async () => undefined,
  machine: checkMachine,
  script: showScript,
  custody: makeCustody,
  unlock: unlockVault,
  roots: makeRoots,
  issue: issueCertificates,
  links: makeLinks,
  lists: signLists,
  reshare,
  close: async () => undefined,
}

/**
 * Holds a ceremony by its script: every step is shown, done, confirmed by those whom the script names, and
 * written into the transcript before the next begins.
 *
 * Nothing leaves the vault before the end: one that was stopped or cut off leaves nothing that any server
 * takes, and is begun anew.
 */
export async function holdCeremony(
  order: CeremonyOrder,
  means: CeremonyMeans,
): Promise<Held | Refused> {
  const bytes = await readWhole(resolve(order.script))
  if (bytes === undefined) return refuse('not-found', `there is no script ${order.script}`)
  const read = readScript(bytes)
  if (read.kind === 'faults') {
    const [first] = read.faults
    return refuse(
      'input-wrong',
      `the script has ${read.faults.length} faults; ${first?.path}: ${first?.fault}: "vitalsign ceremony check" names all`,
    )
  }
  const begun = await begin(order, read.script, bytes, means)
  if (begun.kind === 'refused') return begun
  const { sitting } = begun
  try {
    for (const step of sitting.script.steps) {
      await sitting.table.say(['', `—— ${step.step}`, ...wrapped(step.words)])
      const refused = (await acts[step.step](sitting)) ?? (await confirmStep(sitting, step))
      if (refused === undefined) continue
      return await stopped(sitting, step.step, refused)
    }
    return await closeSitting(sitting, bytes)
  } finally {
    forget(sitting)
  }
}

/** Nothing of it counts; that it was tried stays in the vault, and is told by the next act. */
async function stopped(sitting: Sitting, step: string, refused: Refused): Promise<Refused> {
  const { reason, detail } = refused
  await sitting.minutes.note(step, 'stopped', { reason, detail })
  await keepStopped(sitting.place, sitting.minutes.bytes)
  return refused
}

async function begin(
  { script: file, vault, out: outPath, rehearsal }: CeremonyOrder,
  script: CeremonyScript,
  bytes: Uint8Array,
  means: CeremonyMeans,
): Promise<{ readonly kind: 'begun'; readonly sitting: Sitting } | Refused> {
  const [place, out] = [resolve(vault), resolve(outPath)]
  const closed = script.act === 'open' ? await knownVault(script, rehearsal, place) : undefined
  if (closed?.kind === 'refused') return closed
  const state = closed?.state ?? (await newVault(script, rehearsal, place, means))
  if ('reason' in state) return state
  const cut = await keepOldTranscript(join(out, 'transcript.jsonl'), state)
  const minutes = new Minutes(join(out, 'transcript.jsonl'), state.transcriptSha256, means.clock)
  const sitting: Sitting = {
    ...means,
    ...{ script, scriptSha256: sha256(bytes).toHex(), beside: dirname(resolve(file)), rehearsal },
    ...{ place, out, minutes, closed, vault: state, keystore: undefined, secrets: new Map() },
    ...{ parts: [], certificates: [], lists: [] },
  }
  await writeWhole(join(out, 'script.json'), bytes)
  await minutes.note('begin', 'began', {
    ...{ title: script.title, vault: state.vault, act: state.act + 1, rehearsal },
    ...{ scriptSha256: sitting.scriptSha256, environment: state.environment },
    ...(cut === undefined ? {} : { abortedSha256: sha256(cut.bytes).toHex() }),
  })
  const refused = await takePlace(sitting)
  if (refused !== undefined) return stopped(sitting, 'begin', refused)
  // One that was stopped was kept then; one that was cut off had nobody to keep it.
  if (cut?.wasStopped === false) await keepStopped(place, cut.bytes)
  return { kind: 'begun', sitting }
}

async function newVault(
  { title, environment, maker, publicUrl }: CeremonyScript,
  rehearsal: boolean,
  place: string,
  { random }: CeremonyMeans,
): Promise<VaultState | Refused> {
  if (placeFor(place) === 'taken') {
    const read = await readVault(place)
    if (read?.kind === 'vault') await settleBundle(place, read.state.act)
    return refuse('exists-already', `${place} is not empty; name an empty directory for the vault`)
  }
  return {
    ...{ vault: random.bytes(16).toHex(), title, maker, publicUrl, rehearsal },
    environment: rehearsal ? 'trial' : environment,
    ...{ act: 0, lastHeldAt: '', transcriptSha256: '', sets: [], roots: [] },
  }
}

async function knownVault(
  script: CeremonyScript,
  rehearsal: boolean,
  place: string,
): Promise<ClosedVault | Refused> {
  const read = await readVault(place)
  if (read === undefined) {
    return refuse('not-found', `${place} is no vault; a ceremony that never ended made none`)
  }
  if (read.kind === 'refused') return read
  const { state } = read
  await settleBundle(place, state.act)
  if (state.rehearsal !== rehearsal) {
    return refuse(
      'environment-wrong',
      state.rehearsal
        ? 'this vault is of a rehearsal: open it with --rehearsal'
        : 'this vault is no rehearsal: leave --rehearsal out',
    )
  }
  const isSame = rehearsal || script.environment === state.environment
  if (!isSame || script.publicUrl !== state.publicUrl || script.maker !== state.maker) {
    return refuse(
      'environment-wrong',
      `the script is for ${script.environment}, ${script.maker}, ${script.publicUrl}; the vault is of ${state.environment}, ${state.maker}, ${state.publicUrl}`,
    )
  }
  return read
}

/**
 * The transcript that lies there stays beside the new one, which names it if it is of an attempt that came to
 * no end: its act is not among those that the vault has seen.
 */
async function keepOldTranscript(path: string, { act }: VaultState) {
  const bytes = await readWhole(path)
  if (bytes === undefined) return undefined
  await writeWhole(`${path}.${sha256(bytes).toHex().slice(0, 12)}`, bytes)
  await remove(path)
  const last = readStopped(bytes)?.at(-1)
  if (last?.what === 'closed' && Number(last.facts.act) <= act) return undefined
  return { bytes, wasStopped: last?.what === 'stopped' }
}

async function takePlace(sitting: Sitting): Promise<Refused | undefined> {
  const { script, place, vault, table, minutes } = sitting
  if (script.act === 'open') return undefined
  if (placeFor(place) === 'began') {
    await table.say([
      `${place} holds what is left of a ceremony that never ended: keys that certified nothing for anybody`,
    ])
    const refused = await demand(sitting, 'administrator', {
      ...{ step: 'begin', what: 'what is left is removed', answer: 'remove' },
    })
    if (refused !== undefined) return refused
    await discardBegun(place)
    await minutes.note('begin', 'discarded', { place })
  }
  await markBegun(place, vault.vault)
  return undefined
}

const widest = 88

/** Words as lines that fit a terminal. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= widest) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
