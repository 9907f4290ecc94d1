// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { type Assessed, type Assessment, fullLength } from '#trust/entropy/assess/assess.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { Table } from '../show/table.ts'
import { printable } from '../show/value.ts'
import { broken, exit, wrongUse } from '../stop.ts'
import type { AssessReply, AssessRequest } from './assess-thread.ts'
import { nameOf, readSamples, type Samples } from './entropy-samples.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** As many as a thread assesses in some seconds a bit, with memory for the suffixes of all their bits. */
const mostSamples = 8_388_608

/** Says how much min-entropy a sample of a noise source has at most. Needs no server. */
export const assessEntropy: Verb = async (call) => {
  const { said, terminal } = call
  const path = said.text('file') ?? ''
  const wanted = {
    bits: numberOf(call, 'bits', 1, 8),
    atMost: numberOf(call, 'samples', 1, mostSamples) ?? fullLength,
    skip: numberOf(call, 'skip', 0, 1 << 30) ?? 0,
    packed: said.has('packed'),
  }
  const read = await terminal.waiting(
    'reading',
    readSamples(path, wanted, () => terminal.input()),
  )
  const assessment = await onThread(call, read)
  const warnings = warningsOf(path, read, assessment)
  if (isJson(call)) {
    const file = nameOf(path)
    await terminal.write(jsonText({ file, isUpperBound: true, ...assessment, warnings }))
    return exit.done
  }
  await tell(call, path, assessment)
  for (const warning of warnings) terminal.hint(warning)
  return exit.done
}

/** @throws Stop */
function numberOf({ said }: Call, name: string, least: number, most: number): number | undefined {
  const value = said.value(name)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value
  throw wrongUse(`--${name} ${value} is no whole number from ${least} to ${most}`)
}

async function onThread(call: Call, { samples, symbolBits }: Samples): Promise<Assessment> {
  const request: AssessRequest = { samples: samples.slice(), symbolBits }
  const thread = new Worker(new URL('assess-thread.ts', import.meta.url), { workerData: request })
  const progress = call.terminal.progress('assessing')
  const { promise, resolve, reject } = Promise.withResolvers<Assessment>()
  thread.on('message', (reply: AssessReply) => {
    if ('assessment' in reply) resolve(reply.assessment)
    else progress.update(`assessing: ${reply.step}`)
  })
  thread.on('error', (cause) =>
    reject(broken('the assessment broke off', 'with fewer --samples it takes less memory', cause)),
  )
  try {
    return await promise
  } finally {
    progress.end()
    await thread.terminate()
  }
}

/** What a reader has to know before he believes a number. */
function warningsOf(
  path: string,
  { samples, isCut }: Samples,
  { looksConditioned, distinct }: Assessment,
): readonly string[] {
  const warnings: string[] = []
  if (samples.length < fullLength)
    warnings.push(
      `SP 800-90B asks for ${fullLength} consecutive samples; these are ${samples.length}, so the numbers are loose`,
    )
  if (looksConditioned === true)
    warnings.push(
      'this looks like conditioned output; an assessment of it says nothing about the noise. Take the samples before any whitening, hash or cipher',
    )
  if (isText(samples))
    warnings.push(
      'this looks like text; a sample is an octet with a number in it, not a digit that people read',
    )
  if (distinct === 1)
    warnings.push('all samples are the same: the source is stuck, or is no source')
  if (isCut)
    warnings.push(
      `${nameOf(path)} has more than the ${samples.length} samples that were assessed; --samples and --skip choose others`,
    )
  return warnings
}

/** Digits and blanks alone: such a file was made for people. */
function isText(samples: Uint8Array): boolean {
  const text = new Set([
    0x09,
    0x0a,
    0x0d,
    0x20,
    0x2c,
    ...Array.from('0123456789', (c) => c.charCodeAt(0)),
  ])
  return samples.every((sample) => text.has(sample)) && samples.some((sample) => sample >= 0x30)
}

async function tell(call: Call, path: string, found: Assessment): Promise<void> {
  const { paint } = call.terminal
  const { symbolBits, samples, distinct, atMostBits, least, ofSamples, ofBits } = found
  const rows = [...found.estimates].map((one) => [
    one.of,
    words(one.estimator),
    one.section,
    bits(one.bits),
    one.of === 'bits' ? bits(one.bits * symbolBits) : bits(one.bits),
    isLeast(one, found) ? 'least' : '',
  ])
  const none = found.without.map((one) => [one.of, words(one.estimator), '', 'none', '', ''])
  await writeLines(call, [
    `${paint('bold', `at most ${bits(atMostBits)} bits`)} of min-entropy in a sample of ${symbolBits}: ${words(least.estimator)} of the ${least.of}`,
    ...pairLines(
      [
        ['file', printable(nameOf(path))],
        ['samples', `${samples}, ${distinct} of them different`],
        ['H_original', bits(ofSamples)],
        ...(ofBits === undefined
          ? []
          : [
              [
                'H_bitstring',
                `${bits(ofBits)} a bit, ${bits(ofBits * symbolBits)} a sample`,
              ] as const,
            ]),
      ],
      { ...tableOptions(call), indent: '  ' },
    ),
    '',
    ...new Table(
      ['of', 'estimate', 'SP 800-90B', 'bits', 'a sample', ''],
      tableOptions(call),
    ).lines([...rows, ...none]),
    '',
    'An upper bound, no assessment: the standard takes the least of ten estimators, and these are six.',
  ])
}

function isLeast({ of, estimator }: Assessed, { least }: Assessment): boolean {
  return of === least.of && estimator === least.estimator
}

function words(estimator: string): string {
  return estimator.replaceAll('-', ' ').replace('t tuple', 't-tuple')
}

function bits(value: number): string {
  return value.toFixed(4)
}
