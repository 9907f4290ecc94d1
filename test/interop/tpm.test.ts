// SPDX-License-Identifier: Apache-2.0
/** The wire client, and what we seal, before a software TPM and tpm2-tools. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { type Authorization, noPassword } from '#format/tpm/command/command.ts'
import {
  getRandom,
  listHandles,
  nvRead,
  nvReadPublic,
  pcrExtend,
  pcrRead,
} from '#format/tpm/command/inventory.ts'
import {
  create,
  createPrimary,
  evictControl,
  flushContext,
  load,
  readPublicArea,
} from '#format/tpm/command/objects.ts'
import {
  policyDigest,
  policyPcr,
  policySecret,
  startPolicySession,
} from '#format/tpm/command/sessions.ts'
import { activateCredential, certify, quote, sign } from '#format/tpm/command/signing.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { signatureOctets } from '#format/tpm/structure/signature.ts'
import { encodeSpki, publicFromSpki } from '#format/tpm/structure/spki.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { verifyCertified } from '#trust/tpm/certified-key.ts'
import { makeCredential } from '#trust/tpm/make-credential.ts'
import { nameOf, tpmDigest } from '#trust/tpm/name.ts'
import { policyOfRegisters, verifyQuote } from '#trust/tpm/quote.ts'
import {
  attestationKeyTemplate,
  type EndorsementTemplateName,
  endorsementTemplates,
  signingKeyTemplates,
  storageRootHandle,
  storageRootTemplate,
  type TpmSigningAlgorithm,
} from '#trust/tpm/templates.ts'
import { makeTpm, openTpmMaker, type SoftTpm, type TpmMaker, withoutTpm } from '../support/tpm.ts'

const skip = withoutTpm
let maker: TpmMaker
let tpm: SoftTpm
before(async () => {
  if (skip !== false) return
  maker = openTpmMaker()
  tpm = await makeTpm(maker)
})
after(async () => {
  await tpm?.remove()
  maker?.remove()
})

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const nonce = random.bytes(16)

/** A session that may use the endorsement key. */
async function endorsementSession(name: EndorsementTemplateName): Promise<Authorization> {
  const { nameAlgorithm } = endorsementTemplates[name].public
  const session = await tpm.ask(startPolicySession(nameAlgorithm, random.bytes(32)))
  await tpm.ask(policySecret('endorsement', session))
  return { kind: 'policy', session }
}

for (const name of ['rsa-2048-low', 'p-256-low', 'p-256-high', 'p-384-high'] as const) {
  test(`a credential for the endorsement key ${name} is opened by its TPM, for its key alone`, {
    skip,
  }, async () => {
    const template = endorsementTemplates[name].public
    const endorsement = await tpm.ask(createPrimary('endorsement', template))
    const key = await tpm.ask(
      load(storageRootHandle, await tpm.ask(create(storageRootHandle, attestationKeyTemplate))),
    )
    const secret = random.bytes(32)
    const wish = { endorsementKey: endorsement.public, secret, random }
    const made = makeCredential({ ...wish, name: key.name })
    assert.ok(made.kind === 'credential')
    // Low templates ask for the policy; high ones let the empty password in too.
    const right = name.endsWith('low') ? await endorsementSession(name) : noPassword
    const open = (blob: Uint8Array, sealed: Uint8Array) =>
      tpm.ask(activateCredential(key.handle, endorsement.handle, blob, sealed, [noPassword, right]))
    assert.deepEqual(await open(made.blob, made.encryptedSecret), secret)
    const other = makeCredential({ ...wish, name: nameOf(endorsement.public) })
    assert.ok(other.kind === 'credential')
    if (right.kind === 'policy') await tpm.ask(policySecret('endorsement', right.session))
    await assert.rejects(open(other.blob, other.encryptedSecret), /TPM_RC_INTEGRITY/)
    for (const handle of [endorsement.handle, key.handle]) await tpm.ask(flushContext(handle))
    if (right.kind === 'policy') await tpm.ask(flushContext(right.session))
  })
}

