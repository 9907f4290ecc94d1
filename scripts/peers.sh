#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the foreign programs that the tests are judged by (Debian): curl and openssl and strongSwan's
# pki enrol, dash and openssl run the shell client, strace and unshare watch and shrink the disk, a
# browser reads the first page, PostgreSQL keeps the ledger, systemd-analyze and promtool judge what the
# server is deployed and watched with; SoftHSM is a token that OpenSC's pkcs11-tool judges, swtpm a TPM that
# tpm2-tools and OpenSSL's provider use too, tpm2-abrmd its resource manager, Pebble a public authority that speaks ACME;
# Mosquitto and nginx are where sessions end, GnuTLS judges status, and Python, Go and Java read the guide's examples;
# images are packed by the tools that pack real ones, PuTTY makes a form of key, and GMP is the measure of batch GCD;
# the C client is built on Mbed TLS and run on QEMU's Cortex-M4, and Python reads what was signed for it, and the examples of pipelines; U-Boot itself,
# on QEMU's ARM board, starts or refuses signed image trees.
set -euo pipefail
packages=(
  age ca-certificates curl dash git haproxy openssl
  libstrongswan-extra-plugins libstrongswan-standard-plugins strongswan-pki
  strace util-linux
  chromium
  python3-aiosmtpd
  postgresql
  prometheus systemd
  softhsm2 opensc
  g++ gcc libc6-dev make
  swtpm swtpm-tools tpm2-tools tpm2-openssl
  dbus-daemon libtss2-tcti-tabrmd0 tpm2-abrmd
  pebble
  mosquitto mosquitto-clients nginx libnginx-mod-stream
  gnutls-bin
  python3-cryptography golang-go default-jdk-headless
  cpio e2fsprogs lz4 squashfs-tools xz-utils zip zstd
  mender-artifact parted rauc swupdate u-boot-tools
  openssh-client putty-tools
  libgmp-dev
  libmbedtls-dev gcc-arm-none-eabi libnewlib-arm-none-eabi
  device-tree-compiler python3-cbor2 python3-libfdt python3-yaml
  qemu-system-arm u-boot-qemu
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
sudo=''
[ "$(id -u)" -eq 0 ] || sudo='sudo'

# A board's Mbed TLS is built from source, with settings of its own; Debian has binaries for computers alone. The source of the
# same version comes from where the packages come from, and is proved like them.
fetch_mbed_tls() {
  local version target place
  version=$(dpkg-query -W -f='${source:Version}' libmbedtls-dev)
  target=/usr/src/mbedtls-$version
  [ -e "$target" ] && return
  place=$(mktemp -d) && chmod 755 "$place" # apt fetches as a user of its own
  mkdir -p "$place/sources" "$place/lists/partial" "$place/cache/archives/partial" "$place/tree"
  for list in /etc/apt/sources.list.d/*.sources; do
    [ -e "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" >"$place/sources/${list##*/}"
  done
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$list" ] && sed -n 's/^deb /deb-src /p' "$list" >"$place/sources/$(basename "$list" .list).list"
  done
  local of_source=(
    -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$place/sources"
    -o "Dir::State::Lists=$place/lists" -o "Dir::Cache=$place/cache" -o Acquire::Retries=3
  )
  # A list of another maker may have no sources: what counts is that ours comes.
  apt-get "${of_source[@]}" update -qq || true
  (cd "$place" && apt-get "${of_source[@]}" source -qq --download-only "mbedtls=$version") &&
    tar -xf "$place"/mbedtls_*.orig.tar.* -C "$place/tree" --strip-components=1 &&
    $sudo mkdir -p /usr/src && $sudo rm -rf "$target.part" &&
    $sudo cp -r "$place/tree" "$target.part" && $sudo mv "$target.part" "$target" ||
    echo 'peers: the source of Mbed TLS did not come: nothing will run on a Cortex-M4' >&2
  rm -rf "$place"
}

if [ ${#missing[@]} -eq 0 ]; then
  fetch_mbed_tls
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# The tests make clusters of their own: Debian is not to make one, and start it, for the machine.
if [[ " ${missing[*]} " == *' postgresql '* ]]; then
  $sudo apt-get install -y -qq --no-install-recommends postgresql-common
  $sudo sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
fi
# Nor is a broker or a proxy to be started for it: Debian asks this file first (invoke-rc.d(8)).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod 755 "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
fetch_mbed_tls
