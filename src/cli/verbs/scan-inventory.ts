// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '#core/scan/finding.ts'
import { findKnownKeys, fingerprintsToAsk } from '#core/scan/known-keys.ts'
import { resultOf, type ScanReport } from '#core/scan/report.ts'
import type { RawScan } from '../means-scan.ts'
import { wrongUse } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Call } from './verb.ts'

/** As many keys as one question may name. */
const mostAsked = 1_000

/** What was found, with a finding for each private key that the inventory knows: it says whose it is. */
export async function askInventory(
  call: Call,
  { findings, rawKeys }: Pick<RawScan, 'findings' | 'rawKeys'>,
): Promise<readonly Finding[]> {
  const fingerprints = fingerprintsToAsk(findings, rawKeys)
  if (fingerprints.length === 0) return findings
  const server = await call.connect()
  const known: Answer<'key.owners'>['known'][number][] = []
  for (let at = 0; at < fingerprints.length; at += mostAsked) {
    const part = fingerprints.slice(at, at + mostAsked)
    known.push(...(await server.ask('key.owners', { fingerprints: part })).known)
  }
  return [...findings, ...findKnownKeys(findings, rawKeys, known)]
}

/** Notes the result in the installation, and says under which id. */
export async function recordScan(
  call: Call,
  report: ScanReport,
  digest: { readonly sha256: string; readonly octets: number },
): Promise<void> {
  const server = await call.connect()
  // Loaded here: a scan that asks no server has no use for the schemas of what one answers.
  const { mostRecorded } = await import('#format/admin/operations/scans.ts')
  const { findings, accepted, notScanned, rules: version, startedAt, endedAt, paths } = report
  const product = call.said.text('product')
  const { id } = await server.ask('scan.record', {
    ...(product === undefined ? {} : { product: await productId(server, product) }),
    ...{ name: nameOf(paths), sha256: digest.sha256, octets: digest.octets, rules: version },
    ...{ result: resultOf(report), found: findings.length, accepted: accepted.length },
    notScanned: notScanned.length,
    findings: [
      ...findings.map(plain),
      // Whoever approves the release sees what is answered for, and by whom.
      ...accepted.map(({ finding, acceptance: { because, by, until } }) => ({
        ...plain(finding),
        acceptance: { because, by, until: `${until}` },
      })),
    ].slice(0, mostRecorded),
    ...{ startedAt: `${startedAt}`, endedAt: `${endedAt}` },
  })
  call.terminal.note(`recorded as ${id}`)
}

async function productId(server: Awaited<ReturnType<Call['connect']>>, said: string) {
  if (/^prd_[0-9a-f]{32}$/.test(said)) return said
  const { items } = await server.ask('product.list', { name: said, limit: 1 })
  const [product] = items
  if (product === undefined) throw wrongUse(`no product is called ${said}`, 'look at --product')
  return product.id
}

function nameOf(paths: readonly string[]): string {
  return paths.join(' ').replace(/\p{C}/gu, '?').trim().slice(0, 100)
}

function plain({ rule, severity, confidence, path, offset, what, identity, key }: Finding) {
  return {
    ...{ rule, severity, confidence, path: path.map((step) => step.slice(0, 4_096)), offset },
    ...{ what: what.slice(0, 1_000), identity, key: key ?? null },
  }
}
