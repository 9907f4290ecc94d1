// SPDX-License-Identifier: Apache-2.0
/** A wire that can be read: passes bytes between a client and a server, counts and keeps them. */
import { createDecipheriv, createHmac } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay {
  readonly port: number
  /** What went over it, of all connections, in bytes. */
  readonly sent: { readonly toServer: number; readonly toClient: number }
  /** The bytes of the newest connection. */
  readonly last: { readonly toServer: Uint8Array; readonly toClient: Uint8Array }
  close(): Promise<void>
}

/** Listens on a free port of this machine and passes all on to `target`. */
export async function openRelay(target: { host: string; port: number }): Promise<Relay> {
  const sent = { toServer: 0, toClient: 0 }
  let kept: { toServer: Uint8Array[]; toClient: Uint8Array[] } = { toServer: [], toClient: [] }
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const mine: typeof kept = { toServer: [], toClient: [] }
    kept = mine
    const upstream = connect(target)
    const pass = (from: Socket, to: Socket, way: 'toServer' | 'toClient') => {
      open.add(from)
      from.on('data', (chunk: Buffer) => {
        sent[way] += chunk.length
        mine[way].push(Uint8Array.from(chunk))
        to.write(chunk)
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => open.delete(from))
    }
    pass(client, upstream, 'toServer')
    pass(upstream, client, 'toClient')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sent,
    get last() {
      return {
        toServer: Uint8Array.from(Buffer.concat(kept.toServer)),
        toClient: Uint8Array.from(Buffer.concat(kept.toClient)),
      }
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface TlsRecord {
  readonly type: number
  readonly header: Uint8Array
  readonly body: Uint8Array
}

function* records(bytes: Uint8Array): Generator<TlsRecord> {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const header = bytes.subarray(at, at + 5)
    const length = (header[3]! << 8) | header[4]!
    yield { type: header[0]!, header, body: bytes.subarray(at + 5, at + 5 + length) }
    at += 5 + length
  }
}

interface Message {
  readonly type: number
  readonly body: Uint8Array
}

function* messages(bytes: Uint8Array): Generator<Message> {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    yield { type: bytes[at]!, body: bytes.subarray(at + 4, at + 4 + length) }
    at += 4 + length
  }
}

/** The group that the server chose: `key_share` of its ServerHello. RFC 8446 sections 4.1.3 and 4.2.8. */
export function groupOf(toClient: Uint8Array): number {
  for (const { type, body } of records(toClient)) {
    if (type !== 22) continue
    const [hello] = messages(body)
    if (hello?.type !== 2) continue
    const view = new DataView(hello.body.buffer, hello.body.byteOffset, hello.body.length)
    let at = 2 + 32
    at += 1 + view.getUint8(at) + 2 + 1
    const end = at + 2 + view.getUint16(at)
    for (at += 2; at < end; at += 4 + view.getUint16(at + 2))
      if (view.getUint16(at) === 51) return view.getUint16(at + 4)
  }
  throw new Error('no key_share went over the wire')
}

/**
 * The scheme of a CertificateVerify, decrypted with the handshake traffic secret that the client logged.
 *
 * @param side whose: the bytes that it sent
 * @param keyLog lines in the form of SSLKEYLOGFILE; the suite must be TLS_AES_256_GCM_SHA384
 */
export function signatureSchemeOf(
  side: 'CLIENT' | 'SERVER',
  bytes: Uint8Array,
  keyLog: string,
): number {
  const line = new RegExp(`^${side}_HANDSHAKE_TRAFFIC_SECRET \\w+ (\\w+)$`, 'm').exec(keyLog)
  const secret = Uint8Array.fromHex(line?.[1] ?? '')
  const key = expandLabel(secret, 'key', 32)
  const iv = expandLabel(secret, 'iv', 12)
  const plain: Uint8Array[] = []
  let sequence = 0
  for (const { type, header, body } of records(bytes)) {
    if (type !== 23) continue
    const opened = openRecord(key, nonceOf(iv, sequence), header, body)
    // After the handshake other keys hold.
    if (opened === undefined) break
    sequence += 1
    const last = opened.findLastIndex((octet) => octet !== 0)
    if (opened[last] === 22) plain.push(opened.subarray(0, last))
  }
  const verify = [...messages(Uint8Array.from(Buffer.concat(plain)))].find(
    ({ type }) => type === 15,
  )
  if (verify === undefined)
    throw new Error(`no CertificateVerify of the ${side} went over the wire`)
  return (verify.body[0]! << 8) | verify.body[1]!
}

/** RFC 8446 section 7.1. */
function expandLabel(secret: Uint8Array, label: string, octets: number): Uint8Array {
  const name = new TextEncoder().encode(`tls13 ${label}`)
  const info = Uint8Array.of(octets >> 8, octets & 0xff, name.length, ...name, 0)
  return expand(secret, info, octets)
}

/** HKDF-Expand alone (RFC 5869 section 2.3): one block of HMAC is enough here. */
function expand(secret: Uint8Array, info: Uint8Array, octets: number): Uint8Array {
  const block = createHmac('sha384', secret)
    .update(Uint8Array.of(...info, 1))
    .digest()
  return Uint8Array.from(block).slice(0, octets)
}

function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = Uint8Array.from(iv)
  const view = new DataView(nonce.buffer)
  view.setUint32(8, view.getUint32(8) ^ sequence)
  return nonce
}

function openRecord(
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  body: Uint8Array,
): Uint8Array | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(header)
  decipher.setAuthTag(body.subarray(-16))
  const opened = decipher.update(body.subarray(0, -16))
  try {
    decipher.final()
    return Uint8Array.from(opened)
  } catch {
    return undefined
  }
}
