// SPDX-License-Identifier: Apache-2.0
import type { KeyMaking } from '#format/est/key-making.ts'
import { windowOf } from '#trust/entropy/start-up.ts'
import { DeviceFault } from '../fault.ts'
import { firmwareOf } from '../noise/firmware.ts'
import { thisMachine } from '../noise/machine.ts'
import { readNoiseBook, writeNoiseBook } from '../noise/noise-book.ts'
import type { NoiseSettings } from '../noise/noise-settings.ts'
import { testNoise } from '../noise/test-noise.ts'
import type { DevicePorts } from '../ports.ts'
import type { Settings } from '../state/settings.ts'
import { clientVersion } from '../version.ts'

/**
 * What is to be said of a key that is made next; or the reason why none is made.
 *
 * A raw source that is named is tested now. A key is never made after a failure: the device asks again later, and
 * tests anew. Where no raw source is named nothing can be tested, and that is what is said.
 *
 * @throws DeviceFault generator-not-ready, and as `testNoise`
 */
export async function howMade(ports: DevicePorts, settings: Settings): Promise<KeyMaking> {
  const machine = ports.noise ?? thisMachine
  const about = {
    client: clientVersion(),
    kernelReady: machine.kernelReady(),
    firmware: firmwareOf(settings, machine),
  }
  if (settings.tpm !== undefined) return { ...about, source: 'tpm', tests: undefined }
  // Keys in files are made by the kernel's generator. On the first start of a device it may not be seeded yet.
  if (about.kernelReady === false)
    throw new DeviceFault(
      'generator-not-ready',
      'the kernel says that its random generator is not seeded yet',
    )
  const { noise } = settings
  if (noise === undefined) return { ...about, source: 'getrandom', tests: undefined }
  const failuresBefore = await testOrRefuse(ports, settings, noise)
  return {
    ...about,
    source: noise.path,
    tests: {
      ...{ samples: noise.samples, symbolBits: noise.symbolBits, failuresBefore },
      claimedMillibits: Math.round(noise.bitsPerSample * 1_000),
      ...{ alphaExponent: noise.alphaExponent, window: windowOf(noise.symbolBits) },
    },
  }
}

/** Tests the source, counts its failures, and tells them to whom the settings name. */
async function testOrRefuse(
  ports: DevicePorts,
  settings: Settings,
  noise: NoiseSettings,
): Promise<number> {
  const { files } = ports
  const book = readNoiseBook(files)
  try {
    const lastSha256 = await testNoise(noise, book, ports.noise ?? thisMachine)
    writeNoiseBook(files, { ...book, lastSha256 })
    return book.failures
  } catch (error) {
    if (!(error instanceof DeviceFault)) throw error
    if (isOfTest(error)) writeNoiseBook(files, { ...book, failures: book.failures + 1 })
    await tellFailure(ports, settings, error)
    throw error
  }
}

/** Whether a fault is about the chance that keys are made of: none is made, and what there is stays as it is. */
export function forbidsKeys({ code }: DeviceFault): boolean {
  return code === 'generator-not-ready' || code.startsWith('noise-')
}

/** A source that is not there, or slow, has failed no test. */
function isOfTest({ code }: DeviceFault): boolean {
  return code === 'noise-unhealthy' || code === 'noise-repeated'
}

/** Whoever is to hear it and does not listen changes nothing: no key is made either way. */
async function tellFailure(
  { programs, say }: DevicePorts,
  { onNoiseFailure }: Settings,
  { code }: DeviceFault,
): Promise<void> {
  if (onNoiseFailure === undefined || programs === undefined) return
  try {
    await programs.run([...onNoiseFailure, code])
  } catch (error) {
    if (!(error instanceof DeviceFault)) throw error
    say(error.message)
  }
}