test('tpm2_activatecredential opens what we sealed', { skip }, async () => {
  const file = (name: string) => join(tpm.directory, name)
  await tpm.tool('tpm2_createek', '-G', 'rsa', '-c', 'ek.ctx', '-u', 'ek.pub')
  await tpm.tool('tpm2_createak', '-C', 'ek.ctx', '-c', 'ak.ctx', '-u', 'ak.pub', '-n', 'ak.name')
  const template = endorsementTemplates['rsa-2048-low'].public
  const { public: endorsementKey, handle } = await tpm.ask(createPrimary('endorsement', template))
  await tpm.ask(flushContext(handle))
  assert.deepEqual(
    readFileSync(file('ek.pub')),
    Buffer.from(encodeSizedPublic(endorsementKey)),
    'both made the same endorsement key',
  )
  const name = new Uint8Array(readFileSync(file('ak.name')))
  const secret = random.bytes(20)
  const made = makeCredential({ endorsementKey, name, secret, random })
  assert.ok(made.kind === 'credential')
  const head = Uint8Array.fromHex('badcc0de00000001')
  writeFileSync(file('credential'), concatBytes([head, made.blob, made.encryptedSecret]))
  await tpm.tool('tpm2_startauthsession', '--policy-session', '-S', 'session')
  await tpm.tool('tpm2_policysecret', '-S', 'session', '-c', 'e')
  await tpm.tool(
    'tpm2_activatecredential',
    ...[
      '-c',
      'ak.ctx',
      '-C',
      'ek.ctx',
      '-i',
      'credential',
      '-o',
      'opened',
      '-P',
      'session:session',
    ],
  )
  assert.deepEqual(new Uint8Array(readFileSync(file('opened'))), secret)
  await tpm.tool('tpm2_flushcontext', '-l')
})

test('the certificate in the memory of the TPM is for the key that the template makes', {
  skip,
}, async () => {
  for (const name of ['rsa-2048-low', 'p-384-high'] as const) {
    const { certificateIndex, public: template } = endorsementTemplates[name]
    const { octets } = await tpm.ask(nvReadPublic(certificateIndex))
    const parts: Uint8Array[] = []
    for (let at = 0; at < octets; at += 512)
      parts.push(await tpm.ask(nvRead(certificateIndex, at, Math.min(512, octets - at))))
    const { publicKey } = parseCertificate(concatBytes(parts), { unknownCritical: 'keep' })
    const made = await tpm.ask(createPrimary('endorsement', template))
    assert.deepEqual(encodeSpki(made.public).der, publicKey.der)
    assert.deepEqual(nameOf(publicFromSpki(publicKey, made.public)), made.name)
    await tpm.ask(flushContext(made.handle))
  }
})

for (const name of Object.keys(signingKeyTemplates) as TpmSigningAlgorithm[]) {
  // The software TPM makes no larger RSA keys.
  if (name === 'rsa-4096') continue
  test(`a key of ${name} is made, certified, and signs as X.509 wants it`, { skip }, async () => {
    const signer = await tpm.ask(create(storageRootHandle, attestationKeyTemplate))
    const key = await tpm.ask(create(storageRootHandle, signingKeyTemplates[name]))
    const [signerAt, keyAt] = [
      await tpm.ask(load(storageRootHandle, signer)),
      await tpm.ask(load(storageRootHandle, key)),
    ]
    assert.deepEqual(nameOf(key.public), keyAt.name)
    const made = await tpm.ask(certify(keyAt.handle, signerAt.handle, nonce))
    const claim = { ...made, attestationKey: signer.public, certifiedPublic: key.public }
    const verdict = await verifyCertified({ ...claim, qualifyingData: nonce })
    assert.equal(verdict.kind, 'certified', JSON.stringify(verdict))

    const message = new TextEncoder().encode('to be signed')
    const scheme = name.startsWith('rsa') ? 'rsassa' : 'ecdsa'
    const signed = await tpm.ask(
      sign(keyAt.handle, tpmDigest('sha256', message), { name: scheme, hash: 'sha256' }),
    )
    const publicKey = importPublicKey(encodeSpki(key.public))
    assert.ok(!('kind' in publicKey))
    const { identifier } = signatureAlgorithms[scheme === 'ecdsa' ? 'ecdsa-sha256' : 'rsa-sha256']
    assert.equal(
      await verifySignature(identifier, publicKey, message, signatureOctets(signed)),
      true,
    )
    for (const { handle } of [signerAt, keyAt]) await tpm.ask(flushContext(handle))
  })
}

