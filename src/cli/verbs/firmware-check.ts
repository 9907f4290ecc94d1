// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { bootloaderRule } from '#trust/artefact/bootloader-rules.ts'
import { formNamed } from '#trust/artefact/find-form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import type { DeclaredDevice } from '#trust/artefact/predict/declared-device.ts'
import { type Predicted, type Prediction, predict } from '#trust/artefact/predict/predict.ts'
import { listed, momentOf } from '../firmware/device-trust.ts'
import { forms } from '../firmware/forms.ts'
import { besideOf, type OpenFiles, withFiles } from '../firmware/open-artefact.ts'
import { readDeclaration } from '../firmware/read-declaration.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit, wrongUse } from '../stop.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Says for each declared device whether it would take a file, now and for as long as it is to. No server is asked. */
export const checkFirmware: Verb = (call) =>
  withFiles(async (files) => {
    const { said, terminal } = call
    const paths = listed(said, 'device')
    if (paths.length === 0)
      throw wrongUse('no device is named', 'name a declaration: --device FILE')
    const path = said.text('file') ?? ''
    const found: Told[] = []
    for (const declaration of paths) {
      const device = readDeclaration(declaration)
      const work = predictFor(call, files, path, device)
      const what = `asking for ${printable(device.name)}`
      found.push({ device, predicted: await terminal.waiting(what, work) })
    }
    if (isJson(call)) await terminal.write(jsonText(documentOf(path, found)))
    else for (const one of found) await writeLines(call, linesOf(call, path, one))
    return found.every(({ predicted }) => predicted.accepts) ? exit.done : exit.refused
  })

interface Told {
  readonly device: DeclaredDevice
  readonly predicted: Predicted
}

async function predictFor(
  call: Call,
  files: OpenFiles,
  path: string,
  device: ReturnType<typeof readDeclaration>,
): Promise<Predicted> {
  const { said, means } = call
  const form = formOfDevice(device)
  const until = said.text('supportUntil')
  const predicted = await predict({
    ...{ form, device, now: means.now(), source: await files.open(path, 'FILE') },
    beside: await besideOf(call, form, files),
    supportUntil: until === undefined ? device.supportUntil : momentOf(until, '--support-until'),
    alsoAt: listed(said, 'at').map((one) => momentOf(one, '--at')),
  })
  if (predicted.kind === 'refused') throw stopFor(predicted)
  return predicted
}

function formOfDevice({ form }: DeclaredDevice): AnyForm {
  const found = formNamed(form, forms)
  if ('reason' in found) throw stopFor(found)
  return found
}

function linesOf(call: Call, path: string, { device, predicted }: Told): readonly string[] {
  const { paint } = call.terminal
  const { accepts, predictions } = predicted
  const name = printable(basename(path))
  const says = accepts ? 'takes' : isTakenNow(predicted) ? 'will not always take' : 'does not take'
  return [
    paint(
      'bold',
      `${printable(device.name)} (${bootloaderRule(device.form).verifier}) ${says} ${name}`,
    ),
    ...predictions.flatMap(({ at, why, outcome }) => {
      const mark = outcome.kind === 'genuine' ? paint('green', '✓') : paint('red', '✗')
      const line = `  ${mark} ${String(at).slice(0, 10)}  ${printable(why)}`
      if (outcome.kind === 'genuine') return [line]
      return [line, `      ${outcome.reason}: ${printable(outcome.detail)}`]
    }),
  ]
}

function isTakenNow({ predictions }: Predicted): boolean {
  return predictions[0]?.outcome.kind === 'genuine'
}

function documentOf(path: string, found: readonly Told[]) {
  return {
    file: basename(path),
    accepts: found.every(({ predicted }) => predicted.accepts),
    devices: found.map(({ device, predicted }) => ({
      ...{ name: device.name, form: device.form, settings: device.settings },
      ...{ accepts: predicted.accepts, acceptsNow: isTakenNow(predicted) },
      moments: predicted.predictions.map(momentDocument),
    })),
  }
}

function momentDocument({ at, why, outcome }: Prediction) {
  const no = outcome.kind === 'refused' ? outcome : undefined
  return {
    ...{ at: String(at), why, accepts: no === undefined },
    ...{ reason: no?.reason ?? null, detail: no?.detail ?? null },
  }
}
