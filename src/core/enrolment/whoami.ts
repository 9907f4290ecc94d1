// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { IdentifyingPorts } from './identify.ts'
import { identifyLive } from './note-use.ts'

/** What a device learns about itself over its own connection. */
export interface Whoami {
  readonly kind: 'known'
  readonly device: string
  readonly product: string
  readonly state: string
  readonly certificate: { readonly serialNumber: string; readonly notAfter: string }
}

/** Tells a device who it is to us, which also proves its certificate in a live connection. */
export async function whoami(
  chain: readonly Uint8Array[],
  ports: IdentifyingPorts,
): Promise<Whoami | Refused> {
  const identified = await identifyLive(chain, ports)
  if (identified.kind === 'refused') return identified
  const { device, certificate } = identified
  if (device.state === 'retired' || device.state === 'quarantined') {
    return refuse(`device-${device.state}`, `device ${device.serial} is ${device.state}`)
  }
  const now = ports.clock.now()
  if (Temporal.Instant.compare(certificate.notAfter, now) < 0) {
    return refuse('certificate-expired', `the certificate expired at ${certificate.notAfter}`)
  }
  const product = await ports.ledger.read('product', device.product)
  return {
    kind: 'known',
    device: device.serial,
    product: product?.name ?? '',
    state: device.state,
    certificate: {
      serialNumber: certificate.serialNumber.toHex(),
      notAfter: certificate.notAfter.toString(),
    },
  }
}
