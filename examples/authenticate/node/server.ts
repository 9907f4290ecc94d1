// SPDX-License-Identifier: Apache-2.0
/** A server that lets in devices of one product: node server.ts DIRECTORY PRODUCT [LISTS_KEPT_SECONDS] */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
// From npm these are vitalsign-trust/verify-peer and so on: a package without dependencies.
import { crlSource, listAddresses } from 'vitalsign/trust/crl-source'
import { readAnchors } from 'vitalsign/trust/read-anchors'
import { type RevocationList, readRevocationList } from 'vitalsign/trust/revocation-list'
import { verifyPeer } from 'vitalsign/trust/verify-peer'

const [directory = '.', product = 'pump', keptSeconds = '60'] = process.argv.slice(2)
const file = (name: string) => readFileSync(`${directory}/${name}`, 'utf8')

const anchors = readAnchors(file('roots.pem'))
type IssuerKey = Parameters<RevocationList['isSignedBy']>[0]
const kept = new Map<
  string,
  { readonly at: number; readonly list: Promise<RevocationList | undefined> }
>()

/** The list at an address, which all requests of a minute share. */
function listAt(address: string, issuer: IssuerKey): Promise<RevocationList | undefined> {
  const known = kept.get(address)
  if (known !== undefined && Date.now() - known.at < Number(keptSeconds) * 1000) return known.list
  const list = newestList(address, issuer, known?.list)
  kept.set(address, { at: Date.now(), list })
  return list
}

/** Lists come without TLS: whoever stands in between can bring neither his own nor one of the day before. */
async function newestList(
  address: string,
  issuer: IssuerKey,
  before: Promise<RevocationList | undefined> | undefined,
): Promise<RevocationList | undefined> {
  const known = await before
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(5_000) })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    const list = readRevocationList(new Uint8Array(await answer.arrayBuffer()))
    if (!list.isSignedBy(issuer)) throw new Error('its issuer did not sign it')
    return known === undefined || list.number >= known.number ? list : known
  } catch (error) {
    console.error(`${address} cannot be used: ${error}`)
    return known // while it is good it counts, and what it says against somebody counts after
  }
}

const lists = crlSource(async ({ certificate, issuer }) => {
  const addresses = listAddresses(certificate)
  const found = await Promise.all(addresses.map((address) => listAt(address, issuer.publicKey)))
  return found.filter((list) => list !== undefined)
})

const server = createServer(
  // TLS proves that the peer holds its key; everything else is judged below, with words for the log.
  {
    key: file('server.key'),
    cert: file('server.pem'),
    requestCert: true,
    rejectUnauthorized: false,
  },
  async (request, answer) => {
    const peer = await verifyPeer({
      chain: chainOf(request.socket as TLSSocket),
      anchors, // 1. a chain to the roots of our devices, for the purpose of a device
      purpose: 'device',
      at: Temporal.Now.instant(),
      status: { sources: [lists], whenUnknown: 'refuse', scope: 'path' }, // 2. not revoked, nor who issued it
      wanted: { product }, // 3. whom we expect here
    })
    if (peer.kind === 'refused') {
      console.error(`refused: ${peer.reason}: ${peer.detail}`)
      answer.writeHead(403).end(`${peer.reason}\n`)
    } else answer.end(`hello ${peer.facts.serial}\n`)
  },
)

/** DER, leaf first, as the peer sent it. */
function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = []
  let one = socket.getPeerCertificate(true)
  while (one?.raw !== undefined && chain.length < 10) {
    chain.push(new Uint8Array(one.raw))
    if (one.issuerCertificate === one) break
    one = one.issuerCertificate
  }
  return chain
}

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
