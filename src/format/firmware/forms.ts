// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm } from '../archive/archive.ts'
import { androidBoot } from './boot/android-boot.ts'
import { espImage } from './boot/esp-image.ts'
import { fit } from './boot/fit.ts'
import { mcuboot } from './boot/mcuboot.ts'
import { uimage } from './boot/uimage.ts'
import { rauc, raucCrypt } from './bundle/rauc.ts'
import { swupdate } from './bundle/swupdate.ts'
import { androidSparse } from './disk/android-sparse.ts'
import { espFlash } from './disk/esp-flash.ts'
import { gpt } from './disk/gpt.ts'
import { mbr } from './disk/mbr.ts'
import { elf } from './program/elf.ts'
import { intelHex } from './program/intel-hex.ts'
import { srec } from './program/srec.ts'
import { uf2 } from './program/uf2.ts'

/** Every form of firmware that is looked into. Asked before the plain archives: some of them are one with a meaning. */
export const firmwareForms: readonly ArchiveForm[] = [
  ...[elf, fit, uimage, mcuboot, rauc, raucCrypt, swupdate],
  ...[androidBoot, androidSparse, uf2, intelHex, srec],
  ...[gpt, mbr, espImage, espFlash],
]
