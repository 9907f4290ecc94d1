// SPDX-License-Identifier: Apache-2.0
/** Signs a file with keys of the server, which never sees it: first people approve what has to be signed. */
import { basename } from 'node:path'
import { parsePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { algorithmFor } from '#trust/artefact/algorithm-for.ts'
import type { ArtefactSigner, SignatureWanted, SigningPlan } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { digestSource } from '#trust/artefact/read-source.ts'
import { sha256 } from '#trust/digest.ts'
import { digestBy } from '#trust/digest-signature.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { choicesSaid } from '../firmware/choices.ts'
import { listed } from '../firmware/device-trust.ts'
import type { SizedSource } from '../firmware/open-artefact.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { jsonText } from '../show/json.ts'
import { type ExitStatus, exit, wrongUse } from '../stop.ts'
import type { Answer, Server } from '../talk/server.ts'
import { type Call, isJson } from './verb.ts'

type Release = Answer<'release.show'>

interface ServerKey {
  readonly id: string
  readonly name: string
  readonly signer: ArtefactSigner
}

/** One signature, as a part of the release says it. */
interface Asked {
  readonly key: ServerKey
  readonly over: 'message' | 'digest'
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly name: string
}

/** What is left to do with a plan; it is the same for keys that are at hand. */
export interface Local {
  plan(signers: readonly ArtefactSigner[]): Promise<SigningPlan>
  finish(
    plan: SigningPlan,
    signers: readonly ArtefactSigner[],
    signatures: readonly Uint8Array[],
  ): Promise<ExitStatus>
}

/** Puts forward what has to be signed while the release is a draft; has it signed once it is approved. */
export async function signThere(
  call: Call,
  form: AnyForm,
  source: SizedSource,
  { plan: planLocally, finish }: Local,
): Promise<ExitStatus> {
  const { said } = call
  const server = await call.connect()
  const release = await server.ask('release.show', { release: said.text('release') ?? '' })
  const keys = await keysNamed(listed(said, 'serverKey'), form, release, server)
  for (const { name, signer } of keys) refuseOtherWay(name, signer, form, said)
  const signers = keys.map(({ signer }) => signer)
  const plan = await planLocally(signers)
  const file = basename(said.text('file') ?? '')
  const asked = plan.wanted.map((wanted, index) => askedFor(wanted, { form, keys, file, index }))
  const digest = await digestSource(source)
  const own = { name: file, sha256: digest.sha256.toHex(), octets: digest.octets }
  if (release.state === 'draft') return propose(call, form, { release, own, asked }, server)
  if (partNamed(release, own.name)?.sha256 !== own.sha256)
    throw stopFor(
      refuse(
        'artefact-digest-differs',
        `${file} is not the file that ${release.id} has under that name`,
      ),
    )
  if (release.state === 'submitted') return tell(call, release, own, asked)
  const signatures: Uint8Array[] = []
  for (const one of asked) signatures.push(await signed(one, release, server))
  return finish(plan, signers, signatures)
}

/** The server signs a digest in the usual way of the key and the form. @throws Stop if another was chosen */
function refuseOtherWay(
  name: string,
  { publicKey, algorithm }: ArtefactSigner,
  form: AnyForm,
  said: Call['said'],
): void {
  const asked = form.asks?.(choicesSaid(said, form), publicKey) ?? algorithm
  if (asked === algorithm) return
  throw stopFor(
    refuse(
      'digest-not-signable',
      `signing key ${name} signs digests by ${algorithm}, and ${asked} is chosen: attach the file to the release, and have it signed there ("vitalsign release sign")`,
    ),
  )
}

/** @throws Stop */
async function keysNamed(
  names: readonly string[],
  form: AnyForm,
  { product, environment }: Release,
  server: Server,
): Promise<readonly ServerKey[]> {
  if (names.length === 0)
    throw wrongUse('no key is named', 'name a signing key of the product: --signing-key NAME')
  const page = await server.ask('signing-key.list', { product, limit: 1000 })
  const keys: ServerKey[] = []
  for (const name of names) {
    const found = page.items.find((one) => one.name === name || one.id === name)
    if (found === undefined || found.environment !== environment)
      throw stopFor(
        refuse('signing-key-missing', `the product has no signing key ${name} of ${environment}`),
      )
    keys.push(await keyOf(found.id, name, form, server))
  }
  return keys
}

async function keyOf(id: string, name: string, form: AnyForm, server: Server): Promise<ServerKey> {
  const { publicKeyPem, chainPem } = await server.ask('signing-key.show', { key: id })
  const [spki] = derOf(publicKeyPem)
  if (spki === undefined) throw stopFor(refuse('signing-key-missing', `the key of ${name} is gone`))
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('reason' in publicKey) throw stopFor(publicKey)
  const algorithm = algorithmFor(form, publicKey)
  if (typeof algorithm !== 'string') throw stopFor(algorithm)
  // Devices have the root.
  const chain = derOf(chainPem).slice(0, -1)
  return { id, name, signer: { publicKey, algorithm, chain } }
}

function derOf(pem: string): readonly Uint8Array[] {
  // Of a bare key there is no certificate, and no text.
  return pem === '' ? [] : parsePem(pem).map(({ bytes }) => bytes)
}

/** As much as the server takes of a message; a manifest or the attributes of a CMS take some hundreds. */
const mostMessageOctets = 65_536

/** @throws Stop where the octets of the file would have to leave */
function askedFor(
  { signer, over, bytes }: SignatureWanted,
  {
    form,
    keys,
    file,
    index,
  }: {
    readonly form: AnyForm
    readonly keys: readonly ServerKey[]
    readonly file: string
    readonly index: number
  },
): Asked {
  const key = keys.find((one) => one.signer === signer)
  if (key === undefined) throw new TypeError('a signature of a stranger is wanted')
  const { digest } = signatureAlgorithms[signer.algorithm]
  const name = `${file}.${form.name}.${key.name}${index === 0 ? '' : `.${index + 1}`}`
  if (digest !== null) {
    const digested = over === 'digest' ? bytes : digestBy(digest, bytes)
    const sha = digest === 'sha256' ? digested : sha256(digested)
    return { key, over: 'digest', bytes: digested, sha256: sha.toHex(), name }
  }
  if (form.name === 'raw' || bytes.length > mostMessageOctets)
    throw stopFor(
      refuse(
        'digest-not-signable',
        `${signer.algorithm} signs the whole file, which would have to leave this place: sign as cms or outer-manifest, which sign a small text with its digest, or with a key that signs digests`,
      ),
    )
  return { key, over, bytes, sha256: sha256(bytes).toHex(), name }
}

function partNamed({ parts }: Release, name: string) {
  return parts.find((one) => one.role === 'artefact' && one.name === name)
}

interface Own {
  readonly name: string
  readonly sha256: string
  readonly octets: number
}

async function propose(
  call: Call,
  form: AnyForm,
  {
    release,
    own,
    asked,
  }: { readonly release: Release; readonly own: Own; readonly asked: readonly Asked[] },
  server: Server,
): Promise<ExitStatus> {
  await attach(release, own, server)
  for (const { key, over, bytes, sha256: digest, name } of asked) {
    const toBeSigned = { of: own.name, form: form.name, key: key.id, over }
    await attach(release, { name, sha256: digest, octets: bytes.length, toBeSigned }, server)
  }
  return tell(call, release, own, asked)
}

/** What is there already stays; other octets of that name take its place. */
async function attach(
  release: Release,
  part: Own & { readonly toBeSigned?: Readonly<Record<string, string>> },
  server: Server,
): Promise<void> {
  const before = partNamed(release, part.name)
  if (before?.sha256 === part.sha256) return
  if (before !== undefined)
    await server.ask('release.detach', { release: release.id, part: before.id })
  await server.ask('release.attach', { release: release.id, role: 'artefact', ...part })
}

async function tell(
  call: Call,
  { id }: Release,
  own: Own,
  asked: readonly Asked[],
): Promise<ExitStatus> {
  const { state } = await (await call.connect()).ask('release.show', { release: id })
  const parts = asked.map(({ name, sha256: digest, key }) => ({
    name,
    sha256: digest,
    key: key.id,
  }))
  if (isJson(call)) {
    await call.terminal.write(
      jsonText({ kind: 'to-be-approved', release: id, state, artefact: own, toBeSigned: parts }),
    )
    return exit.done
  }
  await call.terminal.line(
    `${id} is ${state}; ${own.name} stays here, its SHA-256 is ${own.sha256}`,
  )
  for (const { name, sha256: digest } of parts)
    await call.terminal.line(`to be signed  ${name}  ${digest}`)
  call.terminal.hint('submit it, have it approved, and say the same again')
  return exit.done
}

async function signed(
  { key, bytes, sha256: digest, name }: Asked,
  release: Release,
  server: Server,
): Promise<Uint8Array> {
  if (partNamed(release, name)?.sha256 !== digest)
    throw stopFor(
      refuse(
        'digest-not-approved',
        `what is to be signed as ${name} is not what was approved: the file and every choice have to be the same both times`,
      ),
    )
  const isItself = bytes.toHex() === digest
  const answer = await server.ask('release.sign-digest', {
    ...{ release: release.id, key: key.id, sha256: digest },
    ...(!isItself && { message: bytes.toBase64() }),
  })
  return Uint8Array.fromBase64(answer.signature)
}
