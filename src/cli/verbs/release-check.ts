// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { releases } from '#format/admin/operations/releases.ts'
import { FormatError } from '#format/format-error.ts'
import { parseReleaseManifest } from '#format/release/manifest.ts'
import { parseNoteKey } from '#format/tlog/note-key.ts'
import { sha256 } from '#trust/digest.ts'
import { verifyCheckpoint } from '#trust/tlog/verify-checkpoint.ts'
import { readTextFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit, wrongUse } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { pageSteps, type Step } from './release-page.ts'
import { planSteps } from './release-plan.ts'
import { provedIn } from './release-proofs.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

type Story = Answer<'release.show'>

/**
 * Checks the page of a release without any server: who signed the log's head, that each event is under it, and that
 * the page says what its events say.
 */
export const checkRelease: Verb = async (call) => {
  const story = storyIn(readTextFile(call.said.text('file') ?? '', 'FILE'))
  const steps = [
    checkpointStep(story, call),
    ...story.events.toReversed().map((event) => eventStep(event, story)),
    ...pageSteps(story),
    ...manifestSteps(story, call),
  ]
  const good = steps.every((step) => step.good)
  if (isJson(call)) await call.terminal.write(jsonText({ good, release: story.id, steps }))
  else
    await writeLines(
      call,
      steps.map(({ step, good: ok, found }) =>
        printable(`${ok ? 'good ' : 'wrong'}  ${step}: ${found}`),
      ),
    )
  return good ? exit.done : exit.refused
}

function storyIn(text: string): Story {
  try {
    return releases['release.show'].output.parse(JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
    throw wrongUse('FILE is no page of a release', 'write it with "release show ID --json"')
  }
}

function checkpointStep({ log }: Story, { said }: Call): Step {
  const step = 'head of the log'
  const path = said.text('logKey') ?? ''
  try {
    const key = parseNoteKey(readTextFile(path, '--log-key').trim())
    const verdict = verifyCheckpoint(log.checkpoint ?? '', key)
    if (verdict.kind === 'refused') return { step, good: false, found: verdict.detail }
    const { origin, size, root } = verdict.checkpoint
    const good = size === log.size && root.toHex() === log.rootSha256
    return {
      ...{ step, good },
      found: good
        ? `${size} events of ${origin}, signed`
        : 'the page shows another than was signed',
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { step, good: false, found: error.message }
  }
}

function eventStep(event: Story['events'][number], { log }: Story): Step {
  const step = `event ${event.index}`
  try {
    const good = provedIn(event, log)
    return {
      step,
      good,
      found: good ? `${event.type}, in the log` : 'not in the log as it is shown',
    }
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof SyntaxError)) throw error
    return { step, good: false, found: error.message }
  }
}

/** With the text that was approved: that it has the digest, and names what the page shows. */
function manifestSteps(story: Story, { said }: Call): readonly Step[] {
  const path = said.text('manifest')
  if (path === undefined) return []
  const step = 'manifest'
  const text = new TextEncoder().encode(readTextFile(path, '--manifest'))
  try {
    const manifest = parseReleaseManifest(text)
    const isIt = sha256(text).toHex() === story.manifestSha256 && manifest.release === story.id
    const artefacts = new Set(manifest.artefacts.map((one) => one.sha256))
    const shown = story.parts.filter(({ role }) => role === 'artefact')
    const good =
      isIt && shown.length === artefacts.size && shown.every((part) => artefacts.has(part.sha256))
    return [
      {
        ...{ step, good },
        found: good ? `revision ${manifest.revision}` : 'it is not that of the page',
      },
      ...planSteps(story, manifest),
    ]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [{ step, good: false, found: error.message }]
  }
}
