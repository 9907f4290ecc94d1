// SPDX-License-Identifier: Apache-2.0
/** Certificates of signers that end before the support of what they signed: devices would refuse it then. */
import { expiryOf, mustOutliveSupport } from '#trust/artefact/bootloader-rules.ts'
import type { ArtefactKey, Release } from '../ledger/tables.ts'
import { newestPlan, parseSigningPlan } from '../releases/plan-lines.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { endOf, isFormName } from '../signing/artefact-key.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { dayOf, daysLeft } from './endings.ts'
import { allOf } from './pages.ts'
import { reached, thresholds } from './thresholds.ts'

/** What a certificate would strand. */
interface Stranded {
  readonly key: ArtefactKey
  readonly end: Temporal.Instant
  readonly releases: Release[]
  readonly forms: Set<string>
}

/** Looks at all that was published: one alarm a key, as long as devices are to take what it signed. */
export async function watchSigners(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  const found = new Map<string, Stranded>()
  for await (const release of allOf('release', ports.ledger, {
    ...{ by: 'state', equal: ['published'] },
  })) {
    const { supportUntil } = release
    // Devices that are supported no more are to take nothing.
    if (supportUntil === null || Temporal.Instant.compare(supportUntil, now) <= 0) continue
    await lookAt(release, supportUntil, found, ports)
  }
  for (const stranded of found.values()) await raise(findingOf(stranded, now), ports)
  for await (const { subject } of allOf('alarm', ports.ledger, {
    ...{ by: 'kind', equal: ['signer-strands-devices', 'open'] },
  }))
    if (!found.has(subject)) await clear('signer-strands-devices', subject, ports)
}

async function lookAt(
  release: Release,
  supportUntil: Temporal.Instant,
  found: Map<string, Stranded>,
  { ledger }: AlarmPorts,
): Promise<void> {
  const plan = parseSigningPlan((await newestPlan(release.product, ledger))?.lines ?? [])
  const lines = plan.kind === 'lines' ? plan.lines : []
  for (const { form, keys, timeStamp } of await signedArtefactsOf(release.id, ledger)) {
    if (!isFormName(form)) continue
    const rule = expiryOf(form, lines.find((line) => line.form === form)?.devices)
    if (rule === undefined || !mustOutliveSupport(rule, timeStamp !== null)) continue
    for (const id of keys) {
      const key = await ledger.read('artefactKey', id)
      const end = key && endOf(key)
      if (key === undefined || end === undefined) continue
      if (Temporal.Instant.compare(end, supportUntil) >= 0) continue
      const stranded = found.get(id) ?? { key, end, releases: [], forms: new Set<string>() }
      if (!stranded.releases.includes(release)) stranded.releases.push(release)
      stranded.forms.add(form)
      found.set(id, stranded)
    }
  }
}

function findingOf({ key, end, releases, forms }: Stranded, now: Temporal.Instant) {
  const versions = releases.map(({ firmwareVersion }) => firmwareVersion)
  const shown = `${versions.slice(0, 3).join(', ')}${versions.length > 3 ? ' …' : ''}`
  return {
    ...({ kind: 'signer-strands-devices', subject: key.id } as const),
    severity: reached(thresholds.signer, end, now)?.severity ?? ('notice' as const),
    text: `the certificate of signing key ${key.name} ends ${dayOf(end)}, ${daysLeft(end, now)}, and devices refuse ${shown} (${[...forms].join(', ')}) from then on, before its support ends`,
    facts: { key: key.name, end: end.toString(), releases: releases.length },
  }
}
