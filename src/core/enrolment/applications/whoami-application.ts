// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import type { Doors } from '../doors.ts'
import { orderedFor } from '../renew-now.ts'
import {
  type ApplicationIdentifyingPorts,
  identifyLiveApplication,
} from './identify-application.ts'

/** What an application learns about itself over its own connection. */
export interface WhoamiApplication {
  readonly kind: 'application'
  readonly application: string
  readonly profile: string
  readonly state: string
  readonly certificate: { readonly serialNumber: string; readonly notAfter: string }
  /** It shall renew though its time has not come, as a device is told. */
  readonly renew?: { readonly after: string; readonly before: string }
}

/** Tells an application who it is to us, which also proves its certificate in a live connection. */
export async function whoamiApplication(
  chain: readonly Uint8Array[],
  ports: ApplicationIdentifyingPorts & { readonly doors: Pick<Doors, 'orders'> },
): Promise<WhoamiApplication | Refused> {
  const identified = await identifyLiveApplication(chain, ports)
  if (identified.kind === 'refused') return identified
  const { application, certificate, record } = identified
  const ordered = orderedFor(record, ports.doors.orders)
  return {
    kind: 'application',
    application: application.name,
    profile: application.profile,
    state: application.state,
    certificate: {
      serialNumber: certificate.serialNumber.toHex(),
      notAfter: certificate.notAfter.toString(),
    },
    ...(ordered && {
      renew: { after: ordered.after.toString(), before: ordered.before.toString() },
    }),
  }
}
