// SPDX-License-Identifier: Apache-2.0
import type { OperationName } from '#format/admin/operations.ts'

/** The columns of each kind of thing in a table, and their heads where the label would be too long. */
export const shapes = {
  alarm: ['severity', 'kind', 'text', 'raisedAt', 'acknowledgedBy', 'id'],
  authority: ['name', 'kind', 'environment', 'algorithm', 'state', 'notAfter', 'id'],
  authorityRequest: ['name', 'state', 'algorithm', 'custody', 'createdAt', 'requestSha256'],
  backup: ['moment', 'size', 'rows', 'file', 'sha256', 'id'],
  certificate: ['deviceSerial', 'kind', 'state', 'profile', 'algorithm', 'notAfter', 'id'],
  delivery: ['targetName', 'what', 'state', 'tries', 'nextAt', 'lastError', 'alarm'],
  device: ['serial', 'product', 'state', 'lot', 'hardwareRevision', 'seenAt', 'id'],
  difference: ['path', 'before', 'after', 'means'],
  entrance: ['label', 'profile', 'isDefault', 'id'],
  event: ['epoch', 'index', 'at', 'type', 'actor', 'facts'],
  fault: ['path', 'fault', 'remedy'],
  logHead: ['kind', 'epoch', 'origin', 'size', 'rootSha256', 'id'],
  machine: ['name', 'role', 'state', 'createdAt', 'id'],
  node: ['name', 'state', 'host', 'programVersion', 'startedAt', 'seenAt', 'id'],
  notification: ['name', 'kind', 'address', 'severity', 'kinds', 'id'],
  person: ['name', 'role', 'state', 'signedInAt', 'id'],
  product: ['name', 'maker', 'exposure', 'createdAt', 'id'],
  profile: ['name', 'number', 'author', 'createdAt', 'id'],
  renewal: ['because', 'state', 'total', 'fromAt', 'until', 'id'],
  proxy: ['name', 'state', 'createdAt', 'certificateSha256', 'id'],
  registrar: ['name', 'state', 'expiresAt', 'createdAt', 'id'],
  request: ['deviceSerial', 'operation', 'state', 'entrance', 'askedAt', 'expiresAt', 'id'],
  upstream: ['name', 'protocol', 'address', 'profiles', 'open', 'trouble', 'id'],
  upstreamAuthority: ['subject', 'sha256', 'notAfter', 'known'],
  upstreamOrder: ['upstream', 'state', 'stage', 'tries', 'nextAt', 'words', 'certificate'],
  vendorBundle: ['name', 'number', 'issuedAt', 'certificates', 'sha256', 'importedBy'],
  vendorRoot: ['vendor', 'kind', 'role', 'subject', 'notAfter', 'bundle', 'id'],
} as const satisfies Record<string, readonly string[]>

export type Shape = keyof typeof shapes

/** What a list is a list of. */
export const shapeOfList: Partial<Record<OperationName, Shape>> = {
  'alarm.list': 'alarm',
  'authority.list': 'authority',
  'authority.requests': 'authorityRequest',
  'backup.list': 'backup',
  'certificate.list': 'certificate',
  'delivery.list': 'delivery',
  'device.list': 'device',
  'log.heads': 'logHead',
  'log.show': 'event',
  'machine.list': 'machine',
  'node.list': 'node',
  'notification.list': 'notification',
  'person.list': 'person',
  'product.list': 'product',
  'profile.list': 'profile',
  'renewal.list': 'renewal',
  'proxy.list': 'proxy',
  'registrar.list': 'registrar',
  'request.list': 'request',
  'upstream.list': 'upstream',
  'upstream.orders': 'upstreamOrder',
  'vendor-root.bundles': 'vendorBundle',
  'vendor-root.list': 'vendorRoot',
}

/** What the rows under a name inside an answer are. */
export const shapeOfPart: Readonly<Record<string, Shape>> = {
  certificates: 'certificate',
  differences: 'difference',
  entrances: 'entrance',
  events: 'event',
  faults: 'fault',
  told: 'upstreamAuthority',
}

/** What people call it when there is none. */
export const pluralOf: Readonly<Record<Shape, string>> = {
  alarm: 'alarms',
  backup: 'backups',
  logHead: 'heads',
  authority: 'authorities',
  authorityRequest: 'requests for authorities',
  certificate: 'certificates',
  delivery: 'deliveries',
  device: 'devices',
  difference: 'differences',
  entrance: 'entrances',
  event: 'events',
  fault: 'faults',
  machine: 'machines',
  node: 'nodes',
  notification: 'notifications',
  person: 'people',
  product: 'products',
  profile: 'profiles',
  renewal: 'renewals',
  proxy: 'proxies',
  registrar: 'registrars',
  request: 'requests',
  upstream: 'upstreams',
  upstreamAuthority: 'authorities',
  upstreamOrder: 'orders',
  vendorBundle: "lists of makers' authorities",
  vendorRoot: "makers' authorities",
}
