// SPDX-License-Identifier: Apache-2.0
/** What the API's words are called here; docs/words.md explains them. */

export const kinds = {
  birth: 'birth identity',
  working: 'working identity',
  server: 'server certificate',
  client: 'client certificate',
  signer: 'signing certificate',
  ocsp: 'status signing certificate',
  attestation: 'attestation certificate',
  issuing: 'issuing authority',
  root: 'root',
}

export const deviceStates = {
  expected: 'not seen yet',
  provisioned: 'has its identity, did not use it yet',
  active: 'uses its identity',
  quarantined: 'held back until somebody looks at it',
  retired: 'out of service for ever',
}

export const proofs = {
  code: 'its enrolment code',
  'birth-certificate': 'its birth identity',
  'current-certificate': 'the identity that it renews',
  registrar: 'a registrar',
  tpm: 'the TPM that is expected of it',
}

export const exposures = {
  'patient-data': 'Data of patients',
  therapy: 'The therapy of a patient',
  telemetry: 'Readings without patients in them',
  none: 'Nothing of worth',
}

export const environments = {
  trial: 'TRIAL: to try it out. Its root says so, ends after 90 days and never becomes production.',
  test: 'TEST: for devices in the laboratory, never for patients.',
}

/** "the link is wrong" -> "The link is wrong."; a command stays as it is typed. */
export function sentence(text) {
  const first = /^vitalsign(-device)? /.test(text) ? 'v' : text.charAt(0).toUpperCase()
  return first + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
}
