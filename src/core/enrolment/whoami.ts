// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { checkDevice } from '../policy/check-device.ts'
import type { Refused } from '../refusal.ts'
import type { IdentifyingPorts } from './identify.ts'
import { identifyLive } from './note-use.ts'
import { orderedFor } from './renew-now.ts'

/** What a device learns about itself over its own connection. */
export interface Whoami {
  readonly kind: 'known'
  readonly device: string
  readonly product: string
  readonly state: string
  readonly certificate: { readonly serialNumber: string; readonly notAfter: string }
  /** It shall renew though its time has not come: from its own moment on, and by the end of the window. */
  readonly renew?: { readonly after: string; readonly before: string }
}

/** Tells a device who it is to us, which also proves its certificate in a live connection. */
export async function whoami(
  chain: readonly Uint8Array[],
  ports: IdentifyingPorts,
): Promise<Whoami | Refused> {
  const identified = await identifyLive(chain, ports)
  if (identified.kind === 'refused') return identified
  const { device, certificate } = identified
  const cutOff = checkDevice(device)
  if (cutOff !== undefined) return cutOff
  const now = ports.clock.now()
  if (Temporal.Instant.compare(now, certificate.notBefore) < 0) {
    return refuse(
      'certificate-not-yet-valid',
      `the certificate begins at ${certificate.notBefore}, it is ${now}`,
    )
  }
  if (Temporal.Instant.compare(certificate.notAfter, now) < 0) {
    return refuse('certificate-expired', `the certificate expired at ${certificate.notAfter}`)
  }
  const product = await ports.ledger.read('product', device.product)
  const ordered = orderedFor(identified.record, ports.doors.orders)
  return {
    kind: 'known',
    device: device.serial,
    product: product?.name ?? '',
    state: device.state,
    certificate: {
      serialNumber: certificate.serialNumber.toHex(),
      notAfter: certificate.notAfter.toString(),
    },
    ...(ordered && {
      renew: { after: ordered.after.toString(), before: ordered.before.toString() },
    }),
  }
}
