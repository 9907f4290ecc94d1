// SPDX-License-Identifier: Apache-2.0
import type { Reference } from './operation.ts'
import type { OperationName } from './operations.ts'

/** How a name that a person said is looked up: the list to ask, and the filter that takes it. */
export const references = {
  application: { list: 'application.list', by: 'name' },
  authority: { list: 'authority.list', by: 'name' },
  device: { list: 'device.list', by: 'serial' },
  machine: { list: 'machine.list', by: 'name' },
  person: { list: 'person.list', by: 'name' },
  product: { list: 'product.list', by: 'name' },
  proxy: { list: 'proxy.list', by: 'name' },
  registrar: { list: 'registrar.list', by: 'name' },
  upstream: { list: 'upstream.list', by: 'name' },
} as const satisfies Record<Reference, { list: OperationName; by: string }>
