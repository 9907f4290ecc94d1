// SPDX-License-Identifier: Apache-2.0
import { encodeCanonicalJson, parseCanonicalJson } from '#format/tlog/canonical-json.ts'
import { parseEventBody } from '#format/tlog/event-body.ts'
import { commitmentOf, leafHash } from '#trust/tlog/merkle.ts'
import { verifyInclusion } from '#trust/tlog/proof.ts'
import type { Answer } from '../talk/server.ts'

type Story = Answer<'release.show'>

/**
 * Whether an event is in the tree with that root, as its own octets say, and is shown as those octets have it.
 *
 * @throws FormatError if its octets are no event
 */
export function provedIn(
  event: Story['events'][number],
  { size, rootSha256 }: Story['log'],
): boolean {
  const { index, proof } = event
  if (proof === null || index === null || rootSha256 === null) return false
  const body = Uint8Array.fromBase64(proof.body)
  const leaf = leafHash(commitmentOf(Uint8Array.fromBase64(proof.salt), body))
  const path = proof.path.map((hash) => Uint8Array.fromBase64(hash))
  const root = Uint8Array.fromHex(rootSha256)
  return isShownAsSaid(event, body) && verifyInclusion(leaf, index, { size, root }, path)
}

function isShownAsSaid(
  { actor, at, facts, subjects, type }: Story['events'][number],
  body: Uint8Array,
): boolean {
  const said = parseEventBody(parseCanonicalJson(new TextDecoder().decode(body)))
  const same = { actor, facts, subjects, type }
  const { at: _, ...rest } = said
  return (
    Temporal.Instant.compare(said.at, at) === 0 &&
    encodeCanonicalJson(same) === encodeCanonicalJson({ ...rest, actor: { ...rest.actor } })
  )
}
