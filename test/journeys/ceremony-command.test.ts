// SPDX-License-Identifier: Apache-2.0
/** Ceremonies at the command line: who may answer, and what a killed process leaves. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { requestFile, scriptFile, sittingPlace } from '../support/ceremony.ts'
import { atTerminal } from '../support/pseudo-terminal.ts'

const program = resolve('bin/vitalsign')
const withoutScript =
  spawnSync('script', ['--version']).status === 0 ? false : 'script (util-linux) is not here'

async function prepared() {
  const place = await sittingPlace()
  await requestFile(place, 'issuing-1.csr', 'p-256')
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
  return { place, script: scriptFile(place) }
}

function vitalsign(...words: readonly string[]) {
  return spawnSync(program, words, { encoding: 'utf8', input: '' })
}

/** The answers of a rehearsal, in the order of the questions. */
function answers(): string {
  const [administrator, witness, auditor] = ['Administrator 1', 'Witness 1', 'Auditor 1']
  const custodians = [1, 2, 3].map((number) => `Custodian ${number}`)
  const phrase = 'a passage through the northern harbour'
  return [
    ...[administrator, witness],
    ...[administrator, witness],
    ...[administrator, ...custodians, witness, auditor],
    // Each custodian: a passphrase twice, and where the share goes.
    ...custodians.flatMap(() => [phrase, phrase, '']),
    ...[...custodians, witness],
    ...[administrator, witness, auditor],
    ...[administrator, witness],
    ...[administrator, witness],
    ...[administrator, witness, auditor],
  ].join('\n')
}

test('a file answers in a rehearsal alone, and nobody at all is no ceremony', async () => {
  const { place, script } = await prepared()
  const file = join(place.directory, 'answers')
  writeFileSync(file, `${answers()}\n`)
  const places = ['--vault', place.vault, '--out', place.out]
  const real = vitalsign('ceremony', 'run', script, ...places, '--answers', file)
  assert.equal(real.status, 2)
  assert.match(real.stderr, /--answers is for a rehearsal alone/)
  const nobody = vitalsign('ceremony', 'run', script, ...places)
  assert.equal(nobody.status, 2)
  assert.match(nobody.stderr, /nobody sits at this terminal/)
  assert.equal(existsSync(place.vault), false)
  const held = vitalsign('ceremony', 'run', script, ...places, '--rehearsal', '--answers', file)
  assert.equal(held.status, 0, held.stdout + held.stderr)
  const bundle = join(place.out, 'act-1.vitalsign')
  const read = vitalsign('ceremony', 'verify', bundle, '--json')
  assert.equal(JSON.parse(read.stdout).rehearsal, true)
  // Neither what was typed as a passphrase nor a share is in anything that leaves.
  for (const file of ['act-1.vitalsign', 'transcript.jsonl'])
    assert.doesNotMatch(readFileSync(join(place.out, file), 'utf8'), /northern harbour/)
  const few = join(place.directory, 'few')
  writeFileSync(few, 'Administrator 1')
  const again = ['--vault', `${place.vault}-2`, '--out', `${place.out}-2`, '--rehearsal']
  const cut = vitalsign('ceremony', 'run', script, ...again, '--answers', few)
  assert.match(cut.stderr, /has no line for Witness 1/)
})

test('faults of a script are named with their places, and exit with 1', async () => {
  const { script } = await prepared()
  const document = JSON.parse(readFileSync(script, 'utf8'))
  document.shares.needed = 3
  writeFileSync(script, JSON.stringify(document, null, 2))
  const checked = vitalsign('ceremony', 'check', script)
  assert.equal(checked.status, 1)
  assert.match(checked.stdout, /shares\/needed: is 3 of 3/)
  const run = vitalsign(
    'ceremony',
    'run',
    script,
    '--vault',
    'v',
    '--out',
    'o',
    '--rehearsal',
    '--answers',
    script,
  )
  assert.equal(run.status, 1)
  assert.match(run.stderr, /the script has 1 faults; shares\/needed/)
  const none = vitalsign('ceremony', 'verify', script, '--json')
  assert.equal(JSON.parse(none.stdout).code, 'bundle-changed')
})

test('a process that is killed leaves nothing that counts', { skip: withoutScript }, async () => {
  const { place, script } = await prepared()
  const line = `${program} ceremony run ${script} --vault ${place.vault} --out ${place.out} --rehearsal`
  const dying = await atTerminal(`echo $$ > pid; exec ${line}`, place.directory, (question) => {
    if (question.includes('roots: type your name'))
      process.kill(Number(readFileSync(join(place.directory, 'pid'), 'utf8')), 'SIGKILL')
    return answerOf(question)
  })
  assert.notEqual(dying.status, 0)
  assert.equal(existsSync(join(place.vault, 'vault.json')), false)
  assert.equal(existsSync(join(place.out, 'act-1.vitalsign')), false)
  const again = await atTerminal(line, place.directory, answerOf)
  assert.equal(again.status, 0, again.said)
  assert.ok(again.asked.some((question) => question.includes('what is left is removed')))
})

function answerOf(question: string): string {
  const [, name = '', what = ''] = /^(.*?) \(\w+\): (.*)$/.exec(question) ?? []
  const demanded = /type "([^"]+)" to go on/.exec(what)?.[1]
  if (demanded !== undefined) return demanded
  if (what.startsWith('directory of the medium')) return ''
  return what.includes('passphrase') ? 'a passage through the northern harbour' : name
}
