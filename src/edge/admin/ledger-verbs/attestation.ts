// SPDX-License-Identifier: Apache-2.0
import {
  addReference,
  type ReferenceChanged,
  withdrawReference,
} from '#core/attestation/references.ts'
import { type NamedTpm, registerTpm } from '#core/attestation/register-tpm.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Attestation, Endorsement, ReferenceValues } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { parseRegisterList, type RegisterValues } from '#format/attestation/register-list.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { parseEndorsementCertificate } from '#format/tpm/endorsement-certificate.ts'
import { parseSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'

type AttestationVerbs = Pick<
  Verbs,
  | 'attestation.list'
  | 'attestation.show'
  | 'device.attestation'
  | 'device.endorse'
  | 'reference.add'
  | 'reference.list'
  | 'reference.withdraw'
>

/** Proofs and TPMs shown with a device. */
const mostShown = 100

/** Which hardware devices have, what it proved, and what platforms should measure. */
export function attestationVerbs(ports: LedgerVerbPorts): AttestationVerbs {
  const { ledger } = ports
  return {
    'device.endorse': async ({ device: id, replace, ...said }, call) => {
      const device = await ledger.read('device', id)
      if (device === undefined) return notFound(id)
      const named = namedTpm(said)
      if ('kind' in named) return named
      const registered = await registerTpm(device, named, replace, call.caller.actor, ports)
      return registered.kind === 'refused' ? registered : showEndorsement(registered.endorsement)
    },

    'device.attestation': async ({ device: id }) => {
      const device = await ledger.read('device', id)
      if (device === undefined) return notFound(id)
      const query = { by: 'device', equal: [id], descending: true, limit: mostShown } as const
      const [endorsements, attestations] = await Promise.all([
        ledger.list('endorsement', query),
        ledger.list('attestation', query),
      ])
      return {
        device: id,
        serial: device.serial,
        endorsements: endorsements.items.map(showEndorsement),
        attestations: await showAll(attestations.items, ledger),
      }
    },

    'attestation.list': async (asked) => {
      const { device, form, quote } = asked
      const walk =
        device !== undefined
          ? ({ by: 'device', equal: [device] } as const)
          : form === undefined
            ? {}
            : ({ by: 'form', equal: [form] } as const)
      const where = { ...(form !== undefined && { form }), ...(quote !== undefined && { quote }) }
      const query = { ...walk, where, descending: true, ...pageOf(asked) }
      const { items, next } = await ledger.list('attestation', query)
      return { items: await showAll(items, ledger), next }
    },

    'attestation.show': async ({ attestation: id }) => {
      const attestation = await ledger.read('attestation', id)
      if (attestation === undefined) return notFound(id)
      // Where one evidence speaks of several keys, it is kept once.
      const evidence = await ledger.read('evidence', String(attestation.facts.evidence ?? id))
      const text = evidence && new TextDecoder().decode(evidence.bytes)
      return { ...(await showAttestation(attestation, ledger)), evidence: text ?? null }
    },

    'reference.add': async ({ product: id, values, bank, ...said }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const read = readValues(values, bank)
      if (read.kind === 'refused') return read
      const { firmwareVersion, hardwareRevision = null } = said
      const reference = { firmwareVersion, hardwareRevision, bank, values: read.values }
      return shown(await addReference(product, reference, caller.actor, ports))
    },

    'reference.list': async ({ product, state, ...paging }) => {
      const walk =
        product === undefined ? {} : ({ by: 'product', equal: [product, state] } as const)
      const query = { ...walk, where: { state }, descending: true, ...pageOf(paging) }
      const { items, next } = await ledger.list('referenceValues', query)
      return { items: items.map(showReference), next }
    },

    'reference.withdraw': async ({ reference: id, reason }, call) => {
      const reference = await ledger.read('referenceValues', id)
      if (reference === undefined) return notFound(id)
      const differs = checkVersion(reference, call)
      if (differs !== undefined) return differs
      return shown(await withdrawReference(reference, reason, call.caller.actor, ports))
    },
  }
}

/** What an operator said of a TPM: its key, a certificate, or a hash. */
function namedTpm({
  ek,
  ekSha256,
}: Pick<InputOf<'device.endorse'>, 'ek' | 'ekSha256'>): NamedTpm | Refused {
  if ((ek === undefined) === (ekSha256 === undefined))
    return refuse('input-wrong', 'give either ek, a key or certificate, or ekSha256, its hash')
  if (ekSha256 !== undefined) {
    const announcedSha256 = Uint8Array.fromHex(ekSha256)
    return { fingerprint: null, spkiSha256: null, certificateSha256: null, announcedSha256 }
  }
  return readEndorsementKey(ek ?? '')
}

function readEndorsementKey(pem: string): NamedTpm | Refused {
  const read = readPem(pem)
  if (read.kind === 'refused') return read
  const publicKey = importSoundKey(read.spki)
  if ('kind' in publicKey) return refuse('input-wrong', `ek: ${publicKey.detail}`)
  return {
    fingerprint: publicKey.fingerprint,
    spkiSha256: sha256(publicKey.spki),
    certificateSha256: read.certificate === undefined ? null : sha256(read.certificate),
    announcedSha256: null,
  }
}

interface EndorsementKeyRead {
  readonly kind: 'read'
  readonly spki: SubjectPublicKeyInfo
  readonly certificate?: Uint8Array
}

/** What an operator took from the board is believed; how odd its certificate is, does not matter here. */
function readPem(pem: string): EndorsementKeyRead | Refused {
  try {
    for (const { label, bytes } of parsePem(pem)) {
      if (label === 'PUBLIC KEY') return { kind: 'read', spki: parseSubjectPublicKeyInfo(bytes) }
      if (label !== 'CERTIFICATE') continue
      const { certificate } = parseEndorsementCertificate(bytes, 'odd-endorsement-certificate')
      return { kind: 'read', spki: certificate.publicKey, certificate: certificate.der }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `ek: ${error.message}`)
  }
  return refuse('input-wrong', 'ek: neither a public key nor a certificate in PEM is there')
}

function readValues(
  text: string,
  bank: ReferenceValues['bank'],
): { readonly kind: 'read'; readonly values: RegisterValues } | Refused {
  try {
    const values = parseRegisterList(text).get(bank)
    if (values !== undefined && Object.keys(values).length > 0) return { kind: 'read', values }
    return refuse('input-wrong', `values: there is no register of the bank ${bank}`)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `values: ${error.message}`)
  }
}

