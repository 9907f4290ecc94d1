// SPDX-License-Identifier: Apache-2.0
/** What bad input meets: a clear refusal in EST's own form, an event, and no change. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readHistory } from '#core/audit/history.ts'
import type { Product } from '#core/ledger/tables.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answer,
  certificateIn,
  type EstCall,
  enrolled,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

let house: TestHouse
let pump: Product
let serials = 0

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** A new expected device and what it needs to enrol. */
async function expected() {
  const serial = `UNIT-${++serials}`
  const device = await withDevice(house, pump, serial)
  return { serial, device, code: await withCode(house, device) }
}

/** Sends what must be refused, and checks answer, event and that nothing was issued. */
async function refused(
  status: number,
  reason: string,
  request: Uint8Array | string,
  call: EstCall,
  operation = 'simpleenroll',
): Promise<Answer> {
  const before = await house.core.ledger.count('certificate', {})
  const answer = await postEst(house, operation, request, call)
  assert.equal(`${answer.status} ${answer.body.split(':')[0]}`, `${status} ${reason}`)
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(await house.core.ledger.count('certificate', {}), before)
  return answer
}

test('a code that is wrong, of another device, or of an unknown one is refused alike', async () => {
  const { serial } = await expected()
  const other = await expected()
  const request = await requestBy(await generateKey('p-256'))
  const bodies = new Set<string>()
  for (const call of [
    { user: serial, code: 'AAAA-BBBB-CCCC-DDDD-EEEE-FFFF' },
    { user: serial, code: other.code },
    { user: 'NOBODY', code: other.code },
  ]) {
    const answer = await refused(401, 'code-wrong', request, call)
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm=/)
    bodies.add(answer.body)
  }
  assert.equal(bodies.size, 1)
})

test('without any proof the device is asked for one', async () => {
  const request = await requestBy(await generateKey('p-256'))
  const answer = await refused(401, 'credential-missing', request, {})
  assert.match(String(answer.headers['www-authenticate']), /^Basic realm=/)
})

test('a code serves once', async () => {
  const { serial, code } = await expected()
  const call = { user: serial, code }
  certificateIn(
    await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), call),
  )
  await refused(401, 'code-used', await requestBy(await generateKey('p-256')), call)
})

test('bytes that are no request are refused with the offset', async () => {
  const { serial, code } = await expected()
  const call = { user: serial, code }
  const good = await requestBy(await generateKey('p-256'))
  const deep = new Uint8Array(4000).fill(0x30)
  for (let index = 0; index < deep.length; index += 2) deep.set([0x30, 0x80], index)
  for (const bytes of [good.slice(0, 40), Uint8Array.of(...good, 0), deep, new Uint8Array(0)]) {
    const answer = await refused(400, 'request-malformed', bytes, call)
    assert.match(answer.body, /offset|empty|byte/)
  }
  await refused(400, 'request-malformed', '!!!! not base64', call)
  // The code was not spent by any of this.
  certificateIn(await postEst(house, 'simpleenroll', good, call))
})

test('a request that its own key did not sign is refused', async () => {
  const { serial, code } = await expected()
  const request = await requestBy(await generateKey('p-256'))
  request[request.length - 1]! ^= 1
  const answer = await postEst(house, 'simpleenroll', request, { user: serial, code })
  assert.equal(answer.status, 400)
  assert.match(answer.body, /^(possession-not-proved|signature-wrong|request-malformed)/)
})

test('a body over the limit is refused unread', async () => {
  const { serial, code } = await expected()
  const answer = await postEst(house, 'simpleenroll', 'A'.repeat(200_000), { user: serial, code })
  assert.equal(answer.status, 413)
})

test('a key that another device holds is refused, and the holder stays untouched', async () => {
  const holder = await enrolled(house, pump, 'HOLDER-1')
  const thief = await expected()
  const before = await house.core.ledger.read('device', holder.device.id)
  await refused(403, 'key-has-another-owner', await requestBy(holder.key), {
    user: thief.serial,
    code: thief.code,
  })
  assert.deepEqual(await house.core.ledger.read('device', holder.device.id), before)
})

