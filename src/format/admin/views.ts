// SPDX-License-Identifier: Apache-2.0
/** What an answer shows of each kind of record: what is not named here never leaves the house. */
import { z } from 'zod'
import {
  certificateKind,
  certificateState,
  deviceState,
  environment,
  exposure,
  id,
  instant,
  personRole,
  role,
} from './fields.ts'

const version = z.int().min(1)

export const entranceView = z.object({
  id: id('ent'),
  label: z.string(),
  profile: z.string(),
  authority: id('aut'),
  isDefault: z.boolean(),
})

export const productView = z.object({
  id: id('prd'),
  version,
  name: z.string(),
  maker: z.string(),
  exposure,
  createdAt: instant,
})

export const deviceView = z.object({
  id: id('dev'),
  version,
  product: id('prd'),
  serial: z.string(),
  hardwareRevision: z.string().nullable(),
  lot: z.string().nullable(),
  udiDi: z.string().nullable(),
  state: deviceState,
  enrolmentsLeft: z.int(),
  createdAt: instant,
  seenAt: instant.nullable(),
  missedSince: instant.nullable(),
  /** Who issued the working identity that it proved last. */
  under: id('aut').nullable(),
})

export const certificateView = z.object({
  id: id('crt'),
  version,
  serialNumber: z.string().regex(/^[0-9a-f]+$/),
  authority: id('aut'),
  profile: z.string(),
  profileVersion: z.int(),
  kind: certificateKind,
  owner: z.string(),
  product: id('prd').nullable(),
  subject: z.string(),
  deviceSerial: z.string().nullable(),
  lot: z.string().nullable(),
  key: id('key'),
  algorithm: z.string(),
  state: certificateState,
  notBefore: instant,
  notAfter: instant,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  issuedAt: instant.nullable(),
  usedAt: instant.nullable(),
  replaces: id('crt').nullable(),
  revokedAt: instant.nullable(),
  revocationReason: z.int().nullable(),
})

export const authorityView = z.object({
  id: id('aut'),
  version,
  name: z.string(),
  kind: z.enum(['root', 'issuing', 'foreign']),
  environment,
  algorithm: z.string(),
  parent: id('aut').nullable(),
  certificateSha256: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(['active', 'issuing-stopped', 'retired']),
  notAfter: instant,
  issueUntil: instant,
  createdAt: instant,
  products: z.array(id('prd')),
  /** The authority that it stands beside, if it is a twin. */
  twin: id('aut').nullable(),
  /** Where it came from; null for one that was made here. */
  origin: z.enum(['adopted', 'installed', 'ceremony', 'signers']).nullable(),
  /** Whether its key was ever on a server of this installation: once it was, for ever. */
  keyWasHere: z.boolean(),
  /** Which backend keeps its key: `file`, `pkcs11 TOKEN`, `tpm NAME`; null where none of ours does. */
  custody: z.string().nullable(),
  /** What keeps it, as was read from there; null where it is not known. */
  protection: z.enum(['secure-element', 'tpm', 'tee', 'hsm', 'software', 'unknown']).nullable(),
  /** Whether the key can be taken out. */
  exportable: z.boolean().nullable(),
  /** The certificate of the hardware module. */
  moduleCertificate: z.string().nullable(),
})

export const profileView = z.object({
  id: id('prf'),
  name: z.string(),
  number: z.int(),
  author: z.string(),
  createdAt: instant,
})

export const personView = z.object({
  id: id('psn'),
  version,
  name: z.string(),
  role: personRole,
  state: z.enum(['invited', 'active', 'removed']),
  createdAt: instant,
  signedInAt: instant.nullable(),
})

export const machineView = z.object({
  id: id('mch'),
  version,
  name: z.string(),
  role,
  /** Of a signer: those of which it has digests signed; null: it is for all. */
  products: z.array(id('prd')).nullable(),
  key: id('key'),
  state: z.enum(['active', 'removed']),
  createdAt: instant,
})

export const applicationView = z.object({
  id: id('app'),
  version,
  name: z.string(),
  profile: z.string(),
  names: z.array(z.string()),
  products: z.array(id('prd')),
  state: z.enum(['active', 'removed']),
  createdAt: instant,
  /** Last time that it was given an identity. */
  seenAt: instant.nullable(),
})

/** An event of the log; `index` is null until the sequencer has numbered it. */
export const eventView = z.object({
  index: z.int().nullable(),
  type: z.string(),
  at: instant,
  actor: z.object({ kind: z.string(), id: z.string() }),
  subjects: z.array(z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** Of an installation that was restored: in which epoch the log gave it its place. */
  epoch: z.int().optional(),
})

/** A fault in a document, where it stands, and how to mend it. */
export const faultView = z.object({
  path: z.string(),
  value: z.unknown(),
  fault: z.string(),
  remedy: z.string(),
})

export type DeviceView = z.output<typeof deviceView>
export type ProductView = z.output<typeof productView>
export type EntranceView = z.output<typeof entranceView>
export type CertificateView = z.output<typeof certificateView>
export type AuthorityView = z.output<typeof authorityView>
export type ProfileView = z.output<typeof profileView>
export type PersonView = z.output<typeof personView>
export type ApplicationView = z.output<typeof applicationView>
export type MachineView = z.output<typeof machineView>
export type EventView = z.output<typeof eventView>
