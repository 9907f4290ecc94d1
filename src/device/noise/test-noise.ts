// SPDX-License-Identifier: Apache-2.0

import { sha256 } from '#trust/digest.ts'
import { StartUpTest } from '#trust/entropy/start-up.ts'
import { DeviceFault } from '../fault.ts'
import type { NoisePorts } from './machine.ts'
import type { NoiseBook } from './noise-book.ts'
import type { NoiseSettings } from './noise-settings.ts'

/**
 * Runs the start-up tests of SP 800-90B section 4.3 on fresh samples of a raw source.
 *
 * What was read is forgotten; no key is made of it.
 *
 * @param before what is remembered of the last test: a source that gives the very same samples again is a recording,
 *   or begins alike each time, and no test of one stretch of samples would find that
 * @returns SHA-256 of the samples
 * @throws DeviceFault noise-unhealthy, noise-repeated, and as `NoisePorts.read`
 */
export async function testNoise(
  noise: NoiseSettings,
  before: Pick<NoiseBook, 'lastSha256'>,
  ports: Pick<NoisePorts, 'read'>,
): Promise<string> {
  const { path, samples, sampleOctets } = noise
  const octets = await ports.read(path, samples * sampleOctets)
  try {
    checkSamples(octets, noise)
    const digest = sha256(octets).toHex()
    if (digest === before.lastSha256)
      throw new DeviceFault(
        'noise-repeated',
        `${path} gave the very samples of the test before: it is a recording, or begins alike each time`,
      )
    return digest
  } finally {
    octets.fill(0)
  }
}

function checkSamples(octets: Uint8Array, noise: NoiseSettings): void {
  const { path, symbolBits, samples, sampleOctets } = noise
  const mask = 2 ** symbolBits - 1
  const test = new StartUpTest(noise)
  for (let index = 0; index < samples; index++) {
    const octet = octets[index * sampleOctets]!
    // A sample of several octets is cut to what is assessed of it; one of one octet should hold no more.
    if (sampleOctets === 1 && octet > mask)
      throw new DeviceFault(
        'noise-unhealthy',
        `sample ${index + 1} of ${path} is wider than ${symbolBits} bits`,
      )
    const wrong = test.take(octet & mask)
    if (wrong === undefined) continue
    throw new DeviceFault(
      'noise-unhealthy',
      `${path} failed the ${wrong.test} test at sample ${index + 1}: ${wrong.detail}`,
    )
  }
}
