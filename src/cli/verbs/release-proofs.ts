// SPDX-License-Identifier: Apache-2.0
import { commitmentOf, leafHash } from '#trust/tlog/merkle.ts'
import { verifyInclusion } from '#trust/tlog/proof.ts'
import type { Answer } from '../talk/server.ts'

type Story = Answer<'release.show'>

/** Whether an event is in the tree with that root, as its own octets say; what it is shown as must be those. */
export function provedIn(
  { index, proof, type, at }: Story['events'][number],
  { size, rootSha256 }: Story['log'],
): boolean {
  if (proof === null || index === null || rootSha256 === null) return false
  const body = bytesOf(proof.body)
  const leaf = leafHash(commitmentOf(bytesOf(proof.salt), body))
  const path = proof.path.map(bytesOf)
  const root = Uint8Array.fromHex(rootSha256)
  return saysSo(body, type, at) && verifyInclusion(leaf, index, { size, root }, path)
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.fromBase64(text)
}

function saysSo(body: Uint8Array, type: string, at: string): boolean {
  const said: unknown = JSON.parse(new TextDecoder().decode(body))
  return (
    typeof said === 'object' &&
    said !== null &&
    Reflect.get(said, 'type') === type &&
    Temporal.Instant.compare(String(Reflect.get(said, 'at')), at) === 0
  )
}
