// SPDX-License-Identifier: Apache-2.0
/** Whatever is changed in what a peer or a network sends: nobody comes in by it, and nothing is thrown. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sign } from '#trust/private-key.ts'
import { depthOfRun, Random, seedOfRun } from '../../../test/fuzz/random.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { crlSource } from './crl/crl-source.ts'
import { type RevocationList, readRevocationList } from './crl/revocation-list.ts'
import { verifyPeer } from './verify-peer.ts'

const seed = seedOfRun()
const times = 1_500 * depthOfRun()
let root: Entity
let anchor: Certificate
let leaf: Certificate
before(async () => {
  root = await makeEntity('CN=Root')
  anchor = await certifyAuthority(root)
  leaf = await certify(await makeEntity('CN=P-1,serialNumber=P-1'), root)
})

/** One octet changed, some taken out, some put in, or the end cut off. */
function bent(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length)
  switch (random.below(4)) {
    case 0:
      return bytes.with(at, (bytes[at]! + 1 + random.below(255)) & 0xff)
    case 1:
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random.below(8)))
    case 2:
      return Uint8Array.of(...bytes.subarray(0, at), ...random.bytes(4), ...bytes.subarray(at))
    default:
      return bytes.slice(0, at)
  }
}

test(`no bent certificate is trusted (FUZZ_SEED=${seed})`, async () => {
  const random = new Random(seed)
  const reasons = new Set<string>()
  for (let time = 0; time < times; time++) {
    const chain = [bent(leaf.der, random), ...(random.chance(4) ? [bent(anchor.der, random)] : [])]
    const verdict = await verifyPeer({
      ...{ chain, anchors: [makeAnchor(anchor)], at: madeNow, purpose: 'device' },
      status: 'dangerouslyUnchecked',
    })
    assert.ok(verdict.kind === 'refused', 'a bent certificate was trusted')
    reasons.add(verdict.reason)
  }
  // What is bent reaches more than the parser.
  for (const reason of ['certificate-malformed', 'key-malformed', 'signature-wrong'])
    assert.ok(reasons.has(reason), [...reasons].join())
})

test(`no bent list takes back a revocation (FUZZ_SEED=${seed})`, async () => {
  const random = new Random(seed)
  const algorithm = signatureAlgorithmFor('p-256')
  const toBeSigned = encodeTbsCrl({
    ...{ signatureAlgorithm: algorithm.identifier, issuer: root.name },
    ...{ thisUpdate: madeNow, nextUpdate: madeNow.add({ hours: 24 }) },
    revoked: [{ serialNumber: leaf.serialNumber, revokedAt: madeNow, reason: 1 }],
    extensions: [encodeExtension('cRLNumber', 1n)],
  })
  const signature = await sign(root.pair.privateKey, algorithm, toBeSigned)
  const list = encodeSigned(toBeSigned, algorithm.identifier, signature)
  const question = { certificate: leaf, issuer: makeAnchor(anchor), at: madeNow }
  let read = 0
  for (let time = 0; time < times; time++) {
    const lists = readOrNothing(bent(list, random))
    read += lists.length
    const { kind } = await crlSource(() => lists).statusOf(question)
    assert.equal(kind, 'unknown')
  }
  assert.ok(read > 100, `${read} were read`)
})

function readOrNothing(bytes: Uint8Array): readonly RevocationList[] {
  try {
    return [readRevocationList(bytes)]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return []
  }
}
