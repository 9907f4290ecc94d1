// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSignedData, parseSignedData } from '#format/cms/signed-data.ts'
import { contentTypes } from '#format/oids.ts'
import {
  type ApprovalStatement,
  encodeApprovalStatement,
} from '#format/release/approval-statement.ts'
import {
  encodeApproverList,
  type ListedApprover,
  parseApproverList,
} from '#format/release/approver-list.ts'
import { encodeReleaseManifest } from '#format/release/manifest.ts'
import { makeSigner } from '../../../test/support/approver.ts'
import { type StatementSigner, signStatement } from './sign-statement.ts'
import { knownApprovers, thingOf, verifyApproval } from './verify-approval.ts'
import { verifyStatement } from './verify-statement.ts'

const at = Temporal.Instant.from('2026-11-29T20:45:00Z')
const person = 'psn_019aa000000070008000000000000004'
const manifest = encodeReleaseManifest({
  release: 'rel_019aa000000070008000000000000001',
  product: { id: 'prd_019aa000000070008000000000000002', name: 'Pump' },
  ...{ version: '2.4.1', securityVersion: 7, kind: 'security', channel: 'stable' },
  ...{ environment: 'production', supportUntil: null, revision: 3 },
  artefacts: [{ name: 'app.bin', octets: 1000, sha256: '01'.repeat(32) }],
  ...{ attachments: [], tests: [], scans: [] },
  signing: { plan: 0, lines: [], bare: [], digests: [] },
})
const thing = thingOf(manifest)
const signer = await makeSigner('Ada Lovelace', at)
const listed: ListedApprover = {
  ...{ person, name: 'Ada Lovelace', role: 'quality', publicKey: signer.publicKey.spki },
  ...{ confirmedAt: '2026-01-01T00:00:00Z', endedAt: null },
}
const approvers = knownApprovers(parseApproverList(encodeApproverList([listed])))

const said: ApprovalStatement = {
  ...thing,
  ...{ act: 'approve', person: { id: person, name: 'Ada Lovelace', role: 'quality' } },
  ...{ key: signer.publicKey.fingerprint.toHex(), statedAt: '2026-11-29T21:45:00+01:00' },
  ...{ meaning: 'reviewed', emergency: null },
}

async function signed(change: Partial<ApprovalStatement> = {}, by: StatementSigner = signer) {
  const statement = encodeApprovalStatement({ ...said, ...change })
  return { statement, signature: await signStatement(statement, by, at) }
}

test('an approval is verified by its files alone', async () => {
  const verified = await verifyApproval(await signed(), thing, approvers)
  if (verified.kind === 'refused') return assert.fail(verified.detail)
  assert.equal(verified.approver.name, 'Ada Lovelace')
  assert.deepEqual(verified.statement, said)
})

for (const [refusal, change] of [
  ['approval-of-another-release', { release: 'rel_019aa000000070008000000000000009' }],
  ['approval-of-another-manifest', { manifestSha256: '09'.repeat(32) }],
  ['approval-statement-wrong', { version: '2.4.2' }],
  ['approval-statement-wrong', { environment: 'test' }],
  ['approver-not-this-person', { person: { ...said.person, name: 'Grace Hopper' } }],
  ['approver-not-this-person', { person: { ...said.person, role: 'security' } }],
  ['approver-key-not-active', { key: '09'.repeat(32) }],
] as const) {
  test(`what is signed for ${Object.keys(change)} of another is refused: ${refusal}`, async () => {
    const verified = await verifyApproval(await signed(change), thing, approvers)
    assert.equal(verified.kind === 'refused' && verified.reason, refusal)
  })
}

test('what was signed before its key ended counts, and what was signed after does not', async () => {
  for (const [endedAt, kind] of [
    ['2026-11-29T20:45:01Z', 'verified'],
    ['2026-11-29T20:45:00Z', 'refused'],
  ] as const) {
    const known = knownApprovers([{ ...listed, endedAt }])
    assert.equal((await verifyApproval(await signed(), thing, known)).kind, kind)
  }
})

