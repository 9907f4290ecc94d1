// SPDX-License-Identifier: Apache-2.0
/** OpenSSL's responder as the oracle: over a random history it says of each certificate what ours says. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { quarantine, release } from '#core/revocation/quarantine.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { parseOcspRequest } from '#format/ocsp/request.ts'
import { type BasicResponse, parseOcspResponse } from '#format/ocsp/response.ts'
import { encodePem } from '#format/pem.ts'
import { depthOfRun, Random, seedOfRun } from '../fuzz/random.ts'
import {
  addPump,
  certificateOf,
  type Enrolled,
  enrolDevice,
  openTestCore,
  operator,
} from '../support/core.ts'
import { temporaryDirectory } from '../support/house.ts'
import { believed, certIdOf, questionAbout } from '../support/ocsp.ts'

const noOpenssl =
  spawnSync('openssl', ['version']).error === undefined || process.env.PEERS === 'required'
    ? false
    : 'openssl is missing'

const core = await openTestCore()
after(() => core.close())
const issuer = core.doors.own.find(({ kind }) => kind === 'issuing') ?? assert.fail('no issuer')
const pump = await addPump(core)
const place = temporaryDirectory()
const at = (name: string) => join(place, name)

/** As the index of a CA of OpenSSL names them; unspecified is said by saying nothing. */
const reasons: Readonly<Record<number, string>> = {
  ...{ 0: '', 1: ',keyCompromise', 3: ',affiliationChanged', 4: ',superseded' },
  ...{ 5: ',cessationOfOperation', 6: ',certificateHold' },
}
const ends = ['unspecified', 'keyCompromise', 'superseded', 'cessationOfOperation'] as const

function utcTime(instant: Temporal.Instant): string {
  const digits = instant.toString({ smallestUnit: 'second', roundingMode: 'floor' })
  return `${digits.replaceAll(/[-:TZ]/g, '').slice(2)}Z`
}

/** The ledger, as OpenSSL keeps one. */
async function indexOf(units: readonly Enrolled[]): Promise<string> {
  const lines = units.map(async ({ id }, number) => {
    const { serialNumber, notAfter, revokedAt, revocationReason } = await certificateOf(core, id)
    const revoked = revokedAt && `${utcTime(revokedAt)}${reasons[revocationReason ?? 0]}`
    const fields = [revoked ? 'R' : 'V', utcTime(notAfter), revoked ?? '']
    const serial = serialNumber.toHex().toUpperCase()
    return `${[...fields, serial, 'unknown', `/CN=${number}`].join('\t')}\n`
  })
  return (await Promise.all(lines)).join('')
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' })
}

async function oracle(question: Uint8Array, units: readonly Enrolled[]): Promise<BasicResponse> {
  writeFileSync(at('index'), await indexOf(units))
  writeFileSync(at('request'), question)
  const files = ['-index', at('index'), '-CA', at('issuer.pem'), '-reqin', at('request')]
  const signer = ['-rsigner', at('signer.pem'), '-rkey', at('signer.key'), '-ndays', '1']
  openssl('ocsp', ...files, ...signer, '-noverify', '-respout', at('response'))
  const response = parseOcspResponse(new Uint8Array(readFileSync(at('response'))))
  return response.kind === 'successful' ? response : assert.fail(response.kind)
}

/** What counts: about whom, what, since when, why, and to whom. */
function saidBy({ responses, nonce }: BasicResponse) {
  const said = responses.map(({ certId, status }) => {
    const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } = certId
    const about = [hashAlgorithm.der, issuerNameHash, issuerKeyHash, serialNumber]
    const when = status.kind === 'revoked' ? `${status.at} ${status.reason}` : ''
    return [...about.map((bytes) => bytes.toHex()), status.kind, when]
  })
  return { said, nonce: nonce?.toHex() }
}

test("over a random history OpenSSL's responder says the same", { skip: noOpenssl }, async (t) => {
  const random = new Random(seedOfRun())
  t.diagnostic(`seed ${seedOfRun()}`)
  writeFileSync(at('issuer.pem'), encodePem('CERTIFICATE', issuer.certificate))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const out = ['-keyout', at('signer.key'), '-out', at('signer.pem'), '-subj', '/CN=oracle']
  openssl('req', '-x509', ...key, ...out)
  const units: Enrolled[] = []
  const met = new Set<string>()
  const happens = async () => {
    const unit = units.length < 3 || random.chance(3) ? undefined : random.oneOf(units)
    if (unit === undefined) {
      units.push(await enrolDevice(core, pump, `D-${units.length}`))
      return
    }
    const device = (await core.ledger.read('device', unit.device.id)) ?? assert.fail('no device')
    // Whatever cannot be done to it as it stands is refused, and changes nothing.
    const because = 'a random history'
    if (random.chance(3))
      await revoke({ id: unit.id, reason: random.oneOf(ends), because }, operator, core)
    else if (device.state === 'quarantined') await release(device, because, operator, core)
    else await quarantine(device, because, operator, core)
  }
  for (let round = 0; round < 25 * depthOfRun(); round++) {
    await happens()
    const asked = Array.from({ length: 1 + random.below(10) }, async () => {
      const strange = random.bytes(16).with(0, 0x4a)
      const known = random.chance(5) ? undefined : await certificateOf(core, random.oneOf(units).id)
      const digest = random.oneOf(['sha1', 'sha256'] as const)
      return certIdOf(issuer, known?.serialNumber ?? strange, digest)
    })
    const nonce = random.chance(2) ? random.bytes(1 + random.below(128)) : undefined
    const question = questionAbout(await Promise.all(asked), nonce)
    // From many places, so that the budget plays no part.
    const answered = await core.ocsp.answer(parseOcspRequest(question), `192.0.2.${round % 200}`)
    if (answered.kind !== 'answer') return assert.fail(answered.detail)
    const own = saidBy(await believed(answered.answer.der, issuer))
    assert.deepEqual(own, saidBy(await oracle(question, units)), `round ${round}`)
    for (const [, , , , status] of own.said) met.add(status ?? '')
  }
  assert.deepEqual([...met].sort(), ['good', 'revoked', 'unknown'])
})
