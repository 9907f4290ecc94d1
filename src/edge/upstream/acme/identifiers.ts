// SPDX-License-Identifier: Apache-2.0
import { addressText } from '#format/proxy/address-text.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { AcmeTrouble } from './session.ts'

/** What a name is called in an order: RFC 8555 section 7.1.3, and for addresses RFC 8738 section 3. */
export interface Identifier {
  readonly type: 'dns' | 'ip'
  readonly value: string
}

/** @throws AcmeTrouble `refused` for a name that ACME has no proof for */
export function identifierOf(name: GeneralName): Identifier {
  if (name.kind === 'dns') return { type: 'dns', value: name.value.toLowerCase() }
  // IPv6 as RFC 5952 writes it: an authority compares the text.
  if (name.kind === 'ip') return { type: 'ip', value: addressText(name.bytes) }
  throw new AcmeTrouble('refused', `a name of kind ${name.kind} is none that ACME proves`, {
    ...{ type: 'unsupportedIdentifier', detail: name.kind },
  })
}
