// SPDX-License-Identifier: Apache-2.0
/** An application that may ask a house whether to believe a certificate, and nothing else. */

import { type Agent, request } from 'node:https'
import { addApplication, type NewApplication } from '#core/applications/add.ts'
import { applicationLabel } from '#core/enrolment/applications/enrol-application.ts'
import type { Application, Machine } from '#core/ledger/tables.ts'
import { addMachine } from '#core/people/machine.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../tls-certificates.ts'
import {
  type Answer,
  type Credential,
  certificateIn,
  postEst,
  requestBy,
  rootPem,
  type TestHouse,
} from './house.ts'

/** A machine with access, and what it shows in TLS; who signed its certificate is nobody's matter. */
export async function withMachine(
  { core }: TestHouse,
  name: string,
  role: Machine['role'] = 'verifier',
  products: readonly string[] = [],
): Promise<TestIdentity> {
  const identity = await (await makeTestAuthority(name)).issue(name)
  const publicKey = importPublicKey(parseCertificate(identity.chain[0]!).publicKey)
  if ('kind' in publicKey) throw new Error(publicKey.detail)
  const { environment } = core
  const wish = { name, role, products, publicKey, environment }
  const added = await addMachine(wish, { kind: 'person', id: 'test' }, core)
  if (added.kind === 'refused') throw new Error(added.detail)
  return identity
}

export interface MachineCall {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Keeps connections; absent: each request has one of its own. */
  readonly agent?: Agent
}

/** One request of a machine to the API on the device port. */
export function askAs(
  { addresses, ...house }: TestHouse,
  { key, chain }: TestIdentity,
  path: string,
  { method = 'GET', body, headers = {}, agent }: MachineCall = {},
): Promise<Answer & { readonly document: Readonly<Record<string, unknown>> }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    Answer & { readonly document: Readonly<Record<string, unknown>> }
  >()
  const { host, port } = addresses.devices
  const tls = {
    ca: rootPem({ addresses, ...house }),
    key,
    cert: pemOf(chain),
    agent: agent ?? false,
  }
  const fields = { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) }
  const sent = request(
    { host, port, method, path: `/api/v1${path}`, headers: fields, ...tls },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const { statusCode: status = 0, headers: told } = answer
        resolve({ status, headers: told, body: text, document: JSON.parse(text) })
      })
    },
  )
  sent.on('error', reject)
  sent.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body))
  return promise
}

/** What the house says of a chain, PEM or base64. */
export async function verifyAs(
  house: TestHouse,
  machine: TestIdentity,
  chain: string,
  more: Readonly<Record<string, unknown>> = {},
) {
  return askAs(house, machine, '/verify', { method: 'POST', body: { chain, ...more } })
}

/** A registered application with its identity, by a code as its program would come. */
export async function withApplication(
  house: TestHouse,
  name: string,
  asked: Partial<NewApplication> = {},
): Promise<Credential & { readonly application: Application }> {
  const wish = { name, profile: 'client', names: [], products: [], codeHours: 24, ...asked }
  const added = await addApplication(wish, 'Acme', { kind: 'person', id: 'test' }, house.core)
  if (added.kind === 'refused') throw new Error(added.detail)
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), {
    ...{ label: applicationLabel, user: name, code: added.code },
  })
  return { key, certificate: certificateIn(answer), application: added.application }
}

/** A credential as TLS takes it. */
export function identityOf(
  { key, certificate }: Credential,
  above: readonly Uint8Array[] = [],
): TestIdentity {
  const pem = encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey))
  return { key: pem, chain: [certificate, ...above] }
}
