// SPDX-License-Identifier: Apache-2.0
import { AttestationPace } from '#core/attestation/pace.ts'
import type { AttestationPorts, Platform } from '#core/attestation/ports.ts'
import { admitCode } from '#core/enrolment/code.ts'
import { clear, raise } from '#core/watch/alarm.ts'
import { attestationRoutes } from '#edge/attestation/routes.ts'
import type { Route } from '#edge/http/message.ts'
import type { Core } from './core.ts'

/** Where devices prove their TPMs; how they do is loaded for the first one. */
export function tpmRoutes(core: Core): readonly Route[] {
  const ports = attestationPorts(core)
  return attestationRoutes({
    begin: async (request, asked) =>
      (await import('#core/attestation/begin.ts')).beginAttestation(request, asked, ports),
    certify: async (request, asked) =>
      (await import('#core/attestation/certify.ts')).certifyKeys(request, asked, ports),
    refused: async (refused, asked) =>
      (await import('#core/attestation/begin.ts')).noteRefused(
        refused,
        asked,
        { subjects: [], alarms: [] },
        ports,
      ),
  })
}

/** Attestation stands below enrolment: what it needs of that is handed in here. */
export function attestationPorts(core: Core): AttestationPorts {
  return {
    ...core,
    pace: new AttestationPace(),
    doorOf: (product, label) => core.doors.for(product, label),
    chainOf: ({ authority }) =>
      [authority, ...core.doors.above(authority)].map(({ certificate }) => certificate),
    admitCode: async (serial, code, sourceAddress) => {
      const credential = { kind: 'code', user: serial, code } as const
      const admitted = await admitCode(credential, sourceAddress, core)
      return admitted.kind === 'refused'
        ? admitted
        : { device: admitted.device, code: admitted.code }
    },
    tellPlatform: (platform) => tellPlatform(platform, core),
  }
}

/** One alarm a device, open for as long as it measures what it should not. */
async function tellPlatform({ device, measured }: Platform, core: Core): Promise<void> {
  if (measured.result !== 'differs') {
    if (measured.result === 'matched') await clear('platform-differs', device.id, core)
    return
  }
  await raise(
    {
      ...{ kind: 'platform-differs', subject: device.id, severity: 'warning' },
      text: `the platform of ${device.serial} measured what no reference value of its product says`,
      facts: measured.facts,
    },
    core,
  )
}
