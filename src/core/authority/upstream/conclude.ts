// SPDX-License-Identifier: Apache-2.0

import { completion } from '#core/authority/issue.ts'
import type { Change, Put } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Repetition, UpstreamOrder } from '#core/ledger/tables.ts'
import { parseToBeSigned } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Carried, CarryingPorts } from './ask-upstream.ts'
import { type CheckedAnswer, checkAnswer, readAnswer } from './check-answer.ts'
import { endOrder, lostToOther } from './end-order.ts'
import { readKept } from './occasion-json.ts'
import type { ReadyUpstream } from './ready-upstream.ts'
import { newAuthorities } from './upstream-authorities.ts'

/** A device that was told to come again gets its answer for so long, until it is seen in use. */
const answerSpan = Temporal.Duration.from({ hours: 7 * 24 })

/** CRLReason cessationOfOperation, RFC 5280 section 5.3.1. */
const cessationOfOperation = 5
/** A revocation that an upstream is asked for beside all else may take this long. */
const revokingMilliseconds = 15_000
/** Another order may have learnt an authority of the upstream at the same moment. */
const mostTries = 5

/** Books what an upstream answered if it is what was approved; else says no, and asks it to revoke. */
export async function conclude(
  order: UpstreamOrder,
  answer: readonly Uint8Array[],
  host: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Carried> {
  for (let tries = 1; ; tries++) {
    const certificate = await ports.ledger.read('certificate', order.certificate)
    if (certificate?.state !== 'reserved')
      return turnAway(
        order,
        'it was revoked while it was asked for',
        ofOrder(answer, order),
        host,
        ports,
      )
    const { completing, mayDiffer } = readKept(order.occasion, order.request)
    const { kind } = certificate
    const toBeSigned = parseToBeSigned(order.expected)
    const expected = { toBeSigned, kind, mayDiffer, approvedAt: order.createdAt }
    const checked = checkAnswer(answer, expected, host, ports.clock.now())
    if (checked.kind === 'wrong') return turnAway(order, checked.why, checked.leaf, host, ports)
    const change = await changeOf({ order, certificate, checked, completing }, host, ports)
    const done = await ports.ledger.commit(change)
    if (done.kind === 'committed')
      return { kind: 'issued', id: certificate.id, certificate: checked.leaf.der }
    if (done.record === 'certificate' && done.rule !== 'version')
      return turnAway(order, 'this very certificate was answered before', undefined, host, ports)
    if (tries === mostTries || done.record === 'upstreamOrder') return lostToOther()
  }
}

interface Concluded {
  readonly order: UpstreamOrder
  readonly certificate: CertificateRecord
  readonly checked: CheckedAnswer & { kind: 'good' }
  readonly completing: ReturnType<typeof readKept>['completing']
}

async function changeOf(
  { order, certificate, checked, completing }: Concluded,
  host: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Change> {
  const now = ports.clock.now()
  const { leaf, differences } = checked
  const learnt = await newAuthorities(checked, host, ports)
  const record: CertificateRecord = {
    ...certificate,
    ...{ serialNumber: leaf.serialNumber, authority: learnt.issuer },
    ...{ subject: formatName(leaf.subject), toBeSignedSha256: sha256(leaf.tbs) },
    ...{ notBefore: leaf.notBefore, notAfter: leaf.notAfter },
  }
  const facts = {
    upstream: host.upstream.name,
    ...(differences.length > 0 && { differs: differences.join(', ') }),
  }
  const completed = await completion(record, leaf.der, { ...completing, facts }, ports)
  const ended: UpstreamOrder = {
    ...order,
    ...{ version: order.version + 1, state: 'answered', heldUntil: now, endedAt: now },
  }
  return {
    puts: [
      ...learnt.puts,
      ...completed.puts,
      { kind: 'upstreamOrder', record: ended },
      ...(await answerForLater(order, ports)),
    ],
    events: [...learnt.events, ...completed.events],
  }
}

/** Who was told to come again may come after the usual span of a repetition. */
async function answerForLater(
  { requestKey, certificate, stage, tries }: UpstreamOrder,
  { ledger, clock }: CarryingPorts,
): Promise<readonly Put[]> {
  if (requestKey === null || (stage !== 'waiting' && tries === 1)) return []
  const found = await ledger.find('repetition', 'requestKey', [requestKey])
  if (found?.certificate !== certificate) return []
  const until = clock.now().add(answerSpan)
  const record: Repetition = { ...found, version: found.version + 1, until }
  return [{ kind: 'repetition', record }]
}

/** The certificate of an answer that is for the key of the order, if any is. */
function ofOrder(answer: readonly Uint8Array[], { expected }: UpstreamOrder) {
  const read = readAnswer(answer, parseToBeSigned(expected).publicKey.der)
  return read.kind === 'read' ? read.leaf.der : undefined
}

/**
 * What came is not handed out; its authority is asked to revoke it, and a person is told.
 *
 * Not by whoever lost the order meanwhile: what somebody else booked of the same answer is good.
 */
async function turnAway(
  order: UpstreamOrder,
  why: string,
  answer: Uint8Array | undefined,
  host: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Carried> {
  const { upstreams } = ports
  const { upstream } = host
  if (!(await endOrder(order, 'refused', why, host, ports, answer))) return lostToOther()
  if (answer !== undefined) {
    const signal = upstreams.within(revokingMilliseconds)
    // A person is told below, whatever comes of it.
    await upstreams.desk.revoke(upstream, answer, cessationOfOperation, signal).catch(() => {})
  }
  await upstreams.noteHealth(upstream, {
    ...{ kind: 'answer-refused', certificate: order.certificate, words: why },
  })
  return refuse(
    'upstream-answer-wrong',
    'the authority that signs for this entrance answered with something else; ask the operator',
  )
}
