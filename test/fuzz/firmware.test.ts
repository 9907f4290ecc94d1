// SPDX-License-Identifier: Apache-2.0
/** Forms of firmware under mutation: each image is read or refused with a FormatError, and every kind of refusal is reached. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { firmwareForms } from '#format/firmware/forms.ts'
import { FormatError } from '#format/format-error.ts'
import {
  androidBoot,
  androidSparse,
  espFlash,
  espImage,
  mcubootImage,
  uf2File,
} from '../support/scan/firmware-bytes.ts'
import * as vectors from '../support/scan/firmware-vectors.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const payload = new Uint8Array(600).fill(3)
const hex = new TextEncoder().encode(
  ':0300300002337A1E\n:020000021200EA\n:0300300002337A1E\n:00000001FF\n',
)
const srec = new TextEncoder().encode('S111003848656C6C6F20776F726C642E0A0042\nS9030000FC\n')

/** By the name of the form: an image, and where its headers lie, which is where chance is worth spending. */
const images: Readonly<Record<string, readonly [Uint8Array, number]>> = {
  uimage: [vectors.uimageVector, 64],
  fit: [vectors.fitVector, 1_600],
  elf: [vectors.elfVector, 600],
  gpt: [vectors.gptVector, 1_400],
  mbr: [vectors.mbrVector, 512],
  mcuboot: [mcubootImage(payload), 1_200],
  uf2: [uf2File(payload, 0), 1_536],
  'intel-hex': [hex, hex.length],
  srec: [srec, srec.length],
  'esp-image': [espImage(payload), 64],
  'esp-flash': [espFlash(payload).slice(0, 0x9000), 0x9000],
  'android-sparse': [androidSparse(payload), 60],
  'android-boot': [androidBoot(payload, payload), 1_660],
}
const rounds = 300 * depthOfRun()

for (const [name, [image, headers]] of Object.entries(images)) {
  test(`${name} holds under ${rounds} changes (FUZZ_SEED=${seed})`, async () => {
    const form = firmwareForms.find((one) => one.name === name)
    if (form === undefined) throw new Error(`no form ${name}`)
    assert.ok(form.recognise(image.subarray(0, 65_536)))
    const random = new Random(seed)
    const codes = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const bytes = mutated(image, headers, random)
      form.recognise(bytes.subarray(0, 65_536))
      try {
        for await (const member of form.members(memorySource(bytes), archiveTools()))
          if (
            member.kind === 'member' &&
            member.content !== undefined &&
            !('kind' in member.content)
          )
            await member.content.read(0, 4_096)
      } catch (error) {
        assert.ok(error instanceof FormatError, `round ${round}: ${error}`)
        codes.add(error.code)
      }
    }
    assert.ok(codes.size > 0, 'some change is refused')
  })
}

function mutated(image: Uint8Array, headers: number, random: Random): Uint8Array {
  const bytes = random.chance(6) ? image.slice(0, random.below(image.length)) : image.slice()
  for (let change = random.below(3); change >= 0 && bytes.length > 0; change--) {
    const at = random.below(Math.min(headers, bytes.length))
    bytes[at] = random.chance(2) ? random.oneOf([0, 1, 0x7f, 0x80, 0xff]) : random.below(256)
  }
  return bytes
}
