// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import type { ServerIdentityPorts } from '#edge/http/server-identity.ts'
import { parsePem } from '#format/pem.ts'
import { parsePrivateKey } from '#trust/private-key.ts'
import type { KeyMaker } from '#trust/sealed-key.ts'

/**
 * Who signs for the keys that are made for devices: the server itself, as it proves itself in TLS. An issuing
 * authority may not (its key usage signs certificates and lists alone).
 *
 * @throws Fault `key-damaged` if the server's key cannot be read at this moment
 * @see RFC 7030 section 4.4.2: signed by the party that generated the private key
 */
export async function keyMakerOf(identity: Pick<ServerIdentityPorts, 'read'>): Promise<KeyMaker> {
  const kept = await identity.read()
  const [pem] = kept === undefined ? [] : parsePem(kept.key)
  const parsed = pem && (await parsePrivateKey(pem.bytes))
  pem?.bytes.fill(0)
  if (kept === undefined || parsed?.kind !== 'key')
    throw new Fault('key-damaged', 'the key of the server itself does not read')
  return { pair: parsed.pair, chain: kept.chain }
}
