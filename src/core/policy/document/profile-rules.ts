// SPDX-License-Identifier: Apache-2.0
/**
 * What a schema cannot say: how the parts of a profile document fit together.
 *
 * Every rule is asked on every document; each gives what is wrong, or nothing.
 */
import { parseOidText } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { ProfileDocument } from './profile-document.ts'
import { type ProfileFault, show } from './read-shape.ts'
import { parseGeneralizedTime } from './until.ts'
import { placeholders, residencePolicies } from './words.ts'

type Rule = (document: ProfileDocument) => readonly ProfileFault[]

/** The faults that the rules find in a document of the right shape. */
export function profileFaults(document: ProfileDocument): readonly ProfileFault[] {
  return rules.flatMap((rule) => rule(document))
}

function fault(path: string, value: unknown, remedy: string): readonly ProfileFault[] {
  return [{ path, value: show(value), remedy }]
}

const none: readonly ProfileFault[] = []

const isAuthority = ({ kind }: ProfileDocument) => kind === 'issuing' || kind === 'root'

/** Extensions that only policy and authority write; a request may bring strangers, and these two. */
const ownExtensions: ReadonlySet<string> = new Set(
  Object.values(extensionCodecs)
    .filter((codec) => codec !== extensionCodecs.mudUrl && codec !== extensionCodecs.tlsFeature)
    .map((codec) => codec.oid),
)

const rules: readonly Rule[] = [
  objectIdentifiersCanBeEncoded,
  templatesNameKnownPlaceholders,
  alternativeNamesHaveTheirType,
  aCertificateNamesSomething,
  birthNamesTheDevice,
  serversHaveNames,
  authoritiesAndOnlyTheySignCertificates,
  authoritySectionStandsForAuthorities,
  keysCanDoWhatKeyUsageSays,
  keysServeTheKind,
  purposesFitTheKind,
  theEndIsAnInstant,
  issuerTrueOrAbsent,
  backdatingLeavesALife,
  keyAgeHoldsOneLife,
  birthIsNeverRenewed,
  renewalAfterExpiryIsWhole,
  birthKeysAreForWorkingIdentities,
  onlyDevicesBringDeviceProofs,
  approvalIsForDevices,
  whatWaitsIsBoundToNoConnection,
  serverKeysAreForDevicesAndAdmitted,
  attestationIsForDevices,
  attestedKeysAreMadeInTheirHardware,
  residenceIsSaidOfWhatWasProved,
  statusDoesNotContradictItself,
  addedNamesHaveALimit,
  addedNamesFollowAPattern,
  requestedExtensionsAreNotOurs,
  whatIsSignedElsewhereIsNoAuthority,
  whatIsSignedElsewhereKeepsItsKeyAndConnection,
]

function objectIdentifiersCanBeEncoded(document: ProfileDocument) {
  const texts = [
    ...listed('extendedKeyUsage.purposes', document.extendedKeyUsage?.purposes),
    ...listed('certificatePolicies.policies', document.certificatePolicies?.policies),
    ...listed('requestedExtensions.oids', document.requestedExtensions?.oids),
    ...alternativeNamesOf(document).map(({ path, name }) => ({
      path: `${path}.type`,
      text: name.type ?? '',
    })),
  ]
  return texts.flatMap(({ path, text }) =>
    !/^\d/.test(text) || isEncodable(text)
      ? none
      : fault(
          path,
          text,
          'write an object identifier: under 0 and 1 the second number is at most 39',
        ),
  )
}

function listed(path: string, texts: readonly string[] = []) {
  return texts.map((text, index) => ({ path: `${path}[${index}]`, text }))
}

