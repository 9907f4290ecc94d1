// SPDX-License-Identifier: Apache-2.0
/** Images as makers of devices have them, each with one file planted deep inside. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../fuzz/random.ts'
import {
  androidBoot,
  androidSparse,
  espFlash,
  espImage,
  mcubootImage,
  uf2File,
} from './firmware-bytes.ts'

export interface Image {
  readonly name: string
  /** Programs by their paths; an image whose program is absent is left out by name. */
  readonly programs: readonly string[]
  /** Where the planted file is found, below the image. */
  readonly inside: readonly string[]
  /**
   * Makes the file `image` in an empty directory in which `tree/etc/device/id` is the planted file among others.
   */
  make(directory: string): void
}

const [mksquashfs, mkfs, mkimage] = [
  '/usr/bin/mksquashfs',
  '/usr/sbin/mkfs.ext4',
  '/usr/bin/mkimage',
]
const planted = 'etc/device/id'

function shell(directory: string, command: string): void {
  const environment = { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '1700000000' }
  execFileSync('/bin/sh', ['-ec', command], { cwd: directory, env: environment, stdio: 'pipe' })
}

/** By one command of the shell. */
function by(
  name: string,
  programs: readonly string[],
  inside: readonly string[],
  command: string,
): Image {
  return { name, programs, inside, make: (directory) => shell(directory, command) }
}

/** By our own bytes around the planted file. */
function around(
  name: string,
  inside: readonly string[],
  make: (payload: Uint8Array) => Uint8Array,
): Image {
  return {
    ...{ name, programs: [], inside },
    make(directory) {
      const payload = new Uint8Array(readFileSync(join(directory, 'tree', planted)))
      writeFileSync(join(directory, 'image'), make(payload))
    },
  }
}

const squash = (kind: string) =>
  `${mksquashfs} tree rootfs.squashfs -comp ${kind} -quiet -no-progress`
const ext4 = (tree: string, out: string) => `${mkfs} -q -F -d ${tree} ${out} 4M`

