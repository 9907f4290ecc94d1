// SPDX-License-Identifier: Apache-2.0
/**
 * A small EST server for the tests of the device clients, which can be told to misbehave.
 *
 * It keeps the rules that a client relies on (codes are spent once, the same request gets the same
 * answer, a replaced certificate is retired at first use of the new one) and no others.
 */
import { constants, type X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { parseBase64Body } from '#format/base64.ts'
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import {
  type CertificationRequest,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { provePossession } from '#trust/possession.ts'
import {
  fingerprintOf,
  forLife,
  issue,
  issueServer,
  makeIssuer,
  makeRoot,
  type TestAuthority,
} from './est-authority.ts'

export interface Issued {
  readonly certificate: Certificate
  readonly device: string
  readonly kind: 'birth' | 'working'
  state: 'issued' | 'retired' | 'revoked'
  replaces: Issued | undefined
}

export interface TestServer {
  /** `https://localhost:PORT`. */
  readonly url: string
  readonly root: TestAuthority
  readonly issuer: TestAuthority
  /** Of the root, 64 hex digits. */
  readonly fingerprint: string
  /** Serial -> codes not spent yet. */
  readonly codes: Map<string, Set<string>>
  readonly issued: Issued[]
  /** `METHOD path` of each request that came. */
  readonly heard: string[]
  readonly rules: Rules
  /** From now on the server proves itself by a certificate of this issuer, and sends these behind it. */
  show(issuer: TestAuthority, more?: readonly Certificate[]): Promise<void>
  close(): Promise<void>
}

/** What a test may change while the server runs. */
export interface Rules {
  /** The server's clock. */
  now: Temporal.Instant
  /** Life of working identities. */
  life: Temporal.Duration
  /** Answers instead of the server; true: it did. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean
  /** What is answered for an issued certificate. */
  answer: (certificate: Certificate) => readonly Certificate[]
  /** Whether the answer to this request is lost on its way, after all was done for it. */
  loses: (request: IncomingMessage) => boolean
  /** Who signs. */
  signer: TestAuthority
  /** What /cacerts answers. */
  offers: readonly Certificate[]
  /** Further members of /whoami's certificate. */
  word: Readonly<Record<string, string>>
}

export interface Setting {
  readonly now?: Temporal.Instant
  readonly root?: TestAuthority
  readonly serverNames?: readonly string[]
  readonly serverPurpose?: (typeof keyPurposes)[keyof typeof keyPurposes]
  readonly serverSince?: Temporal.Instant
  readonly serverUntil?: Temporal.Instant
  /** Whose server certificate it shows; its own issuer's by default. */
  readonly serverIssuer?: TestAuthority
}

export async function openEstServer(setting: Setting = {}): Promise<TestServer> {
  const now =
    setting.now ?? Temporal.Now.instant().round({ smallestUnit: 'second', roundingMode: 'floor' })
  const root = setting.root ?? (await makeRoot('test root'))
  const issuer = await makeIssuer('test issuer', root)
  const tls = await issueServer(
    setting.serverIssuer ?? issuer,
    {
      notBefore: setting.serverSince ?? now.subtract({ hours: 1 }),
      notAfter: setting.serverUntil ?? now.add({ hours: 24 * 30 }),
    },
    setting.serverNames,
    setting.serverPurpose,
  )
  const house = new House(root, issuer, now)
  const server = createServer(
    {
      ...tls,
      requestCert: true,
      rejectUnauthorized: false,
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (request, response) => void house.serve(request, response),
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://localhost:${portOf(server)}`,
    root,
    issuer,
    fingerprint: fingerprintOf(root.certificate),
    codes: house.codes,
    issued: house.issued,
    heard: house.heard,
    rules: house.rules,
    show: async (by, more) => {
      const validity = {
        notBefore: now.subtract({ hours: 1 }),
        notAfter: now.add({ hours: 24 * 300 }),
      }
      server.setSecureContext(await issueServer(by, validity, setting.serverNames, undefined, more))
    },
    close: () => new Promise((resolve) => closeAll(server, resolve)),
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}

function closeAll(server: Server, done: () => void) {
  server.close(() => done())
  server.closeAllConnections()
}

class House {
  readonly codes = new Map<string, Set<string>>()
  readonly issued: Issued[] = []
  readonly heard: string[] = []
  readonly rules: Rules
  readonly #answers = new Map<string, Issued>()

  constructor(root: TestAuthority, issuer: TestAuthority, now: Temporal.Instant) {
    this.rules = {
      now,
      life: Temporal.Duration.from({ hours: 24 * 90 }),
      instead: () => false,
      answer: (certificate) => [certificate],
      loses: () => false,
      signer: issuer,
      offers: [root.certificate, issuer.certificate],
      word: {},
    }
  }

  async serve(request: IncomingMessage, response: ServerResponse) {
    this.heard.push(`${request.method} ${request.url}`)
    response.setHeader('Date', new Date(this.rules.now.epochMilliseconds).toUTCString())
    const body = await readBody(request)
    if (this.rules.instead(request, response)) return
    if (this.rules.loses(request)) response.end = () => response.destroy()
    try {
      await this.#route(request, response, body)
    } catch (error) {
      answerText(response, 400, `bad request: ${error instanceof Error ? error.message : error}`)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, body: string) {
    const path = request.url ?? ''
    const [, label, operation] = /^\/\.well-known\/est(?:\/([^/]+))?\/(\w+)$/.exec(path) ?? []
    if (path === '/whoami') return this.#whoami(request, response)
    if (operation === 'cacerts') {
      return answerCertificates(response, this.rules.offers)
    }
    if (operation !== 'simpleenroll' && operation !== 'simplereenroll') {
      return answerText(response, 404, 'not found')
    }
    const der = parseBase64Body(body)
    const key = `${request.headers.authorization ?? this.#peer(request)?.certificate.serialNumber.toHex()} ${sha256(der).toHex()}`
    const before = this.#answers.get(key)
    if (before !== undefined && before.state === 'issued' && !used.has(before)) {
      return answerCertificates(response, this.rules.answer(before.certificate))
    }
    const pkcs10 = parseCertificationRequest(der)
    const proof = await provePossession(pkcs10)
    if (proof.kind === 'refused') return answerText(response, 400, proof.detail)
    const peer = this.#peer(request)
    const device = operation === 'simplereenroll' ? this.#same(peer, pkcs10) : this.#admit(request)
    if (device === undefined) return answerText(response, 401, 'not admitted')
    const issued = await this.#issue(
      device,
      pkcs10,
      label?.endsWith('-birth') ? 'birth' : 'working',
    )
    if (peer?.kind === 'working') issued.replaces = peer
    this.#answers.set(key, issued)
    return answerCertificates(response, this.rules.answer(issued.certificate))
  }

  #whoami(request: IncomingMessage, response: ServerResponse) {
    const peer = this.#peer(request)
    if (peer === undefined) return answerProblem(response, 401, 'certificate-unknown')
    if (peer.state !== 'issued') return answerProblem(response, 403, `certificate-${peer.state}`)
    if (this.#isOver(peer)) return answerProblem(response, 403, 'certificate-expired')
    if (peer.replaces !== undefined) peer.replaces.state = 'retired'
    used.add(peer)
    const { serialNumber, notAfter } = peer.certificate
    response.setHeader('Content-Type', 'application/json')
    response.end(
      JSON.stringify({
        device: peer.device,
        product: 'pump',
        certificate: {
          serialNumber: serialNumber.toHex(),
          notAfter: `${notAfter}`,
          ...this.rules.word,
        },
        state: 'active',
      }),
    )
  }

  #isOver({ certificate }: Issued): boolean {
    return Temporal.Instant.compare(certificate.notAfter, this.rules.now) < 0
  }

  #peer(request: IncomingMessage): Issued | undefined {
    const socket = request.socket as TLSSocket
    const shown: X509Certificate | undefined = socket.getPeerX509Certificate()
    const sha = shown && sha256(shown.raw).toHex()
    return this.issued.find(({ certificate }) => sha256(certificate.der).toHex() === sha)
  }

  /** By code, else by birth identity. */
  #admit(request: IncomingMessage): string | undefined {
    const peer = this.#peer(request)
    if (peer !== undefined) {
      return peer.kind === 'birth' && peer.state === 'issued' ? peer.device : undefined
    }
    const [, basic = ''] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? []
    const [user = '', code = ''] = Buffer.from(basic, 'base64').toString().split(':')
    return this.codes.get(user)?.delete(code) ? user : undefined
  }

  /** RFC 7030 section 4.2.2. */
  #same(peer: Issued | undefined, request: CertificationRequest): string | undefined {
    if (peer?.kind !== 'working' || peer.state !== 'issued' || this.#isOver(peer)) return undefined
    const held = peer.certificate.extensions.find(({ oid }) => oid === alternativeName.oid)
    const asked = request.requestedExtensions.find(({ oid }) => oid === alternativeName.oid)
    const same =
      peer.certificate.subject.der.toHex() === request.subject.der.toHex() &&
      held?.critical === asked?.critical &&
      held?.value.toHex() === asked?.value.toHex()
    return same ? peer.device : undefined
  }

  async #issue(device: string, request: CertificationRequest, kind: Issued['kind']) {
    const notBefore = this.rules.now
    const certificate = await issue(this.rules.signer, {
      subject: parseNameText(`CN=${device},SERIALNUMBER=${device},O=Test Ärzte`),
      publicKey: request.publicKey.der,
      notBefore,
      notAfter: kind === 'birth' ? forLife : notBefore.add(this.rules.life),
      extensions: [
        encodeExtension('basicConstraints', { ca: false }),
        encodeExtension('keyUsage', ['digitalSignature']),
        ...(kind === 'birth' ? [] : [encodeExtension('extKeyUsage', [keyPurposes.clientAuth])]),
        encodeExtension('subjectAltName', [
          { kind: 'uri', value: `urn:test:${device}` },
          { kind: 'dns', value: `${device.toLowerCase()}.devices.test` },
        ]),
      ],
    })
    const issued: Issued = { certificate, device, kind, state: 'issued', replaces: undefined }
    this.issued.push(issued)
    return issued
  }
}

const alternativeName = encodeExtension('subjectAltName', [{ kind: 'dns', value: 'x.test' }])
/** What was seen in use; the same request is then no repetition any more. */
const used = new WeakSet<Issued>()

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('latin1')) body += chunk
  return body
}

export function answerCertificates(response: ServerResponse, certificates: readonly Certificate[]) {
  const body = encodeCertsOnly(certificates.map(({ der }) => der)).toBase64()
  response.setHeader('Content-Type', 'application/pkcs7-mime; smime-type=certs-only')
  response.setHeader('Content-Length', body.length)
  response.end(body)
}

export function answerText(response: ServerResponse, status: number, text: string) {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(text)
}

export function answerProblem(response: ServerResponse, status: number, code: string) {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', status, code, detail: `because ${code}` }))
}
