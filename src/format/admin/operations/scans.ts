// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, label, name, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const count = z.int().min(0)
const result = z.enum(['clean', 'found', 'part'])
const line = z.string().max(1_000)

/** A finding as every report has it; never the secret itself. */
export const scanFinding = z.object({
  rule: label,
  severity: z.enum(['critical', 'warning', 'notice']),
  confidence: z.enum(['certain', 'likely', 'possible']),
  path: z.array(z.string().max(4_096)).min(1).max(64),
  offset: count.nullable(),
  what: line,
  identity: fingerprint,
  key: fingerprint.nullable(),
  /** Who answers for it, by a baseline; absent: nobody does. */
  acceptance: z
    .object({
      because: line,
      by: z.string().max(200),
      /** The last day on which it counts. */
      until: z.string().regex(/^\d{4}-\d\d-\d\d$/, 'no date such as 2027-03-31'),
    })
    .optional(),
})

const scanView = z.object({
  id: id('scn'),
  name: z.string(),
  sha256: fingerprint,
  octets: count,
  product: id('prd').nullable(),
  rules: z.string(),
  result,
  found: count,
  accepted: count,
  notScanned: count,
  requestedBy: z.string(),
  startedAt: instant,
  endedAt: instant,
})

const findings = z.array(scanFinding)

/** One line of the answer to an image that was sent to be scanned. */
export const scanLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('received'), octets: count }),
  z.object({ kind: z.literal('progress'), octets: count }),
  z.object({ kind: z.literal('finding'), ...scanFinding.shape }),
  z.object({
    kind: z.literal('not-scanned'),
    path: z.array(z.string()),
    offset: count.nullable(),
    reason: z.string(),
    because: z.string(),
  }),
  z.object({ kind: z.literal('done'), scan: id('scn'), result, found: count, notScanned: count }),
  z.object({ kind: z.literal('refused'), reason: z.string(), detail: z.string() }),
])

/** As many findings as a record keeps: more are counted. */
export const mostRecorded = 1_000

export const scans = {
  'key.owners': operation({
    kind: 'plain',
    method: 'POST',
    path: '/keys/owners',
    role: 'auditor',
    ofTheMoment: true,
    input: z.strictObject({
      fingerprints: z
        .array(fingerprint)
        .min(1)
        .max(1_000)
        .describe('canonical fingerprints of public keys'),
    }),
    output: z.object({
      known: z.array(
        z.object({
          fingerprint,
          key: id('key').nullable(),
          owner: z.string(),
          ownerName: z.string(),
          purpose: z.string(),
          state: z.enum(['active', 'weak', 'retired', 'compromised']),
          certificates: count,
          inForce: count,
          devices: count.nullable(),
          sharedWith: z.string().nullable(),
        }),
      ),
    }),
    summary: 'say whose keys these are',
    help: 'Asked by a scan about every key that it found. What is not answered for is not known here. Of an authority it is counted how many devices have what it, or one below it, issued; a key without an id is of an authority whose key was made elsewhere.',
  }),

  'scan.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/scans',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: id('prd').optional().describe('only scans of images of this product'),
      sha256: fingerprint.optional().describe('only scans of exactly these octets (SHA-256)'),
      result: result.optional().describe('only scans that came to this'),
    }),
    output: scanView,
    summary: 'list scans, the newest first',
    help: 'Who had what scanned, by which version of the rules, and what it came to.',
    references: { product: 'product' },
  }),

  'scan.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/scans/:scan',
    role: 'auditor',
    input: z.strictObject({ scan: id('scn').describe('the scan') }),
    output: z.object({
      ...scanView.shape,
      findings,
      /** Of each rule that found something: why it matters, and what to do. */
      meanings: z.array(z.object({ rule: z.string(), why: z.string(), todo: z.string() })),
    }),
    summary: 'show a scan with what it found',
    help: 'The gravest come first, those that a baseline accepts last with who answers for them, then what each rule means; of very many findings only the count is kept.',
    positional: ['scan'],
  }),

  'scan.record': operation({
    kind: 'plain',
    method: 'POST',
    path: '/scans/records',
    role: 'operator',
    creates: true,
    bodyBytes: 8_000_000,
    input: z.strictObject({
      name: name.describe('what was scanned, as people call it'),
      sha256: fingerprint.describe('SHA-256 of what was scanned'),
      octets: count.describe('how large it is'),
      product: id('prd').optional().describe('the product whose image it is'),
      rules: label.describe('the version of the rules that looked'),
      result: result.describe('what it came to'),
      found: count.describe('findings that nobody answers for'),
      accepted: count.describe('findings that a baseline accepts'),
      notScanned: count.describe('parts that could not be looked into'),
      findings: findings
        .max(mostRecorded)
        .default([])
        .describe('the findings, the gravest first, and after them those that are accepted'),
      startedAt: instant.describe('when the scan began'),
      endedAt: instant.describe('when it ended'),
    }),
    output: scanView,
    summary: 'note a scan that was made elsewhere',
    help: 'What "vitalsign scan --record" sends. The record says who sent it: it is their word, unlike that of an image that was sent here.',
    references: { product: 'product' },
  }),

  'scan.send': operation({
    kind: 'upload',
    uploadType: 'application/octet-stream',
    method: 'POST',
    path: '/scans',
    role: 'operator',
    input: z.strictObject({
      name: name.describe('what it is, as people call it'),
      product: id('prd').optional().describe('the product whose image it is'),
    }),
    output: scanLine,
    summary: 'have the server scan an image',
    help: 'The octets are kept in a file of mode 0600 while they are scanned, and removed; of a transfer that is cut off nothing stays. One image is scanned at a time. The result is recorded, and what lies in other images is not compared.',
    references: { product: 'product' },
  }),
} as const
