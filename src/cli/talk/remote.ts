// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { parseBase64Body } from '#format/base64.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import type { Said } from '../commands/read-line.ts'
import { readTextFile } from '../files.ts'
import { broken, exit, Stop, wrongUse } from '../stop.ts'
import type { Place } from './wire.ts'

/** More than any set of root certificates takes. */
const maxBytes = 262_144
const patienceMilliseconds = 15_000

/** An installation elsewhere, to which this machine shows its client certificate. @throws Stop */
export async function remotePlace(address: string, said: Said): Promise<Place> {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.username) {
    throw wrongUse(
      `--server ${address} is no address`,
      'write https://HOST:PORT and nothing after it',
    )
  }
  const [cert, key] = [said.text('cert'), said.text('remoteKey')]
  if ((cert === undefined) !== (key === undefined)) throw wrongUse('--cert and --key go together')
  return {
    kind: 'tls',
    url,
    ca: [await trustedRoot(url, said)],
    cert: cert === undefined ? undefined : readTextFile(cert, '--cert'),
    key: key === undefined ? undefined : readTextFile(key, '--key'),
  }
}

async function trustedRoot(url: URL, said: Said): Promise<string> {
  const [ca, root] = [said.text('ca'), said.text('root')]
  if (ca !== undefined && root !== undefined) throw wrongUse('--ca and --root exclude each other')
  if (ca !== undefined) return readTextFile(ca, '--ca')
  const digest = root?.replaceAll(/[:\s]/g, '').toLowerCase()
  if (digest === undefined || !/^[0-9a-f]{64}$/.test(digest)) {
    throw wrongUse(
      '--server needs --root with the 64 hex digits of the root, or --ca with its file',
      'the server printed the fingerprint at its start; "vitalsign status" shows it too',
    )
  }
  return fetchRoot(url, digest)
}

/**
 * The root of that fingerprint, from the server itself.
 *
 * Whoever sits on the wire can change what comes; of all that comes only the certificate whose SHA-256
 * was given is kept, and nothing of ours is sent.
 */
async function fetchRoot(url: URL, digest: string): Promise<string> {
  const certificates = certificatesIn(await fetchUnverified(url))
  const root = certificates.find((der) => sha256(der).toHex() === digest)
  if (root !== undefined) return encodePem('CERTIFICATE', root)
  throw new Stop(exit.refused, `${url.origin} offers no root with SHA-256 ${digest}`, {
    hint: 'compare it with what the server printed at its start; do not go on if it differs',
  })
}

function certificatesIn(body: string): readonly Uint8Array[] {
  try {
    return parseCertsOnly(parseBase64Body(body))
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw broken(`the server does not give its certificates: ${cause.message}`, hintAddress, cause)
  }
}

const hintAddress = 'look at the address: it must be the one for devices; is the server running?'

function fetchUnverified(url: URL): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(new URL('/.well-known/est/cacerts', url), {
    ...callingOptions(),
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(patienceMilliseconds),
  })
  sent.on('response', (answer) => {
    let bytes = 0
    answer.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > maxBytes) answer.destroy(new Error(`more than ${maxBytes} bytes`))
    })
    text(answer).then(resolve, reject)
  })
  sent.on('error', reject)
  sent.end()
  return promise.catch((cause: Error) => {
    throw broken(`cannot reach ${url.origin}: ${cause.message}`, hintAddress, cause)
  })
}
