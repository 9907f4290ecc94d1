// SPDX-License-Identifier: Apache-2.0
/** What people sign for and against releases, and what stands between a release and its signature. */
import { z } from 'zod'
import { id, instant } from '../fields.ts'
import { operation } from '../operation.ts'
import { approverView } from './approvers.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const base64 = (most: number) =>
  z
    .string()
    .min(4)
    .max(most)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'not base64')
const release = id('rel').describe('the release')

const verdict = z.enum([
  ...(['not-submitted', 'refused', 'checks-failed', 'waiting', 'emergency', 'approved'] as const),
])

/** One check, what it came to, and what to do about it. */
export const checkView = z.object({
  check: z.string(),
  title: z.string(),
  /** False: the policy does not ask for it. */
  asked: z.boolean(),
  passed: z.boolean(),
  detail: z.string(),
  remedy: z.string(),
})

export const approvalView = z.object({
  id: id('apv'),
  act: z.enum(['approve', 'refuse', 'review']),
  person: z.string(),
  /** The printed name, role and meaning that were signed. */
  name: z.string(),
  role: z.string(),
  meaning: z.string(),
  /** As it was signed, with the offset of the place. */
  statedAt: z.string(),
  takenAt: instant,
  manifestSha256: sha256,
  /** Null: it counts. */
  because: z.string().nullable(),
})

export const emergencyView = z.object({
  id: id('emg'),
  state: z.enum(['open', 'confirmed', 'disputed', 'lapsed']),
  incident: z.string(),
  because: z.string(),
  until: instant,
  reviewBy: instant,
  exception: id('exc'),
})

export const judgementView = z.object({
  release: id('rel'),
  verdict,
  /** The number of the signing policy that judged; 0: the usual rules. */
  policy: z.int().min(0),
  checks: z.array(checkView),
  approvals: z.array(approvalView),
  /** Which approvals are missing, in words. */
  missing: z.array(z.string()),
  emergency: emergencyView.nullable(),
})

/** What a person signed, as it travels. */
const signed = {
  release,
  statement: base64(32_768).describe('what was signed, canonical JSON'),
  signature: base64(131_072).describe('the detached signature over it, CMS'),
}

export const approvals = {
  'release.judge': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/:release/judgement',
    role: 'auditor',
    input: z.strictObject({ release }),
    output: judgementView,
    summary: 'say what a release still needs to be signed',
    help: 'Every check with what to do about it, who agreed and whether that counts, and who is missing: judged now, by the newest signing policy. The act of signing asks the same again.',
    positional: ['release'],
  }),

  'release.preview': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/:release/preview',
    role: 'auditor',
    input: z.strictObject({
      release,
      fingerprint: sha256.optional().describe('the approver key that asks'),
    }),
    output: z.object({
      ...judgementView.shape,
      productName: z.string(),
      firmwareVersion: z.string(),
      state: z.string(),
      /** The text whose digest is approved; null while it is not submitted. */
      manifest: z.string().nullable(),
      manifestSha256: sha256.nullable(),
      /** What was signed last for the same devices. */
      before: z
        .object({ release: id('rel'), firmwareVersion: z.string(), manifest: z.string() })
        .nullable(),
      /** Whose key it is that asks. */
      approver: approverView.nullable(),
    }),
    summary: 'show what an approval would be about',
    help: 'The text of the release with its digest, what changed since the one that was signed before it, and how it is judged. "release approve" shows the same, and signs.',
    positional: ['release'],
  }),

  'release.approve': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/approve',
    creates: true,
    role: 'operator',
    input: z.strictObject(signed),
    output: judgementView,
    summary: 'agree to a release, by your own signature',
    help: 'Fetches the text of the release, checks its digest, shows what it is about, and signs it on this machine with your approver key; your name, the time and the meaning are in what is signed. Whoever made, uploaded or submitted any of it does not approve it.',
    positional: ['release'],
  }),

  'release.refuse': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/refuse',
    creates: true,
    role: 'operator',
    input: z.strictObject(signed),
    output: judgementView,
    summary: 'refuse a release, by your own signature',
    help: 'Signed like an approval, with the reason as its meaning. It stands against every approval until the release is changed and put forward again.',
    positional: ['release'],
  }),

  'release.review-emergency': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/review-emergency',
    creates: true,
    role: 'operator',
    input: z.strictObject(signed),
    output: judgementView,
    summary: 'agree afterwards to what one approved',
    help: 'By those who would have approved it before, each with an own signature. Once as many agree as the signing policy asks, the emergency is confirmed; who does not agree says "release refuse".',
    positional: ['release'],
  }),

  'release.approvals': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/:release/approvals',
    role: 'auditor',
    input: z.strictObject({ release }),
    output: z.object({
      release: id('rel'),
      manifest: z.string().nullable(),
      manifestSha256: sha256.nullable(),
      approvals: z.array(
        z.object({ ...approvalView.shape, statement: z.string(), signature: z.string() }),
      ),
      approvers: z.array(
        z.object({
          person: z.string(),
          name: z.string(),
          role: z.string(),
          publicKey: z.string(),
          chain: z.array(z.string()),
          confirmedAt: instant,
          endedAt: instant.nullable(),
        }),
      ),
    }),
    summary: 'what people signed, for a check without us',
    help: 'Each statement with its detached signature, the text of the release, and whose keys they are. "approval verify" checks the files, and so does openssl: docs/guides/approve-a-release.md.',
    positional: ['release'],
  }),
} as const