test('an algorithm below the profile is refused', async () => {
  const { serial, code } = await expected()
  const request = await requestBy(await generateKey('rsa-2048'))
  await refused(400, 'key-too-weak', request, { user: serial, code })
})

test('a subject or alternative name beyond the profile is refused', async () => {
  const { serial, code } = await expected()
  const key = await generateKey('p-256')
  const named = await requestBy(key, { subject: parseNameText('CN=administrator') })
  await refused(400, 'subject-beyond-profile', named, { user: serial, code })
  const extension = encodeExtension('subjectAltName', [{ kind: 'dns', value: 'bank.example' }])
  const withNames = await requestBy(key, { extensions: [extension] })
  await refused(400, 'subject-alternative-name-beyond-profile', withNames, { user: serial, code })
})

test('an authority is never what a device gets by asking', async () => {
  const { serial, code } = await expected()
  const extension = encodeExtension('basicConstraints', { ca: true })
  const request = await requestBy(await generateKey('p-256'), { extensions: [extension] })
  await refused(400, 'attribute-beyond-profile', request, { user: serial, code })
})

test('an enrolled device needs permission to enrol again by code', async () => {
  const device = await enrolled(house, pump, 'ONCE-1')
  const made = await withCode(house, device.device).catch((error: Error) => error.message)
  if (made.includes(' ')) return assert.match(made, /enrol again/)
  const request = await requestBy(await generateKey('p-256'))
  await refused(403, 'device-already-enrolled', request, { user: 'ONCE-1', code: made })
})

test('re-enrolment keeps subject and names to the byte', async () => {
  const device = await enrolled(house, pump, 'SAME-1')
  const { publicKey, privateKey } = device.key
  const other = await requestBy({ publicKey, privateKey }, { subject: parseNameText('CN=SAME-1') })
  await refused(400, 'subject-differs', other, { credential: device }, 'simplereenroll')
  const none = await renewalBy(device.key, device.certificate)
  await refused(403, 'proof-not-admitted', none, {}, 'simplereenroll')
})

test('a certificate that was issued elsewhere opens nothing', async () => {
  const elsewhere = await openTestHouse()
  const stranger = await enrolled(elsewhere, await withProduct(elsewhere), 'ELSEWHERE-1')
  await elsewhere.stop()
  const request = await requestBy(await generateKey('p-256'))
  await refused(403, 'certificate-unknown', request, { credential: stranger })
})

test('an unknown entrance, one of another product, and operations not offered are told apart', async () => {
  const tv = await withProduct(house, 'tv')
  const { serial, code } = await expected()
  const request = await requestBy(await generateKey('p-256'))
  await refused(404, 'entrance-unknown', request, { user: serial, code, label: 'nothing' })
  await refused(403, 'entrance-wrong', request, { user: serial, code, label: tv.name })
  await refused(403, 'server-key-not-permitted', request, { user: serial, code }, 'serverkeygen')
  await refused(501, 'not-implemented', request, { user: serial, code }, 'fullcmc')
})

test('a birth certificate is not renewed', async () => {
  const birth = await enrolled(house, pump, 'BIRTH-1', { label: 'pump-birth' })
  const request = await renewalBy(birth.key, birth.certificate)
  assert.equal(parseCertificate(birth.certificate).subject.rdns.length, 4)
  await refused(403, 'proof-not-admitted', request, { credential: birth }, 'simplereenroll')
})

test('every refusal is an event or is counted', async () => {
  await house.core.refusals.flush()
  await house.sequence()
  const told = await readHistory({ type: 'request-refused', limit: 500 }, house.log)
  const counted = await readHistory({ type: 'requests-refused', limit: 500 }, house.log)
  const numbers = counted.events.flatMap(({ event }) =>
    Object.entries(event.facts).flatMap(([name, value]) =>
      name === 'since' ? [] : [Number(value)],
    ),
  )
  const sum = told.events.length + numbers.reduce((left, right) => left + right, 0)
  assert.ok(sum >= 20, `${sum} refusals were told or counted`)
})
