// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { instant, name } from '../fields.ts'
import { operation } from '../operation.ts'

const verdict = z.enum(['passed', 'failed', 'noted'])

/** One step: what was expected, and what was seen. `noted`: a fact, without a right or wrong. */
export const qualificationStep = z.object({
  title: z.string(),
  expected: z.string(),
  observed: z.string(),
  verdict,
  at: instant,
})

/** What is signed: the whole run. */
export const qualificationResult = z.object({
  format: z.literal('vitalsign-qualification-1'),
  kind: z.enum(['installation', 'operation']),
  installation: z.string(),
  version: z.string(),
  environment: z.string(),
  by: z.string(),
  startedAt: instant,
  endedAt: instant,
  passed: z.int(),
  failed: z.int(),
  noted: z.int(),
  steps: z.array(qualificationStep),
})

/** A file that can be kept as evidence: the result, and a note of the log's key over its digest. */
export const qualificationFile = z.object({ result: qualificationResult, note: z.string() })

/** What a run tells: each step when it is over, then the file. */
export const qualificationLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('step'), step: qualificationStep }),
  z.object({ kind: z.literal('file'), file: qualificationFile }),
])

export type QualificationStep = z.output<typeof qualificationStep>
export type QualificationResult = z.output<typeof qualificationResult>
export type QualificationFile = z.output<typeof qualificationFile>
export type QualificationLine = z.output<typeof qualificationLine>

export const qualification = {
  'qualify.installation': operation({
    kind: 'lines',
    method: 'POST',
    path: '/qualifications/installation',
    role: 'administrator',
    input: z.strictObject({}),
    output: qualificationLine,
    summary: 'check what this installation is (IQ)',
    help: 'Looks at the program, its run time, its cryptography by known answers, the database, the directory, the addresses, the authorities and the whole log, and signs what it found with the key of the log. Changes nothing but the log.',
  }),

  'qualify.operation': operation({
    kind: 'lines',
    method: 'POST',
    path: '/qualifications/operation',
    role: 'administrator',
    input: z.strictObject({
      product: name
        .default('qualification')
        .describe('a product for the devices of the check; it is made if it is not there'),
      maker: name.optional().describe('who makes that product, if nobody has been named here yet'),
    }),
    output: qualificationLine,
    summary: 'check what this installation does (OQ)',
    help: 'Plays devices against its own doors over TLS: enrols, repeats, renews, is refused in every way that matters, is revoked and retired, and looks what lists and log say. Its devices are retired afterwards; they stay in the log. Signs what it found with the key of the log.',
  }),

  'qualify.check': operation({
    kind: 'plain',
    method: 'POST',
    path: '/qualifications/check',
    role: 'auditor',
    input: z.strictObject({
      file: z.string().min(1).max(200_000).describe('a result that was written before (JSON)'),
    }),
    output: z.object({ good: z.boolean(), result: qualificationResult }),
    summary: 'check the signature of a qualification result',
    help: 'Says whether this installation signed the result, byte for byte.',
    positional: ['file'],
    files: ['file'],
  }),
} as const
