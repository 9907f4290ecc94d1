// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '#core/scan/finding.ts'
import { resultOf, type ScanReport } from '#core/scan/report.ts'
import { mostRecorded } from '#format/admin/operations/scans.ts'
import { identityOf } from '#trust/secrets/identity.ts'
import { rules } from '#trust/secrets/rules.ts'
import { wrongUse } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Call } from './verb.ts'

type Owner = Answer<'key.owners'>['known'][number]

const privateRules: ReadonlySet<string> = new Set([
  ...(['private-key', 'private-key-encrypted', 'raw-key', 'test-key'] as const),
])
/** As many keys as one question may name. */
const mostAsked = 1_000

/** For each private key that the inventory knows, a finding beside its own that says whose it is. */
export async function askInventory(
  call: Call,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const keys = findings.filter(({ rule, key }) => key !== undefined && privateRules.has(rule))
  const fingerprints = [...new Set(keys.flatMap(({ key }) => key ?? []))]
  if (fingerprints.length === 0) return findings
  const server = await call.connect()
  const owners = new Map<string, Owner>()
  for (let at = 0; at < fingerprints.length; at += mostAsked) {
    const part = fingerprints.slice(at, at + mostAsked)
    const { known } = await server.ask('key.owners', { fingerprints: part })
    for (const owner of known) owners.set(owner.fingerprint, owner)
  }
  return [...findings, ...keys.flatMap((finding) => knownAs(finding, owners))]
}

function knownAs(finding: Finding, owners: ReadonlyMap<string, Owner>): readonly Finding[] {
  const owner = owners.get(finding.key ?? '')
  if (owner === undefined) return []
  const { ownerName, purpose, certificates, inForce } = owner
  const rule = 'private-key-known'
  const many = certificates === 1 ? 'certificate' : 'certificates'
  return [
    {
      ...finding,
      ...{ rule, severity: rules[rule].severity, confidence: 'certain' },
      what: `this key belongs to ${ownerName} (${purpose}), with ${certificates} ${many}, ${inForce} in force`,
      identity: identityOf(rule, owner.fingerprint),
    },
  ]
}

/** Notes the result in the installation, and says under which id. */
export async function recordScan(
  call: Call,
  report: ScanReport,
  digest: { readonly sha256: string; readonly octets: number },
): Promise<void> {
  const server = await call.connect()
  const { findings, accepted, notScanned, rules: version, startedAt, endedAt, paths } = report
  const product = call.said.text('product')
  const { id } = await server.ask('scan.record', {
    ...(product === undefined ? {} : { product: await productId(server, product) }),
    ...{ name: nameOf(paths), sha256: digest.sha256, octets: digest.octets, rules: version },
    ...{ result: resultOf(report), found: findings.length, accepted: accepted.length },
    ...{ notScanned: notScanned.length, findings: findings.slice(0, mostRecorded).map(plain) },
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