function isEncodable(text: string): boolean {
  try {
    parseOidText(text)
    return true
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

function templatesNameKnownPlaceholders(document: ProfileDocument) {
  const texts = [
    ...document.subject.attributes.map(({ value }, index) => ({
      path: `subject.attributes[${index}].value`,
      value,
      known: placeholders.filter((name) => name !== 'names'),
    })),
    ...alternativeNamesOf(document).map(({ path, name }) => ({
      path: `${path}.value`,
      value: name.value,
      known: placeholders,
    })),
  ]
  return texts.flatMap(({ path, value, known }) => {
    const wrong = /\{(.*?)\}/g
    const strange = [...value.matchAll(wrong)].find(
      ([, name]) => !known.some((one) => one === name),
    )
    const loose = /[{}]/.test(value.replace(wrong, ''))
    if (strange === undefined && !loose) return none
    return fault(path, value, `use only ${known.map((name) => `{${name}}`).join(' ')}`)
  })
}

function alternativeNamesOf({ subjectAlternativeName: section }: ProfileDocument) {
  const path = 'subjectAlternativeName'
  return [
    ...(section?.names ?? []).map((name, index) => ({ path: `${path}.names[${index}]`, name })),
    ...(section?.mayAdd ?? []).map((name, index) => ({ path: `${path}.mayAdd[${index}]`, name })),
  ]
}

function alternativeNamesHaveTheirType(document: ProfileDocument) {
  return alternativeNamesOf(document).flatMap(({ path, name }) => {
    const takes = name.kind === 'hardwareModuleName' || name.kind === 'permanentIdentifier'
    if (name.kind === 'hardwareModuleName' && name.type === undefined)
      return fault(
        `${path}.type`,
        name.type,
        'add the hwType object identifier (RFC 4108 section 5)',
      )
    if (!takes && name.type !== undefined)
      return fault(`${path}.type`, name.type, `leave it out, ${name.kind} has none`)
    return none
  })
}

function aCertificateNamesSomething(document: ProfileDocument) {
  const names = document.subjectAlternativeName?.names.length ?? 0
  if (document.subject.attributes.length > 0 || (names > 0 && !isAuthority(document))) return none
  return fault(
    'subject.attributes',
    [],
    'add an attribute: RFC 5280 section 4.1.2.6 asks for a name',
  )
}

function birthNamesTheDevice(document: ProfileDocument) {
  const { attributes } = document.subject
  const named = attributes.some(
    ({ type, value }) => type === 'serialNumber' && value === '{serial}',
  )
  if (named || (document.kind !== 'birth' && document.kind !== 'working')) return none
  return fault(
    'subject.attributes',
    attributes,
    'add {"type": "serialNumber", "value": "{serial}"}: RFC 8995 section 2.3.1 asks for it',
  )
}

function serversHaveNames(document: ProfileDocument) {
  if (document.kind !== 'server' || (document.subjectAlternativeName?.names.length ?? 0) > 0)
    return none
  return fault(
    'subjectAlternativeName.names',
    document.subjectAlternativeName?.names,
    'add {"kind": "host", "value": "{names}"}: clients look nowhere else (RFC 9525 section 6)',
  )
}

function authoritiesAndOnlyTheySignCertificates(document: ProfileDocument) {
  const signs = document.keyUsage.bits.includes('keyCertSign')
  if (signs === isAuthority(document)) return none
  const remedy = signs
    ? `leave out keyCertSign, a ${document.kind} certificate is no authority`
    : 'add keyCertSign, an authority signs certificates'
  return fault('keyUsage.bits', document.keyUsage.bits, remedy)
}

function authoritySectionStandsForAuthorities(document: ProfileDocument) {
  if ((document.authority !== undefined) === isAuthority(document)) return none
  const remedy = isAuthority(document)
    ? 'add it with a because; pathLength 0 for an issuer of leaves'
    : `leave it out, a ${document.kind} certificate is no authority`
  return fault('authority', document.authority, remedy)
}

/** RFC 8410 section 5, RFC 9881 section 5, RFC 5480 section 3, RFC 9935 section 5: few keys encipher. */
function keysCanDoWhatKeyUsageSays(document: ProfileDocument) {
  const { bits } = document.keyUsage
  const rows = document.keys.algorithms.map((name) => keyAlgorithms[name])
  const silent = rows.filter(({ signsWith }) => signsWith === null).map(({ name }) => name)
  const alone = bits.length === 1 && bits[0] === 'keyEncipherment'
  if (silent.length > 0 && !alone) {
    const remedy = `keep keyEncipherment alone: ${silent.join(', ')} can do nothing else; give keys that sign a profile of their own`
    return fault('keyUsage.bits', bits, remedy)
  }
  const cannot = rows
    .filter(({ identifier }) => identifier.oid !== algorithms.rsaEncryption)
    .map(({ name }) => name)
    .filter((name) => !silent.includes(name))
  if (!bits.includes('keyEncipherment') || cannot.length === 0) return none
  return fault(
    'keyUsage.bits',
    bits,
    `leave out keyEncipherment, ${cannot.join(', ')} cannot do it`,
  )
}

/** What signs or proves itself with the key; a birth certificate is shown in a handshake and nowhere else. */
function keysServeTheKind(document: ProfileDocument) {
  const purposes = document.extendedKeyUsage?.purposes ?? []
  const inTls =
    document.kind === 'birth' ||
    document.kind === 'client' ||
    document.kind === 'server' ||
    purposes.includes('clientAuth') ||
    purposes.includes('serverAuth')
  const use = isAuthority(document) ? 'authority' : inTls ? 'tls' : 'device'
  const cannot = document.keys.algorithms.filter((name) => !keyAlgorithms[name].uses.includes(use))
  if (cannot.length === 0) return none
  const why = {
    authority: 'certify nobody',
    tls: 'prove themselves in no TLS handshake',
    device: 'are for no device',
  }[use]
  return fault(
    'keys.algorithms',
    document.keys.algorithms,
    `leave out ${cannot.join(', ')}: such keys ${why}`,
  )
}

/** kind -> the purpose without which verifiers refuse it. */
const needed: Partial<Record<ProfileDocument['kind'], string>> = {
  server: 'serverAuth',
  client: 'clientAuth',
  ocsp: 'OCSPSigning',
  attestation: 'attestationKey',
}

function purposesFitTheKind(document: ProfileDocument) {
  const purposes = document.extendedKeyUsage?.purposes
  const path = 'extendedKeyUsage.purposes'
  const purpose = needed[document.kind]
  if (purpose !== undefined && !purposes?.includes(purpose))
    return fault(path, purposes, `add ${purpose}, a ${document.kind} certificate needs it`)
  if (document.kind !== 'ocsp' && purposes?.includes('OCSPSigning'))
    return fault(path, purposes, 'leave out OCSPSigning, else a stolen key could vouch for itself')
  if (document.kind !== 'attestation' && purposes?.includes('attestationKey'))
    return fault(path, purposes, 'leave out attestationKey: such a key signs no request')
  if (document.kind === 'attestation' && purposes?.length !== 1)
    return fault(
      path,
      purposes,
      'write attestationKey alone: the key attests and does nothing else',
    )
  if (document.kind === 'birth' && purposes !== undefined)
    return fault(
      path,
      purposes,
      'leave out the section: RFC 8995 section 2.3, it outlives its uses',
    )
  return none
}

function theEndIsAnInstant({ validity: { until } }: ProfileDocument) {
  if (until === undefined || parseGeneralizedTime(until) !== undefined) return none
  return fault('validity.until', until, 'write a day and time that the calendar has')
}

function issuerTrueOrAbsent({ kind, validity: { issuer } }: ProfileDocument) {
  if (issuer === undefined || (issuer && kind !== 'root')) return none
  const remedy = kind === 'root' ? 'a root has no issuer: use' : 'write true, or use'
  return fault('validity.issuer', issuer, `${remedy} hours or until instead`)
}

function backdatingLeavesALife({ backdating, validity }: ProfileDocument) {
  if (validity.hours === undefined || backdating.minutes < validity.hours * 60) return none
  return fault(
    'backdating.minutes',
    backdating.minutes,
    `write less than ${validity.hours * 60}, or the certificate is over when it is made`,
  )
}

function keyAgeHoldsOneLife({ keyAge, validity }: ProfileDocument) {
  if (keyAge === undefined) return none
  if (validity.hours === undefined)
    return fault('keyAge.hours', keyAge.hours, 'leave it out, or give the validity in hours')
  if (keyAge.hours >= validity.hours) return none
  return fault(
    'keyAge.hours',
    keyAge.hours,
    `write at least ${validity.hours}, the life of one certificate`,
  )
}

function birthIsNeverRenewed(document: ProfileDocument) {
  if (document.kind !== 'birth' || document.renewal === undefined) return none
  return fault('renewal', document.renewal, 'leave it out, a birth certificate is never renewed')
}

function renewalAfterExpiryIsWhole(document: ProfileDocument) {
  const { renewal, renewalAfterExpiry: after } = document
  if (after === undefined) return none
  if (renewal === undefined)
    return fault('renewalAfterExpiry', after, 'leave it out, or add renewal')
  if ((after.rule === 'for-days') === (after.days !== undefined)) return none
  const remedy =
    after.rule === 'for-days' ? 'add the number of days' : `leave it out, the rule is ${after.rule}`
  return fault('renewalAfterExpiry.days', after.days, remedy)
}

function birthKeysAreForWorkingIdentities({ kind, birthKey }: ProfileDocument) {
  if (birthKey === undefined || kind === 'working') return none
  return fault(
    'birthKey',
    birthKey,
    'leave it out, only a working identity may stand on a birth key',
  )
}

/** A birth certificate admits to enrol only; for authorities a person asks, for an application it or a person. */
function onlyDevicesBringDeviceProofs({ kind, admission, renewal }: ProfileDocument) {
  const path = 'admission.proofs'
  const { proofs } = admission
  const device = kind === 'birth' || kind === 'working'
  if (kind === 'attestation')
    return proofs.length === 1 && proofs[0] === 'tpm'
      ? none
      : fault(path, proofs, 'write tpm alone: only the TPM itself proves its attestation key')
  const theirs = [
    ...(['birth-certificate', 'registrar', 'tpm', 'secure-element'] as const),
    ...(kind === 'server' || kind === 'client' ? [] : (['code'] as const)),
  ]
  if (!device && theirs.some((proof) => proofs.includes(proof)))
    return fault(path, proofs, `leave out ${theirs.join(', ')}: a ${kind} has none of them`)
  if (
    kind === 'birth' &&
    (proofs.includes('current-certificate') || proofs.includes('birth-certificate'))
  )
    return fault(path, proofs, 'leave out certificates, a device has one birth')
  // A TPM that follows its own certificate needs no other proof to renew it.
  const renews = proofs.includes('current-certificate')
  if (renews !== (renewal !== undefined) && !(renewal !== undefined && proofs.includes('tpm')))
    return fault(path, proofs, 'add renewal and current-certificate together, or neither')
  return none
}

function approvalIsForDevices({ kind, approval, channelBinding }: ProfileDocument) {
  const section = approval !== undefined ? 'approval' : 'channelBinding'
  if ((approval ?? channelBinding) === undefined || kind === 'birth' || kind === 'working')
    return none
  return fault(section, section, `leave it out: no device asks for a ${kind} certificate`)
}

/** What waits is sent again over another connection, and must be the same to the byte. */
function whatWaitsIsBoundToNoConnection({ approval, channelBinding }: ProfileDocument) {
  if (approval === undefined || channelBinding === undefined) return none
  return fault(
    'channelBinding',
    channelBinding.type,
    'leave it out, or approval: what waits comes again over another connection',
  )
}

/** A person approves the key that a device shows; one that is yet to be made, nobody can look at. */
function serverKeysAreForDevicesAndAdmitted({ kind, keys, serverKeys, approval }: ProfileDocument) {
  if (serverKeys === undefined) return none
  const path = 'serverKeys'
  const strange = serverKeys.algorithms.filter((one) => !keys.algorithms.includes(one))
  if (strange.length > 0)
    return fault(`${path}.algorithms`, strange, 'name only what keys.algorithms admits')
  if (kind !== 'working')
    return fault(path, path, `leave it out: a ${kind} key is made where it lives`)
  if (approval !== undefined)
    return fault(path, path, 'leave it out, or approval: what is yet to be made cannot be approved')
  return none
}

function attestationIsForDevices({ kind, attestation, admission }: ProfileDocument) {
  if (attestation === undefined) return none
  if (kind !== 'birth' && kind !== 'working')
    return fault('attestation', 'attestation', `leave it out: no device holds a ${kind} key`)
  if (attestation.quote !== undefined && !attestation.required.includes('tpm'))
    return fault('attestation.quote', attestation.quote, 'leave it out, or add tpm to required')
  if (admission.proofs.includes('tpm') && !attestation.required.includes('tpm'))
    return fault(
      'attestation.required',
      attestation.required,
      'add tpm, or leave the proof tpm out of admission',
    )
  if (
    admission.proofs.includes('secure-element') &&
    !attestation.required.includes('secure-element')
  )
    return fault(
      'attestation.required',
      attestation.required,
      'add secure-element, or leave the proof secure-element out of admission',
    )
  return none
}

function attestedKeysAreMadeInTheirHardware({ attestation, serverKeys }: ProfileDocument) {
  if (attestation === undefined || serverKeys === undefined) return none
  return fault('serverKeys', 'serverKeys', 'leave it out, or attestation: such a key leaves us')
}

/** The policies of TCG are claims about the key, and a claim about all keys is true if all are proved. */
function residenceIsSaidOfWhatWasProved(document: ProfileDocument) {
  const { kind, attestation, certificatePolicies } = document
  const { verifiedTpmResidency, verifiedTpmFixed, verifiedTpmRestricted } = residencePolicies
  const inTpm = attestation?.required.length === 1 && attestation.required[0] === 'tpm'
  const may: readonly string[] =
    kind === 'attestation'
      ? [verifiedTpmResidency, verifiedTpmRestricted]
      : inTpm
        ? [verifiedTpmResidency, verifiedTpmFixed]
        : []
  const claims: readonly string[] = Object.values(residencePolicies)
  return (certificatePolicies?.policies ?? []).flatMap((policy, index) =>
    !claims.includes(policy) || may.includes(policy)
      ? none
      : fault(
          `certificatePolicies.policies[${index}]`,
          policy,
          may.length > 0
            ? `leave it out: of such keys is verified ${may.join(', ')}`
            : 'leave it out, or add attestation that requires tpm alone: it says that a TPM holds the key',
        ),
  )
}

/** RFC 9608 section 3: with noRevAvail no pointer to status, and never on an authority. */
function statusDoesNotContradictItself(document: ProfileDocument) {
  const { crl, ocsp, noRevAvail } = document.status
  if (!noRevAvail) return none
  if (crl || ocsp)
    return fault('status.noRevAvail', noRevAvail, 'write false, or false for crl and ocsp')
  if (isAuthority(document))
    return fault('status.noRevAvail', noRevAvail, 'write false, an authority can be revoked')
  return none
}

function addedNamesHaveALimit({ subjectAlternativeName: section }: ProfileDocument) {
  if ((section?.mayAdd === undefined) === (section?.mayAddAtMost === undefined)) return none
  return fault(
    'subjectAlternativeName.mayAddAtMost',
    section?.mayAddAtMost,
    'give mayAdd and mayAddAtMost together',
  )
}

function addedNamesFollowAPattern({ subjectAlternativeName: section }: ProfileDocument) {
  const { mayAdd = [], requested } = section ?? {}
  if (mayAdd.length > 0 && requested === 'ignored')
    return fault('subjectAlternativeName.requested', requested, 'write part, or leave out mayAdd')
  return mayAdd.flatMap(({ kind }, index) =>
    kind === 'dns' || kind === 'host' || kind === 'uri' || kind === 'email'
      ? none
      : fault(
          `subjectAlternativeName.mayAdd[${index}].kind`,
          kind,
          'write dns, uri or email: only these are compared with a pattern',
        ),
  )
}

function requestedExtensionsAreNotOurs({ requestedExtensions }: ProfileDocument) {
  return (requestedExtensions?.oids ?? []).flatMap((oid, index) =>
    ownExtensions.has(oid)
      ? fault(
          `requestedExtensions.oids[${index}]`,
          oid,
          'leave it out, only the profile sets this one',
        )
      : none,
  )
}

/** An authority below a foreign one has its request signed by people, once: authority request. */
function whatIsSignedElsewhereIsNoAuthority(document: ProfileDocument) {
  const { hosting, kind } = document
  if (hosting === undefined || !(isAuthority(document) || kind === 'ocsp')) return none
  return fault('hosting', hosting.upstream, `leave it out: a ${kind} certificate is made here`)
}

/** An answer may come hours later: no key waits for it here, and no connection. */
function whatIsSignedElsewhereKeepsItsKeyAndConnection(document: ProfileDocument) {
  const { hosting, serverKeys, channelBinding } = document
  if (hosting === undefined) return none
  if (serverKeys !== undefined)
    return fault('serverKeys', 'serverKeys', 'leave it out, or hosting: a key waits for no answer')
  if (channelBinding !== undefined)
    return fault(
      'channelBinding',
      channelBinding.type,
      'leave it out, or hosting: what waits comes again over another connection',
    )
  return none
}
