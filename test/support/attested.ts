// SPDX-License-Identifier: Apache-2.0
/** Attestations and tickets as an exchange leaves them in the ledger, without the exchange. */
import assert from 'node:assert/strict'
import { hashCode, newCodeText } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Credential } from '#core/enrolment/request.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Attestation, Device, Endorsement, Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import type { ProfileDocument } from '#core/policy/document/profile-document.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import type { Core } from '#house/core.ts'
import { sha256 } from '#trust/digest.ts'
import type { KeyPair } from '#trust/private-key.ts'
import { operator } from './core.ts'

interface Rule {
  readonly required?: readonly ('tpm' | 'secure-element')[]
  readonly maxAgeHours?: number
  readonly quote?: 'recorded' | 'required'
}

/** Further sections of the profile. */
type More = Partial<ProfileDocument>

/** A product whose working identities stand on attested keys; codes and tickets admit. */
export async function tpmPump(
  core: Core,
  rule: Rule = {},
  name = 'pump',
  more: More = {},
): Promise<Product> {
  const because = 'RFC 0000: a test'
  const profile = `${name}-attested`
  const applied = await applyProfile(
    {
      ...readyProfiles.ldevid,
      name: profile,
      admission: { proofs: ['code', 'tpm', 'current-certificate', 'registrar'], because },
      attestation: { required: ['tpm'], maxAgeHours: 24, because, ...rule },
      ...more,
    },
    operator,
    core,
  )
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const added = await addProduct(
    { name, exposure: 'therapy', maker: 'Acme', profile },
    operator,
    core,
  )
  return added.kind === 'added' ? added.product : assert.fail(added.detail)
}

/** Books that a device's TPM vouched for a key just now. */
export async function attested(
  core: Core,
  device: Device,
  { publicKey }: KeyPair,
  columns: Partial<Attestation> = {},
): Promise<Attestation> {
  const at = core.clock.now()
  const tpm = endorsementOf(core, device, at)
  const record: Attestation = {
    ...{ id: newId('attestation', core), version: 1, keyFingerprint: publicKey.fingerprint },
    ...{ device: device.id, form: 'tpm', module: 'test:1', moduleCertificateSha256: null },
    ...{ nonce: new Uint8Array(32), evidenceSha256: sha256(new Uint8Array()) },
    ...{ quote: 'none', at, until: at.add({ hours: 24 }) },
    ...columns,
    facts: { endorsementKey: tpm.fingerprint!.toHex(), ...columns.facts },
  }
  const committed = await core.ledger.commit({
    puts: [
      { kind: 'endorsement', record: tpm },
      { kind: 'attestation', record },
    ],
    events: [],
  })
  assert.equal(committed.kind, 'committed')
  return record
}

/** A TPM of its own for each key, which nobody replaced. */
function endorsementOf(core: Core, device: Device, at: Temporal.Instant): Endorsement {
  return {
    ...{ id: newId('endorsement', core), version: 1, device: device.id },
    ...{ fingerprint: core.random.bytes(32), spkiSha256: null, certificateSha256: null },
    ...{ announcedSha256: null, source: 'factory', state: 'expected' },
    ...{ addedAt: at, addedBy: operator.id, replacedAt: null, seenAt: at },
  }
}

/** Attests a key and gives the ticket for it, as its device shows it. */
export async function ticketFor(
  core: Core,
  device: Device,
  key: KeyPair,
  columns: Partial<Attestation> = {},
): Promise<Credential & { readonly kind: 'code' }> {
  const attestation = await attested(core, device, key, columns)
  const code = newCodeText(core.random)
  const committed = await core.ledger.commit({
    puts: [
      {
        kind: 'code',
        record: {
          ...{ id: newId('code', core), version: 1, codeSha256: hashCode(code) },
          ...{ device: device.id, product: device.product, createdBy: device.id },
          ...{ createdAt: attestation.at, expiresAt: attestation.at.add({ minutes: 15 }) },
          ...{ usedAt: null, usedFor: null, heldFor: null, attestation: attestation.id },
        },
      },
    ],
    events: [],
  })
  assert.equal(committed.kind, 'committed')
  return { kind: 'code', user: device.serial, code }
}