test('a restricted key signs no digest from outside', { skip }, async () => {
  const made = await tpm.ask(create(storageRootHandle, attestationKeyTemplate))
  const { handle } = await tpm.ask(load(storageRootHandle, made))
  await assert.rejects(tpm.ask(sign(handle, new Uint8Array(32), undefined)), {
    name: 'TpmError',
    message: /TPM2_Sign: TPM_RC_TICKET \(0x[0-9a-f]+\), parameter 3: invalid ticket/,
  })
  await tpm.ask(flushContext(handle))
})

test('a quote is proven with the values of its registers', { skip }, async () => {
  const selections = [{ bank: 'sha256', registers: [4, 16], mapOctets: 3 }] as const
  await tpm.ask(pcrExtend(16, 'sha256', random.bytes(32)))
  const signer = await tpm.ask(create(storageRootHandle, attestationKeyTemplate))
  const { handle } = await tpm.ask(load(storageRootHandle, signer))
  const { digests } = await tpm.ask(pcrRead(selections))
  const values = [4, 16].map((register, index) => ({
    bank: 'sha256' as const,
    register,
    value: digests[index] ?? new Uint8Array(),
  }))
  const made = await tpm.ask(quote(handle, nonce, selections))
  const claim = { ...made, attestationKey: signer.public, qualifyingData: nonce }
  const verdict = await verifyQuote({ ...claim, selections, values })
  assert.equal(verdict.kind, 'quoted', JSON.stringify(verdict))
  await tpm.ask(flushContext(handle))
})

test('policies are computed as the TPM computes them', { skip }, async () => {
  const selections = [{ bank: 'sha256', registers: [4, 16], mapOctets: 3 }] as const
  const { digests } = await tpm.ask(pcrRead(selections))
  const session = await tpm.ask(startPolicySession('sha256', random.bytes(16), 'trial'))
  await tpm.ask(policyPcr(session, selections))
  const ofRegisters = policyOfRegisters('sha256', selections, digests)
  assert.deepEqual(await tpm.ask(policyDigest(session)), ofRegisters)
  await tpm.ask(flushContext(session))
  const secret = await tpm.ask(startPolicySession('sha256', random.bytes(16), 'trial'))
  await tpm.ask(policySecret('endorsement', secret))
  const { authPolicy } = endorsementTemplates['p-256-low'].public
  assert.deepEqual(await tpm.ask(policyDigest(secret)), authPolicy)
  await tpm.ask(flushContext(secret))
})

test('a key is kept at a handle, over a restart, and dropped again', { skip }, async () => {
  const at = 0x8101_0123
  const made = await tpm.ask(create(storageRootHandle, signingKeyTemplates['p-256']))
  const { handle, name } = await tpm.ask(load(storageRootHandle, made))
  await tpm.ask(evictControl(handle, at))
  await tpm.stop()
  await tpm.start()
  assert.deepEqual((await tpm.ask(readPublicArea(at))).name, name)
  assert.ok((await tpm.ask(listHandles('persistent'))).handles.includes(at))
  await tpm.ask(evictControl(at, at))
  await assert.rejects(tpm.ask(readPublicArea(at)), /TPM_RC_HANDLE/)
})

test('our storage root key is the one that everyone makes', { skip }, async () => {
  const bare = await makeTpm()
  try {
    const { public: made } = await bare.ask(createPrimary('owner', storageRootTemplate))
    assert.deepEqual(made.attributes, storageRootTemplate.attributes)
    assert.equal((await bare.ask(getRandom(16))).length, 16)
  } finally {
    await bare.remove()
  }
})
