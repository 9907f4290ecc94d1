// SPDX-License-Identifier: Apache-2.0
/** A release that a person approved by a key of their own, with scans that were noted: all that signing asks. */
import assert from 'node:assert/strict'
import { takeApproval } from '#core/approvals/take-approval.ts'
import type { Product, Release } from '#core/ledger/tables.ts'
import type { NewRelease } from '#core/releases/create.ts'
import { submitRelease } from '#core/releases/submit.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import type { Core } from '#house/core.ts'
import { addApprover, signedBy } from './approver.ts'
import { operator } from './core.ts'
import { attached, newRelease, stored } from './releases.ts'

/** Notes a clean scan of octets that were looked into elsewhere. */
export async function notedClean(core: Core, name: string, sha256: Uint8Array): Promise<void> {
  const at = core.clock.now()
  const noted = await recordScan(
    {
      ...{ name, sha256, octets: 1, product: null, rules: 'test', result: 'clean', found: 0 },
      ...{ accepted: 0, notScanned: 0, findings: [], startedAt: at, endedAt: at, madeHere: false },
    },
    operator,
    core,
  )
  assert.equal(noted.kind, 'recorded')
}

let people = 0

/** Submits a draft, and lets so many people approve it: one is what a trial asks. */
export async function approvedNow(
  core: Core,
  product: Product,
  draft: Release,
  approvers = 1,
): Promise<Release> {
  const submitted = await submitRelease(draft, operator, core)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  const { id, manifestSha256, firmwareVersion: version, environment } = submitted.release
  const said = {
    ...{ release: id, manifestSha256: manifestSha256?.toHex() ?? '', version, environment },
    product: product.name,
  }
  const missing: string[] = []
  for (let left = approvers; left > 0; left--) {
    const approver = await addApprover(`approver ${people++}`, core)
    const signed = await signedBy(approver, said, core.clock.now())
    const taken = await takeApproval(id, 'approve', signed, core)
    if (taken.kind === 'refused') return assert.fail(taken.detail)
    missing.splice(0, missing.length, ...taken.judgement.missing)
  }
  const release = (await core.ledger.read('release', id)) ?? assert.fail('the release is gone')
  assert.equal(release.state, 'approved', missing.join())
  return release
}

/** A release with these files as its artefacts. */
export async function approvedRelease(
  core: Core,
  product: Product,
  files: Readonly<Record<string, Uint8Array>>,
  terms: Partial<NewRelease> = {},
): Promise<Release> {
  let draft = await newRelease(core, product, terms)
  for (const [name, octets] of Object.entries(files)) {
    const sha256 = await stored(core, octets)
    await notedClean(core, name, sha256)
    draft = (await attached(core, draft, { role: 'artefact', name, sha256 })).release
  }
  return approvedNow(core, product, draft)
}
