// SPDX-License-Identifier: Apache-2.0
/** Records of the ledger as the API shows them: instants in RFC 3339, bytes in hexadecimal. */
import { keyWasHere } from '#core/ledger/authority-origin.ts'
import type {
  Application,
  Authority,
  CertificateRecord,
  Device,
  Entrance,
  Key,
  Machine,
  Person,
  Product,
  ProfileRecord,
} from '#core/ledger/tables.ts'
import type {
  ApplicationView,
  AuthorityView,
  CertificateView,
  DeviceView,
  EntranceView,
  MachineView,
  PersonView,
  ProductView,
  ProfileView,
} from '#format/admin/views.ts'

export function showPerson(person: Person): PersonView {
  const { id, version, name, role, state } = person
  return {
    id,
    version,
    name,
    role,
    state,
    createdAt: person.createdAt.toString(),
    signedInAt: shown(person.signedInAt),
  }
}

export function showMachine(machine: Machine): MachineView {
  const { products } = machine
  return {
    ...machine,
    products: products && [...products],
    createdAt: machine.createdAt.toString(),
  }
}

export function showApplication(application: Application): ApplicationView {
  return {
    ...application,
    names: [...application.names],
    products: [...application.products],
    createdAt: application.createdAt.toString(),
    seenAt: shown(application.seenAt),
  }
}

export function showProduct(product: Product, maker: string): ProductView {
  const { id, version, name, exposure } = product
  return { id, version, name, maker, exposure, createdAt: product.createdAt.toString() }
}

export function showEntrance(entrance: Entrance): EntranceView {
  return entrance
}

export function showDevice(device: Device): DeviceView {
  return {
    ...device,
    createdAt: device.createdAt.toString(),
    seenAt: shown(device.seenAt),
    missedSince: shown(device.missedSince),
  }
}

export function showCertificate(certificate: CertificateRecord): CertificateView {
  return {
    ...certificate,
    serialNumber: certificate.serialNumber.toHex(),
    notBefore: certificate.notBefore.toString(),
    notAfter: certificate.notAfter.toString(),
    sha256: certificate.sha256?.toHex() ?? null,
    issuedAt: shown(certificate.issuedAt),
    usedAt: shown(certificate.usedAt),
    revokedAt: shown(certificate.revokedAt),
  }
}

/** @param key the record of its key, where we hold it and somebody wants to know where */
export function showAuthority(authority: Authority, key?: Key): AuthorityView {
  return {
    ...authority,
    certificateSha256: authority.certificateSha256.toHex(),
    notAfter: authority.notAfter.toString(),
    issueUntil: authority.issueUntil.toString(),
    createdAt: authority.createdAt.toString(),
    products: [...authority.products],
    keyWasHere: keyWasHere(authority),
    // A key from before this was recorded lies in a file: there was nothing else.
    custody: key === undefined ? null : (key.custody ?? 'file'),
    protection: key?.protection ?? null,
    exportable: key?.exportable ?? null,
    moduleCertificate: key?.moduleCertificate ?? null,
  }
}

export function showProfile(profile: ProfileRecord): ProfileView {
  return { ...profile, createdAt: profile.createdAt.toString() }
}

function shown(instant: Temporal.Instant | null): string | null {
  return instant?.toString() ?? null
}
