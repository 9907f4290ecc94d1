// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Verification, VerificationQuestion } from '#core/verification/verify.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { encodePem } from '#format/pem.ts'
import { refuse } from '#trust/refusal.ts'
import { makeTestAuthority } from '../../../test/tls-certificates.ts'
import { verifyRoutes } from './routes.ts'

let leaf: Uint8Array
before(async () => {
  const { chain } = await (await makeTestAuthority()).issue('PUMP-0001')
  leaf = chain[0] ?? assert.fail('no leaf')
})

interface Asked {
  readonly query?: string
  readonly field?: string
  readonly verification?: Verification
  readonly mayAsk?: boolean
}

/** One request, what it asked, and who was noted. */
async function ask({ query = '', field, verification, mayAsk = true }: Asked) {
  const questions: VerificationQuestion[] = []
  const noted: string[] = []
  const [route] = verifyRoutes({
    asker: async () =>
      mayAsk
        ? { kind: 'machine', machine: {} as never }
        : refuse('credential-missing', 'show who you are'),
    verify: async (question) => {
      questions.push(question)
      return verification ?? refuse('certificate-revoked', 'it was revoked, "so" – say we')
    },
    noteRefused: async ({ reason }, source) => void noted.push(`${reason} ${source}`),
  })
  const answer = (await route?.handler({
    ...{ method: 'GET', path: '/verify', body: new Uint8Array(), requestId: 'r' },
    query: new URLSearchParams(query),
    headers: { 'x-ssl-client-cert': field },
    peer: { address: '192.0.2.7', certificates: [] },
  })) as HttpResponse
  return { answer, questions, noted }
}

const escaped = () => encodeURIComponent(encodePem('CERTIFICATE', leaf))

test('asks what the field shows and what the query wants', async () => {
  const query = 'product=Infusion%20pump&lot=A&purpose=client&serial=P-1&profile=x&host=h'
  const { questions } = await ask({ query, field: escaped() })
  const [question] = questions
  assert.deepEqual(question?.wanted, {
    ...{ product: 'Infusion pump', lot: 'A', serial: 'P-1', profile: 'x', host: 'h' },
  })
  assert.equal(question?.purpose, 'client')
  assert.deepEqual(question?.chain, [leaf])
})

test('says no with 403 and why, and asks for a certificate with 401', async () => {
  const no = (await ask({ field: escaped() })).answer
  assert.deepEqual([no.status, no.headers['Vitalsign-Reason']], [403, 'certificate-revoked'])
  // A field takes ASCII alone.
  const because = no.headers['Vitalsign-Because'] ?? ''
  assert.match(because, /^[!-~]+$/)
  assert.equal(decodeURIComponent(because), 'it was revoked, "so" – say we')
  assert.equal(no.headers['Cache-Control'], 'no-store')
  for (const field of ['', undefined])
    assert.equal((await ask({ ...(field !== undefined && { field }) })).answer.status, 401)
})

test('tells of a device in fields, what people wrote percent-encoded', async () => {
  const record = {
    id: 'crt_1',
    owner: 'dev_1',
    notAfter: Temporal.Instant.from('2027-01-01T00:00:00Z'),
  }
  const known = {
    ...{
      record,
      device: { id: 'dev_1', serial: 'P (1)', lot: null },
      product: { name: 'Pumpe für Ärzte' },
    },
    ...{ authority: undefined, application: undefined },
  }
  const verification = { kind: 'trusted', known } as unknown as Verification
  const { answer } = await ask({ field: escaped(), verification })
  assert.equal(answer.status, 204)
  assert.deepEqual(answer.headers, {
    'Cache-Control': 'no-store',
    'Vitalsign-Certificate': 'crt_1',
    'Vitalsign-Owner': 'dev_1',
    'Vitalsign-Device': 'dev_1',
    'Vitalsign-Until': '2027-01-01T00:00:00Z',
    'Vitalsign-Serial': 'P%20(1)',
    'Vitalsign-Product': 'Pumpe%20f%C3%BCr%20%C3%84rzte',
  })
})

test('a filter with a slip of the pen lets nobody in', async () => {
  const long = `product=${'x'.repeat(254)}`
  for (const query of ['prodct=pump', 'product=', 'product=a&product=b', 'purpose=any', long]) {
    const { answer, questions } = await ask({ query, field: escaped() })
    assert.deepEqual([answer.status, questions.length], [403, 0], query)
    assert.equal(answer.headers['Vitalsign-Reason'], 'input-wrong', query)
  }
})

test('what is no certificate is refused before it is asked about', async () => {
  const key = encodeURIComponent(encodePem('PRIVATE KEY', leaf))
  for (const field of ['%', 'x', key, `${escaped()}, ${escaped()}`, escaped().repeat(11)]) {
    const { answer, questions } = await ask({ field })
    assert.deepEqual([answer.status, questions.length], [403, 0], field.slice(0, 40))
    assert.equal(answer.headers['Vitalsign-Reason'], 'certificate-malformed', field.slice(0, 40))
  }
})

test('a proxy that has not proved itself hears nothing of the certificate, and is noted', async () => {
  const { answer, questions, noted } = await ask({ field: escaped(), mayAsk: false })
  assert.deepEqual([answer.status, questions.length], [403, 0])
  assert.deepEqual(noted, ['credential-missing 192.0.2.7'])
})