export const images: readonly Image[] = [
  by(
    'a zstd squashfs in an ext4 in a tar',
    [mksquashfs, mkfs],
    ['data.ext4', 'rootfs.squashfs', planted],
    `${squash('zstd')}; mkdir data; mv rootfs.squashfs data; ${ext4('data', 'data.ext4')}; tar -cf image data.ext4`,
  ),
  by(
    'an xz squashfs in a zip',
    [mksquashfs, '/usr/bin/zip'],
    ['rootfs.squashfs', planted],
    `${squash('xz')}; zip -q image.zip rootfs.squashfs; mv image.zip image`,
  ),
  by(
    'an initramfs, as a kernel has it',
    ['/usr/bin/cpio', '/usr/bin/zstd'],
    ['content', planted],
    'cd tree; find . | sed "s,^\\./,," | cpio -o -H newc --quiet | zstd -q > ../image',
  ),
  by(
    'a package of Debian',
    ['/usr/bin/ar', '/usr/bin/xz'],
    ['data.tar.xz', 'content', `./${planted}`],
    'echo 2.0 > debian-binary; tar -C tree -cJf data.tar.xz .; ar r image.deb debian-binary data.tar.xz 2>&1; mv image.deb image',
  ),
  by(
    'a uImage packed by gzip',
    [mkimage],
    ['kernel of a test', 'content'],
    `gzip -n < tree/${planted} > k.gz; ${mkimage} -A arm -O linux -T kernel -C gzip -n "kernel of a test" -d k.gz image`,
  ),
  by(
    'a uImage packed by LZMA',
    [mkimage, '/usr/bin/xz'],
    ['kernel'],
    `xz --format=lzma < tree/${planted} > k.lzma; ${mkimage} -A mips -O linux -T kernel -C lzma -n "" -d k.lzma image`,
  ),
  by(
    'a uImage of several files',
    [mkimage],
    ['multi-1'],
    `${mkimage} -A arm -O linux -T multi -C none -n several -d tree/etc/other:tree/${planted}:tree/etc/hosts image`,
  ),
  by(
    'a FIT with its data inside',
    [mkimage],
    ['kernel-1', 'content'],
    `gzip -n < tree/${planted} > k.gz; ${mkimage} -f auto -A arm64 -O linux -T kernel -C gzip -d k.gz image`,
  ),
  by(
    'a FIT with its data behind it',
    [mkimage],
    ['kernel-1', 'content'],
    `gzip -n < tree/${planted} > k.gz; ${mkimage} -f auto -E -A arm64 -O linux -T kernel -C gzip -d k.gz image`,
  ),
  ...['plain', 'verity'].map((format) =>
    by(
      `a RAUC bundle of format ${format}`,
      ['/usr/bin/rauc', mksquashfs, '/usr/bin/openssl'],
      ['rootfs.ext4', planted],
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout c.key -out c.pem -subj /CN=bundles -days 30;
mkdir b; ${ext4('tree', 'b/rootfs.ext4')}; head -c 20000 /dev/urandom > b/pad.img;
printf '[update]\\ncompatible=x\\nversion=1\\n[bundle]\\nformat=${format}\\n[image.rootfs]\\nfilename=rootfs.ext4\\n[image.pad]\\nfilename=pad.img\\n' > b/manifest.raucm;
rauc --cert c.pem --key c.key bundle b image.raucb; mv image.raucb image`,
    ),
  ),
  by(
    'an update for SWUpdate',
    ['/usr/bin/cpio', mkfs],
    ['rootfs.ext4.gz', 'content', planted],
    `${ext4('tree', 'rootfs.ext4')}; gzip -n rootfs.ext4;
printf 'software = { version = "1.0"; images: ( { filename = "rootfs.ext4.gz"; device = "/dev/sda1"; compressed = "zlib"; } ); }\\n' > sw-description;
printf 'sw-description\\nrootfs.ext4.gz\\n' | cpio -o -H crc --quiet > image`,
  ),
  by(
    'an artifact of Mender',
    ['/usr/bin/mender-artifact', mkfs],
    ['data/0000.tar.gz', 'content', 'rootfs.ext4', planted],
    `${ext4('tree', 'rootfs.ext4')}; mender-artifact write rootfs-image -t dev -n one -f rootfs.ext4 -o image.mender; mv image.mender image`,
  ),
  by(
    'a program of ELF',
    ['/usr/bin/objcopy'],
    ['.data'],
    `objcopy -I binary -O elf64-x86-64 -B i386 tree/${planted} image`,
  ),
  by(
    'a program of Intel HEX',
    ['/usr/bin/objcopy'],
    ['at-0x08004000'],
    `objcopy -I binary -O ihex --change-addresses 0x08004000 tree/${planted} image`,
  ),
  by(
    'a program of S-records',
    ['/usr/bin/objcopy'],
    ['at-0x00000000'],
    `objcopy -I binary -O srec tree/${planted} image`,
  ),
  by(
    'a disk with a GPT',
    ['/sbin/parted', mkfs],
    ['partition-2-data', planted],
    `${ext4('tree', 'p')}; truncate -s 8M image; parted -s image mklabel gpt mkpart boot 1MiB 2MiB mkpart data 3MiB 7MiB; dd if=p of=image bs=1M seek=3 conv=notrunc status=none`,
  ),
  by(
    'a disk with an MBR and a logical partition',
    ['/sbin/parted', mkfs],
    ['partition-5', planted],
    `${ext4('tree', 'p')}; truncate -s 9M image; parted -s image mklabel msdos mkpart primary 1MiB 2MiB mkpart extended 3MiB 8MiB mkpart logical 4MiB 8MiB; dd if=p of=image bs=1M seek=4 conv=notrunc status=none`,
  ),
  by(
    'a script that unpacks itself',
    [],
    ['gzip at 37', 'content', planted],
    `printf '#!/bin/sh\\ntail -c+38 "$0" | tar xz; exit\\n' | head -c 37 > image; tar -C tree -cz ${planted} >> image`,
  ),
  {
    ...{ name: 'a dump of a flash', programs: [mksquashfs, mkimage] },
    inside: ['squashfs at 262144', planted],
    make(directory) {
      shell(
        directory,
        `${squash('gzip')}; ${mkimage} -A arm -O linux -T kernel -C none -n k -d tree/etc/other u`,
      )
      const flash = Buffer.alloc(1_048_576, 0xff)
      readFileSync(join(directory, 'u')).copy(flash, 65_536)
      readFileSync(join(directory, 'rootfs.squashfs')).copy(flash, 262_144)
      flash.write('bootargs=console=ttyS0', 1_000_000)
      writeFileSync(join(directory, 'image'), flash)
    },
  },
  around('an image for MCUboot', ['image'], (payload) => mcubootImage(payload)),
  around('a UF2 whose blocks stand in no order', ['at-0x10000000'], (payload) =>
    uf2File(payload, 0x1000_0000),
  ),
  around('an application of ESP-IDF', ['segment-0x3c000020'], espImage),
  around('a flash of ESP-IDF', ['ota_0', 'segment-0x3c000020'], (payload) =>
    espFlash(espImage(payload)),
  ),
  around("Android's sparse image", ['disk'], androidSparse),
  around("Android's boot image", ['ramdisk'], (payload) =>
    androidBoot(new Uint8Array(5_000).fill(1), payload),
  ),
]

/** Why an image cannot be made here; false: it can. */
export function withoutPrograms({ name, programs }: Image): false | string {
  const missing = programs.filter((program) => !existsSync(program))
  return missing.length === 0 ? false : `${name}: ${missing.join(', ')} is missing`
}

/** Makes an image around `secret`, in a directory of its own, and gives its path. */
export function makeImage(
  image: Image,
  directory: string,
  secret: Uint8Array,
  random: Random,
): string {
  mkdirSync(join(directory, 'tree/etc/device'), { recursive: true })
  writeFileSync(join(directory, 'tree', planted), secret)
  writeFileSync(join(directory, 'tree/etc/hosts'), '127.0.0.1 localhost\n')
  writeFileSync(join(directory, 'tree/etc/other'), random.bytes(3_000))
  image.make(directory)
  return join(directory, 'image')
}
