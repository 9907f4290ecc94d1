// SPDX-License-Identifier: Apache-2.0
/**
 * Every place where a key comes in and is not held against the gate, with the reason. Whoever writes a new one has to
 * say why; a stranger's key comes in by `importSoundKey`, and nothing is certified but by what asks the lists, too.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const withoutGate: Readonly<Record<string, string>> = {
  'src/cli/approver/key-file.ts': 'made by its owner, who sends it to the gate',
  'src/cli/approver/token-signer.ts': 'made by its owner, who sends it to the gate',
  'src/cli/verbs/firmware-sign-there.ts': 'a signing key of the server, made by way of the gate',
  'src/cli/verbs/crl-keep.ts': 'who signs a list is given by the person who asks',
  'src/cli/verbs/key-check.ts': 'it asks the gate for all that is wrong, and not for a refusal',
  'src/core/adoption/adoptee.ts':
    'what is in the field is taken over as it is, so that it can be revoked; the watch looks at it, and its renewal is refused',
  'src/core/approvals/keys/register-key.ts':
    'the key of a certificate, compared with the one that passed two lines above',
  'src/core/approvals/prove-signer.ts': 'registered before, by way of the gate',
  'src/core/attestation/vouch.ts': 'compared with a key that passed',
  'src/core/authority/founding.ts': 'made here, and approved as our own',
  'src/core/authority/issue-link.ts': 'a root of ours, and approved as our own',
  'src/core/authority/link.ts': 'a root of ours',
  'src/core/authority/plan-installation.ts':
    'the key of a request of ours, or a chain that was judged',
  'src/core/authority/request-authority.ts': 'made here, and asked of the gate two lines below',
  'src/core/ceremony/make-root.ts': 'made here, and approved as our own',
  'src/core/enrolment/by-element.ts': 'looked up; the request with this key is proved next',
  'src/core/enrolment/identify.ts': 'the leaf of a path that was validated, which asks the gate',
  'src/core/enrolment/live-proof.ts': 'compared with a key that passed',
  'src/core/keywatch/nonces/look.ts': 'keys of the ledger, looked at for their signatures',
  'src/core/keywatch/nonces/signed-message.ts':
    'keys of the ledger, looked at for their signatures',
  'src/core/authority/make-own-signer.ts': 'made here, and approved as our own',
  'src/core/time-stamps/find-stamper.ts': 'certified here, and approved as our own',
  'src/core/releases/judge-provenance.ts': 'registered before, by way of the gate',
  'src/core/recovery/learn.ts':
    'what our own key had certified before a restore; the watch looks at it',
  'src/core/recovery/signer.ts': 'an authority of ours',
  'src/core/verification/asker.ts': 'looked up by its fingerprint',
  'src/core/signing/artefact-key.ts': 'made here, and asked of the gate when it was made',
  'src/core/scan/key-owners.ts': 'found in an image, and looked up by its fingerprint',
  'src/core/scan/listed-keys.ts': 'found in an image, and looked up in the lists',
  'src/device/request.ts': 'made on the device, which sends it to the gate',
  'src/edge/admin/ledger-verbs/find-certificate.ts': 'looked up by its fingerprint',
  'src/edge/pkcs11/public-half.ts': 'made by a token for us, and approved as our own',
  'src/edge/tls-probe/judge-chain.ts': 'a server that is looked at from outside',
  'src/edge/tpm/wrapped-key.ts': 'made by a TPM for us, and approved as our own',
  'src/house/keywatch/deep-thread.ts': 'keys of the ledger, looked at more closely',
  'src/house/keywatch/test-page.ts': 'keys of the ledger, held against the gate again',
  'src/house/backup-drill.ts': 'keys of our own, tried for a moment',
  'src/trust/cms/plan-cms.ts': 'compared with the key that signs',
  'src/trust/cms/hold-signature.ts': 'the leaf of a path that is validated, which asks the gate',
  'src/trust/lint/crl/crl-rules.ts': 'an authority of ours',
  'src/trust/peer/status-rule.ts': 'the signer of a status, whose path was validated',
  'src/trust/private-key.ts': 'the public half of a private key; who takes it in asks the gate',
  'src/trust/secrets/keys/tell-weak-key.ts':
    'found in an image: all that is wrong is told, and nothing certified',
  'src/trust/weak-keys/library.ts': 'the gate, for programs of others',
  'src/trust/sound-key.ts': 'the gate itself',
  'src/trust/tpm/make-credential.ts': 'a secret is sealed to it, and nothing certified',
}

const sources = globSync('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'))
const importing = sources.filter((file) =>
  /(?<!function )\bimportPublicKey\(/.test(readFileSync(file, 'utf8')),
)

test('every key comes in by the gate, or stands in the table with the reason', () => {
  assert.deepEqual(
    importing.filter((file) => !(file in withoutGate)),
    [],
  )
})

test('the table names nothing that is gone', () => {
  assert.deepEqual(
    Object.keys(withoutGate).filter((file) => !importing.includes(file)),
    [],
  )
})

test('whatever books a certificate asks the lists before', () => {
  // Only who was approved can be drafted, and only a draft becomes a record.
  const booking = sources.filter((file) =>
    /(?<!function )\brecordOf\(drafted/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(booking.sort(), [
    'src/core/authority/issue.ts',
    'src/core/authority/upstream/ask-upstream.ts',
  ])
  for (const file of booking) {
    const text = readFileSync(file, 'utf8')
    const asked = text.indexOf('refuseWeakKey(drafted.terms.publicKey, ports.keyLists)')
    assert.ok(asked > 0 && asked < text.indexOf('recordOf(drafted'), file)
  }
})

/** Where a key is believed from then on, though no certificate is made for it. */
const takenInForGood: Readonly<Record<string, string>> = {
  'src/core/authority/request-authority.ts': 'refuseWeakKey(publicKey, ports.keyLists)',
  'src/core/authority/trust-foreign.ts': 'anchorOf(certificate, ports.keyLists)',
  'src/core/enrolment/speakers/register.ts':
    'importSoundKey(certificate.publicKey, ports.keyLists)',
  'src/core/approvals/keys/register-key.ts': 'soundKeyIn(statement, ports.keyLists)',
  'src/core/vendors/import-bundle.ts': 'refuseUnfit(found, vendor, ports.keyLists)',
  'src/edge/admin/ledger-verbs/people.ts':
    'importSoundKey(read.certificate.publicKey, ports.keyLists)',
}

test('whoever is to speak or to vouch here brings a key that stands in no list', () => {
  for (const [file, asked] of Object.entries(takenInForGood))
    assert.ok(readFileSync(file, 'utf8').includes(asked), file)
})
