// SPDX-License-Identifier: Apache-2.0
/** What people sign for and against releases, and who they are: it comes from machines that nobody here knows. */
import {
  encodeApprovalStatement,
  parseApprovalStatement,
} from '#format/release/approval-statement.ts'
import { encodeApproverList, parseApproverList } from '#format/release/approver-list.ts'
import {
  encodeApproverStatement,
  parseApproverStatement,
} from '#format/release/approver-statement.ts'
import type { Target } from './targets.ts'

const person = 'psn_019aa000000070008000000000000004'
const publicKey = Uint8Array.from({ length: 44 }, (_, index) => index)
const at = '2026-11-29T20:45:00+01:00'

const approval = encodeApprovalStatement({
  ...{ act: 'approve', release: 'rel_019aa000000070008000000000000001' },
  ...{ manifestSha256: '01'.repeat(32), product: 'Pump', version: '2.4.1' },
  ...{ environment: 'production', person: { id: person, name: 'Ada Å', role: 'quality' } },
  ...{ key: '02'.repeat(32), statedAt: at, meaning: 'reviewed' },
  emergency: { incident: 'CAPA 12', because: 'pumps stop', until: '2026-12-01T12:00:00Z' },
})
const registration = encodeApproverStatement({
  ...{ account: 'ada', name: 'Ada', role: 'quality', kept: 'token', publicKey, statedAt: at },
})
const list = encodeApproverList([
  {
    ...{ person, name: 'Ada', role: 'quality', publicKey, confirmedAt: '2026-01-01T00:00:00Z' },
    endedAt: null,
  },
])

function target<T>(
  name: string,
  seed: Uint8Array,
  parse: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): Target {
  const again = (bytes: Uint8Array) => encode(parse(bytes))
  return { name, parse, again, exact: true, limits: undefined, seeds: [seed] }
}

export const approvalTargets: readonly Target[] = [
  target('approval-statement', approval, parseApprovalStatement, encodeApprovalStatement),
  target('approver-statement', registration, parseApproverStatement, encodeApproverStatement),
  target('approver-list', list, parseApproverList, encodeApproverList),
]
