// SPDX-License-Identifier: Apache-2.0
import { noShard } from '#core/ledger/shards.ts'
import type { CertificateRecord, UpstreamOrder } from '#core/ledger/tables.ts'
import type { CarryingPorts } from './ask-upstream.ts'
import type { ReadyUpstream } from './ready-upstream.ts'

/** An upstream that could not be asked is asked again for so long. */
const tellingSpan = Temporal.Duration.from({ hours: 30 * 24 })
const revokingMilliseconds = 15_000
const pageSize = 100

/**
 * Asks upstreams to revoke what was revoked here; where one cannot be asked, a person is told once.
 *
 * What is cut off here is cut off at our doors from the moment of its revocation, whatever comes of this.
 */
export async function tellRevocations(
  upstreams: readonly ReadyUpstream[],
  ports: CarryingPorts,
  signal: AbortSignal,
): Promise<void> {
  for (const host of upstreams) {
    for (const { authority } of host.authorities) {
      for await (const certificate of revokedLately(authority.id, ports)) {
        if (signal.aborted) return
        await tell(certificate, host, ports)
      }
    }
  }
}

/** Where what others signed stands: in no shard of ours; before there was a word for that, in 0. */
const shardsOfOthers = [noShard, 0]

async function* revokedLately(authority: string, { ledger, clock }: CarryingPorts) {
  const from = clock.now().subtract(tellingSpan)
  for (const shard of shardsOfOthers) {
    let after: string | null | undefined
    do {
      const page = await ledger.list('certificate', {
        ...{ by: 'revoked', equal: [authority, shard], from, limit: pageSize },
        ...(after && { after }),
      })
      yield* page.items
      after = page.next
    } while (after !== null)
  }
}

async function tell(
  { id, state, revocationReason }: CertificateRecord,
  { upstream }: ReadyUpstream,
  ports: CarryingPorts,
): Promise<void> {
  const order = await ports.ledger.find('upstreamOrder', 'certificate', [id])
  const encoding = await ports.ledger.read('encoding', id)
  // One that was abandoned has no bytes: its order told of it when it ended.
  if (order === undefined || encoding === undefined) return
  if (state !== 'revoked' || order.revocation !== null) return
  const signalled = ports.upstreams.within(revokingMilliseconds)
  const reason = revocationReason ?? 0
  const heard = await ports.upstreams.desk
    .revoke(upstream, encoding.der, reason, signalled)
    .catch((error: unknown) => ({ kind: 'failed', words: String(error) }) as const)
  if (heard.kind === 'failed')
    return ports.upstreams.noteHealth(upstream, { kind: 'unreachable', words: heard.words })
  const revocation = heard.kind === 'revoked' ? 'done' : 'by-hand'
  const record: UpstreamOrder = { ...order, version: order.version + 1, revocation }
  const at = ports.clock.now()
  const booked = await ports.ledger.commit({
    puts: [{ kind: 'upstreamOrder', record }],
    events: [
      {
        ...{ type: 'upstream-revocation-asked', at, actor: { kind: 'job', id: 'upstream-orders' } },
        subjects: [order.id, id, upstream.id],
        facts: { upstream: upstream.name, outcome: revocation },
      },
    ],
  })
  if (booked.kind === 'conflict' || revocation === 'done') return
  const words = 'its protocol has no word for revoking'
  await ports.upstreams.noteHealth(upstream, { kind: 'revoke-by-hand', certificate: id, words })
}