function shown(changed: ReferenceChanged): OutputOf<'reference.add'> | Refused {
  return changed.kind === 'refused' ? changed : showReference(changed.reference)
}

function showReference(reference: ReferenceValues): OutputOf<'reference.add'> {
  return { ...reference, addedAt: reference.addedAt.toString() }
}

function showEndorsement(endorsement: Endorsement): OutputOf<'device.endorse'> {
  return {
    ...endorsement,
    fingerprint: endorsement.fingerprint?.toHex() ?? null,
    spkiSha256: endorsement.spkiSha256?.toHex() ?? null,
    certificateSha256: endorsement.certificateSha256?.toHex() ?? null,
    announcedSha256: endorsement.announcedSha256?.toHex() ?? null,
    addedAt: endorsement.addedAt.toString(),
    replacedAt: endorsement.replacedAt?.toString() ?? null,
    seenAt: endorsement.seenAt?.toString() ?? null,
  }
}

function showAll(attestations: readonly Attestation[], ledger: Ledger) {
  return Promise.all(attestations.map((one) => showAttestation(one, ledger)))
}

/** The key by its id, where it is in the ledger: a proof may come long before. */
async function showAttestation(
  attestation: Attestation,
  ledger: Ledger,
): Promise<OutputOf<'attestation.list'>> {
  const { keyFingerprint, moduleCertificateSha256, nonce, evidenceSha256 } = attestation
  const key = await ledger.find('key', 'fingerprint', [keyFingerprint])
  return {
    ...attestation,
    key: key?.id ?? null,
    keyFingerprint: keyFingerprint.toHex(),
    moduleCertificateSha256: moduleCertificateSha256?.toHex() ?? null,
    nonce: nonce?.toHex() ?? null,
    evidenceSha256: evidenceSha256.toHex(),
    at: attestation.at.toString(),
    until: attestation.until?.toString() ?? null,
  }
}
