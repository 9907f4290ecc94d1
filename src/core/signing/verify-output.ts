// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { DeviceTrust, Verdict } from '#trust/artefact/verdict.ts'
import { refuse } from '#trust/refusal.ts'
import type { Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { chainOf } from './artefact-key.ts'
import type { Output, OutputPorts } from './make-outputs.ts'
import { openWhole } from './open-whole.ts'
import { saysSecurityVersion } from './release-choices.ts'
import type { UsableKey } from './usable-keys.ts'

/**
 * Reads what was written as a device would read it: every key that was to sign has signed, and the security version
 * is the one that was approved.
 */
export async function verifyOutput(
  output: Output,
  source: ByteSource,
  release: Release,
  ports: Pick<OutputPorts, 'artefacts' | 'clock'>,
): Promise<Refused | undefined> {
  const { work, sha256 } = output
  const open = await openWhole(sha256, ports.artefacts)
  if (open === undefined) return refuse('artefact-missing', `${work.name} was not kept`)
  try {
    const beside = work.form.place === 'detached' ? source : undefined
    const judge = (keys: readonly UsableKey[]): Promise<Verdict | Refused> =>
      work.form.verify(open.source, trustOf(output, keys, release, ports), beside)
    const verdict = await judge(work.keys)
    if (verdict.kind === 'refused') return differs(work.name, verdict)
    // A verifier may stop at the first signature that holds: the others are asked for by themselves.
    for (const key of work.keys) {
      if (hasSigned(verdict, key)) continue
      const alone = await judge([key])
      if (alone.kind === 'refused') return differs(work.name, alone)
    }
    const said = verdict.securityVersion
    if (
      said !== undefined &&
      saysSecurityVersion(work.line.form) &&
      said !== release.securityVersion
    )
      return refuse(
        'signing-failed-check',
        `${work.name} says security version ${said}, the release ${release.securityVersion}`,
      )
    return undefined
  } finally {
    await open.close()
  }
}

function differs(name: string, { reason, detail }: Refused): Refused {
  return refuse('signing-failed-check', `${name} would not be believed (${reason}): ${detail}`)
}

function hasSigned({ signers }: Verdict, { signer }: UsableKey): boolean {
  const own = signer.publicKey.fingerprint.toHex()
  return signers.some(({ publicKey }) => publicKey.fingerprint.toHex() === own)
}

function trustOf(
  { work }: Output,
  keys: readonly UsableKey[],
  release: Release,
  { clock }: Pick<OutputPorts, 'clock'>,
): DeviceTrust {
  const roots = keys.flatMap(({ key }) => chainOf(key).slice(-1))
  return {
    keys: keys.filter(({ key }) => key.chain.length === 0).map(({ signer }) => signer.publicKey),
    ...{ roots, purpose: 'email-and-code', now: clock.now(), stampRoots: [] },
    counter: saysSecurityVersion(work.line.form) ? release.securityVersion : undefined,
    ...{ demandsBoth: false, environment: release.environment },
  }
}
