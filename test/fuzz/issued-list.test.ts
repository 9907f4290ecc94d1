// SPDX-License-Identifier: Apache-2.0
/** Lists of other PKIs are strangers' text: whatever stands in them, each row is read or refused by its number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowFault } from '#format/issued-list/issued-row.ts'
import { parseIndexLine } from '#format/issued-list/openssl-index.ts'
import { type IssuedForm, ListFault, readIssuedList } from '#format/issued-list/read-issued-list.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const base64 = new Uint8Array(60).fill(0x30).toBase64()
const json = '{"Serial":"257","ReasonCode":1,"RevokedAt":"2026-03-01T10:00:00Z"}'
const seeds: Readonly<Record<IssuedForm, string>> = {
  csv: `certificate,serialNumber,revokedAt,reason\n${base64},,,\n,8f02,2026-03-01T10:00:00Z,superseded\n`,
  ejbca: `base64Cert,serialNumber,status,revocationDate,revocationReason\n${base64},9,20,-1,-1\n,255,40,1772359200000,4\n`,
  'step-ca': `nkey,nvalue\n12,"${base64}"\n`,
  'step-ca-revoked': `nkey,nvalue\n257,"${json.replaceAll('"', '""')}"\n`,
  pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
}
const index = 'R\t301231235959Z\t260301100000Z,keyCompromise\t8F01\tunknown\t/CN=x'

const seed = seedOfRun()
const inputs = 20_000 * depthOfRun()

for (const form of Object.keys(seeds) as IssuedForm[]) {
  test(`a list in the form ${form} gives rows or says where it ends (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const reached = new Set<string>()
    for (let count = 0; count < inputs / 5; count++) {
      const bytes = mutateText(random, new TextEncoder().encode(seeds[form]))
      for (const kind of await kindsOf(form, bytes)) reached.add(kind)
    }
    for (const kind of ['wrong', ...(form === 'pem' ? ['certificate'] : ['list'])])
      assert.ok(reached.has(kind), `${kind} was never reached`)
  })
}

async function kindsOf(form: IssuedForm, bytes: Uint8Array): Promise<readonly string[]> {
  async function* chunks() {
    yield bytes.subarray(0, bytes.length >> 1)
    yield bytes.subarray(bytes.length >> 1)
  }
  const kinds: string[] = []
  let last = 0
  try {
    for await (const row of readIssuedList(form, chunks())) {
      assert.ok(row.row > last, `row ${row.row} came after row ${last}`)
      last = row.row
      if (row.kind === 'wrong') assert.match(row.fault, /^[a-z]/i)
      kinds.push(row.kind)
    }
  } catch (error) {
    if (!(error instanceof ListFault)) throw error
    kinds.push('list')
  }
  return kinds
}

test(`a line of an index gives its parts or a fault (FUZZ_SEED=${seed})`, () => {
  const random = new Random(seed)
  let read = 0
  for (let count = 0; count < inputs; count++) {
    try {
      const { serialNumber, revoked } = parseIndexLine(
        new TextDecoder().decode(mutateText(random, new TextEncoder().encode(index))),
      )
      assert.ok(serialNumber.length > 0 && serialNumber[0]! < 0x80)
      assert.ok(revoked === undefined || revoked.reason <= 10)
      read++
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
    }
  }
  assert.ok(read > 0 && read < inputs)
})
