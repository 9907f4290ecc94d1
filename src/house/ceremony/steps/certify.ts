// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { certifyLink } from '#core/ceremony/certify-link.ts'
import { type Certified, certifyRequest } from '#core/ceremony/certify-request.ts'
import { makeRoot } from '#core/ceremony/make-root.ts'
import { signList } from '#core/ceremony/sign-list.ts'
import type { CeremonyPorts } from '#core/ceremony/vault.ts'
import type { Refused } from '#core/refusal.ts'
import { readWhole } from '#edge/ceremony/files.ts'
import { FileBackend } from '#edge/keystore/file-backend.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { aloud, keystoreOf, putRoot, rootNamed, type Sitting } from '../sitting.ts'

function portsOf(sitting: Sitting): CeremonyPorts {
  const { clock, random } = sitting
  return { keys: new FileBackend(keystoreOf(sitting)), clock, random }
}

/** Makes the roots, and shows what is read aloud and written down. */
export async function makeRoots(sitting: Sitting): Promise<Refused | undefined> {
  const { script, table, minutes } = sitting
  for (const wanted of script.roots) {
    if (sitting.vault.roots.some(({ name }) => name === wanted.name))
      return refuse('exists-already', `a root "${wanted.name}" is in this vault already`)
    if (wanted.twinOf !== undefined) {
      const beside = rootNamed(sitting, wanted.twinOf)
      if ('reason' in beside) return beside
    }
    const made = await makeRoot(wanted, sitting.vault, portsOf(sitting))
    if (made.kind === 'refused') return made
    const { name, algorithm, certificate } = made.root
    const { subject, notAfter } = parseCertificate(certificate)
    const digest = sha256(certificate).toHex()
    putRoot(sitting, made.root)
    await table.say([
      `root        ${name}, ${algorithm}: ${formatName(subject)}`,
      `            until ${notAfter}, SHA-256:`,
      ...aloud(digest).map((line) => `            ${line}`),
    ])
    await minutes.note('roots', 'made', {
      ...{ root: name, algorithm, subject: formatName(subject), sha256: digest },
      notAfter: notAfter.toString(),
    })
  }
  return undefined
}

/** Answers the requests, each compared by its digest before it is signed. */
export async function issueCertificates(sitting: Sitting): Promise<Refused | undefined> {
  const { script, table, minutes } = sitting
  for (const { root: name, request: file, requestSha256, until } of script.issue) {
    const root = rootNamed(sitting, name)
    if ('reason' in root) return root
    const der = await readBeside(sitting, file, 'CERTIFICATE REQUEST')
    if ('reason' in der) return der
    const digest = sha256(der).toHex()
    if (requestSha256 !== undefined && requestSha256 !== digest) {
      return refuse(
        'input-wrong',
        `${file} has SHA-256 ${digest}, the script says ${requestSha256}`,
      )
    }
    const read = parsedOr(file, () => parseCertificationRequest(der))
    if ('reason' in read) return read
    await table.say([
      `request     ${file}: ${formatName(read.subject)}, SHA-256:`,
      ...aloud(digest).map((line) => `            ${line}`),
    ])
    const certified = await certifyRequest(read, root, until, sitting.vault, portsOf(sitting))
    if (certified.kind === 'refused') return certified
    const facts = { root: name, requestSha256: digest, subject: formatName(read.subject) }
    await keepCertificate(sitting, 'issuing', certified, facts)
    await minutes.note('issue', 'made', {
      ...facts,
      ...{ sha256: sha256(certified.certificate).toHex(), file },
    })
  }
  return undefined
}

/** Lets roots vouch for roots of their name, in this vault or elsewhere. */
export async function makeLinks(sitting: Sitting): Promise<Refused | undefined> {
  const { script, table, minutes } = sitting
  for (const { root: name, certificate: file } of script.links) {
    const root = rootNamed(sitting, name)
    if ('reason' in root) return root
    const own = sitting.vault.roots.find((one) => one.name === file)
    const der = own?.certificate ?? (await readBeside(sitting, file, 'CERTIFICATE'))
    if ('reason' in der) return der
    const read = parsedOr(file, () => parseCertificate(der, { unknownCritical: 'keep' }))
    if ('reason' in read) return read
    const digest = sha256(der).toHex()
    await table.say([
      `other root  ${file}: ${formatName(read.subject)}, SHA-256:`,
      ...aloud(digest).map((line) => `            ${line}`),
    ])
    const certified = await certifyLink(read, root, sitting.vault, portsOf(sitting))
    if (certified.kind === 'refused') return certified
    const facts = { root: name, requestSha256: '', subject: formatName(read.subject) }
    await keepCertificate(sitting, 'link', certified, facts)
    await minutes.note('links', 'made', {
      ...{ root: name, of: digest, sha256: sha256(certified.certificate).toHex() },
    })
  }
  return undefined
}

async function keepCertificate(
  sitting: Sitting,
  kind: 'issuing' | 'link',
  { certificate, root }: Certified,
  facts: { readonly root: string; readonly requestSha256: string; readonly subject: string },
): Promise<void> {
  const digest = sha256(certificate).toHex()
  const { serialNumber } = parseCertificate(certificate)
  const part = `${kind}-${serialNumber.toHex()}.crt`
  putRoot(sitting, root)
  sitting.parts.push({ name: part, bytes: certificate })
  sitting.certificates.push({
    ...{ kind, part, root: facts.root, sha256: digest, requestSha256: facts.requestSha256 },
  })
  await sitting.table.say([
    `certified   ${facts.subject}, by ${facts.root}, SHA-256:`,
    ...aloud(digest).map((line) => `            ${line}`),
  ])
}

/** Signs the lists; revocations become final here. */
export async function signLists(sitting: Sitting): Promise<Refused | undefined> {
  const { script, table, minutes } = sitting
  for (const wanted of script.lists) {
    const root = rootNamed(sitting, wanted.root)
    if ('reason' in root) return root
    const signed = await signList(wanted, root, sitting.vault, portsOf(sitting))
    if (signed.kind === 'refused') return signed
    const { list, number, nextUpdate } = signed
    const part = `${wanted.root}-${number}.crl`
    const digest = sha256(list).toHex()
    putRoot(sitting, signed.root)
    sitting.parts.push({ name: part, bytes: list })
    sitting.lists.push({ part, root: wanted.root, number, sha256: digest })
    const revoked = signed.root.issued.filter((one) => one.revoked !== null).length
    await table.say([
      `list        ${number} of ${wanted.root}, ${revoked} revoked, good until ${nextUpdate}`,
    ])
    await minutes.note('lists', 'made', {
      ...{ root: wanted.root, number, revoked, nextUpdate: nextUpdate.toString(), sha256: digest },
    })
  }
  return undefined
}

/** What a file beside the script holds, in PEM or DER. */
async function readBeside(
  { beside }: Sitting,
  file: string,
  label: string,
): Promise<Uint8Array | Refused> {
  const bytes = await readWhole(join(beside, file))
  if (bytes === undefined) return refuse('not-found', `${file} does not lie beside the script`)
  if (bytes[0] === 0x30) return bytes
  const blocks = parsedOr(file, () => parsePem(new TextDecoder().decode(bytes)))
  if ('reason' in blocks) return blocks
  const block = blocks.find((one) => one.label === label)
  return block?.bytes ?? refuse('input-wrong', `${file}: no ${label} is in it`)
}

function parsedOr<T extends object>(file: string, parse: () => T): T | Refused {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `${file}: ${error.message}`)
  }
}