test('what was signed before anybody had confirmed the key does not count', async () => {
  for (const [confirmedAt, kind] of [
    ['2026-11-29T20:50:00Z', 'verified'],
    ['2026-11-29T20:50:01Z', 'refused'],
  ] as const) {
    const known = knownApprovers([{ ...listed, confirmedAt }])
    assert.equal((await verifyApproval(await signed(), thing, known)).kind, kind)
  }
})

test('a key that another holds signs for nobody else', async () => {
  const eve = await makeSigner('Ada Lovelace', at)
  const forged = await verifyApproval(await signed({}, eve), thing, approvers)
  assert.equal(forged.kind === 'refused' && forged.reason, 'approval-signature-wrong')
})

test('the signature is of this statement, every octet of it', async () => {
  const { statement, signature } = await signed()
  assert.equal(await verifyStatement(statement, signature, signer.publicKey), undefined)
  for (let offset = 0; offset < statement.length; offset += 7) {
    const changed = statement.slice()
    changed[offset]! ^= 1
    const refused = await verifyStatement(changed, signature, signer.publicKey)
    assert.equal(refused?.reason, 'approval-signature-wrong', `at ${offset}`)
  }
})

test('a changed signature never counts for another statement, and mostly for none', async () => {
  const { statement, signature } = await signed()
  const message = parseSignedData(signature)
  const [info] = message.signers
  if (info === undefined) return assert.fail('no signer')
  const changes: Record<string, Uint8Array> = {
    'the content within': encodeSignedData({ ...message, content: statement }),
    'content of another type': encodeSignedData({
      ...message,
      contentType: contentTypes.signedData,
    }),
    'two signers': encodeSignedData({
      ...message,
      signers: [info, { ...info, unsignedAttributes: info.signedAttributes }],
    }),
    'no signer': encodeSignedData({ ...message, signers: [] }),
    'no signed attributes': encodeSignedData({
      ...message,
      signers: [{ ...info, signedAttributes: [] }],
    }),
    'a signed attribute less': encodeSignedData({
      ...message,
      signers: [{ ...info, signedAttributes: info.signedAttributes.slice(1) }],
    }),
    'octets behind it': Uint8Array.of(...signature, 0),
    'an end too early': signature.slice(0, -1),
    'a signature of zeros': encodeSignedData({
      ...message,
      signers: [{ ...info, signature: new Uint8Array(70) }],
    }),
    'too many octets': new Uint8Array(65_537),
    nothing: new Uint8Array(),
  }
  for (const [what, changed] of Object.entries(changes)) {
    const refused = await verifyStatement(statement, changed, signer.publicKey)
    assert.equal(refused?.reason, 'approval-signature-wrong', what)
  }
})
test('a digest or an algorithm that is not known is refused by name', async () => {
  const { statement, signature } = await signed()
  // SHA-256 (2.16.840.1.101.3.4.2.1) becomes SHA-224 (….4) wherever it stands.
  const hex = signature.toHex().replaceAll('0609608648016503040201', '0609608648016503040204')
  const refused = await verifyStatement(statement, Uint8Array.fromHex(hex), signer.publicKey)
  assert.equal(refused?.reason, 'signature-algorithm-unknown')
})

test('a list of approvers is one text; keys that cannot be read are nobody', () => {
  const bytes = encodeApproverList([listed, { ...listed, endedAt: '2026-12-01T00:00:00.5Z' }])
  assert.deepEqual(parseApproverList(bytes)[0], listed)
  assert.equal(knownApprovers([{ ...listed, publicKey: Uint8Array.of(0x30, 0) }]).size, 0)
  const text = new TextDecoder().decode(bytes)
  for (const changed of [
    text.replace('"format":1', '"format":2'),
    text.replace('"approvers":[', '"approvers":[7,'),
    text.replace('2026-01-01T', '2026-02-30T').replace('psn_', 'psn-'),
    text.replaceAll('quality', 'Quality'),
    `${text} `,
  ])
    assert.throws(() => parseApproverList(new TextEncoder().encode(changed)), {
      name: 'FormatError',
    })
})
