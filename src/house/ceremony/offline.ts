// SPDX-License-Identifier: Apache-2.0
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import type { BundleFacts, CeremonyWork, RefusedWork } from '#cli/means-ceremony.ts'
import { newScript } from '#core/ceremony/new-script.ts'
import { readScript } from '#core/ceremony/read-script.ts'
import type { Participant } from '#core/ceremony/script.ts'
import { type SoundBundle, verifyBundle } from '#core/ceremony/verify-bundle.ts'
import { readWhole } from '#edge/ceremony/files.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { usualCost } from '#edge/keystore/derivation.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { programDigest } from '../program-digest.ts'
import { readEnvironment } from '../setting-words.ts'
import { programVersion } from '../version.ts'
import { holdCeremony } from './conduct.ts'

/** Ceremonies as the command line holds them: no server, no network, this machine's clock and chance. */
export const ceremonyWork: CeremonyWork = {
  newScript: (wish) => newScript({ ...wish, environment: readEnvironment(wish.environment, []) }),

  checkScript: async (path) => {
    const bytes = await readWhole(resolve(path))
    if (bytes === undefined) return missing(path)
    const read = readScript(bytes)
    const digest = sha256(bytes).toHex()
    return read.kind === 'script'
      ? { good: true, sha256: digest, title: read.script.title, faults: [] }
      : { good: false, sha256: digest, title: '', faults: read.faults }
  },

  hold: (order, table) =>
    holdCeremony(order, {
      table: {
        say: (lines) => table.say(lines),
        ask: (who: Participant, what) => table.ask(who, what),
        secret: (who: Participant, what) => table.secret(who, what),
      },
      ...{ clock: systemClock, random: systemRandomness, cost: usualCost },
      interfaces: networksUp,
      program: { version: programVersion(), digest: programDigest().sha256 },
    }),

  verify: async (path) => {
    const bytes = await readWhole(resolve(path))
    if (bytes === undefined) return missing(path)
    const bundle = await verifyBundle(bytes)
    return bundle.kind === 'refused' ? bundle : factsOf(bundle)
  },
}

function missing(path: string): RefusedWork {
  return refuse('not-found', `there is no file ${path}`)
}

/** Interfaces with an address that reaches beyond this machine. */
function networksUp(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    addresses?.some(({ internal }) => !internal) ? [name] : [],
  )
}

function factsOf(bundle: SoundBundle): BundleFacts {
  const { manifest, roots, certificates, lists, script, entries } = bundle
  return {
    ...{ kind: 'sound', title: manifest.title, environment: manifest.environment },
    ...{ rehearsal: manifest.rehearsal, maker: manifest.maker, publicUrl: manifest.publicUrl },
    ...{ vault: manifest.vault, act: manifest.act, heldAt: manifest.heldAt },
    ...{ bundleSha256: bundle.sha256.toHex(), manifestSha256: bundle.manifestSha256 },
    ...{ scriptSha256: manifest.scriptSha256, transcriptSha256: manifest.transcriptSha256 },
    roots: roots.map(({ name, certificate, publicKey }) => ({
      ...{ name, algorithm: publicKey.algorithm, subject: formatName(certificate.subject) },
      ...{ notAfter: String(certificate.notAfter), sha256: sha256(certificate.der).toHex() },
    })),
    certificates: certificates.map(({ kind, root, requestSha256, certificate }) => ({
      ...{ kind, root, requestSha256, subject: formatName(certificate.subject) },
      ...{ notAfter: String(certificate.notAfter), sha256: sha256(certificate.der).toHex() },
    })),
    lists: lists.map(({ root, number, crl }) => ({
      ...{ root, number, revoked: crl.revokedCount, nextUpdate: String(crl.nextUpdate) },
    })),
    people: script.people,
    transcript: entries.map(({ at, step, what, by, facts }) => {
      const who = by.map(({ role, name }) => `${name} (${role})`).join(', ')
      const told = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
      return [at, step, what, who, told.join(', ')].filter((part) => part !== '').join('  ')
    }),
  }
}
