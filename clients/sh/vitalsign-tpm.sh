# SPDX-License-Identifier: Apache-2.0
# The part of vitalsign-enrol.sh that speaks to a TPM 2.0, with tpm2-tools and OpenSSL's provider tpm2 (tpm2-openssl).
# Handles, key files and the book of handles are those of vitalsign-device --tpm: either can go on.
# The TPM needs a resource manager: the kernel's (/dev/tpmrm0), or tpm2-abrmd before a software TPM.

root_handle=0x81000001 attest_handle=0x81005601
key_handles='0x81005602 0x81005603 0x81005604 0x81005605 0x81005606 0x81005607'
own='fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda'

# No password: what is guarded by one is locked by a TPM that loses power while it is in use.
tool() { "$@" >"$work/said" 2>"$work/why" || die 3 "the TPM does not $1: $(grep -v Unable "$work/why" | tail -n 1)" 'is it free, and is a resource manager before it?'; }
there() { tpm2_readpublic -Q -c "$1" -o "$work/there" >"$work/said" 2>"$work/why"; } # HANDLE: a key is at it
base64_of() { openssl base64 -A -in "$1"; }
sha256_hex() { openssl dgst -sha256 -r | cut -c1-64; }
name_in() { printf 000b && tail -c +3 "$1" | sha256_hex; } # FILE with TPM2B_PUBLIC, made with SHA-256
area_of() { # KEY FILE: its TPM2B_PUBLIC in hex; the private part comes after it
  sed -n '/BEGIN TSS2/,/END TSS2/p' "$1" | openssl asn1parse | sed -n 's/.*OCTET STRING.*\[HEX DUMP\]:\(.*\)/\1/p' |
    head -n 1 | tr A-F a-f
}

tpm_begin() { # where the TPM is, and a storage root key in it
  case $tpm in
    device:/*) at=$tpm ;;
    swtpm:/*) at=swtpm:path=${tpm#swtpm:} ;;
    swtpm:*:*) at=${tpm#swtpm:} && at=swtpm:host=${at%:*},port=${at##*:} ;;
    *) die 2 "--tpm $tpm is no address of a TPM" 'device:/dev/tpmrm0, or swtpm:/PATH.sock or swtpm:HOST:PORT' ;;
  esac
  export TPM2TOOLS_TCTI="${TPM2TOOLS_TCTI:-$at}" TPM2OPENSSL_TCTI="${TPM2OPENSSL_TCTI:-$at}"
  # Only what needs the key goes to the TPM: digests, ciphers and chance stay with OpenSSL.
  cat >"$work/openssl.cnf" <<'END'
openssl_conf = all
[all]
providers = both
random = chance
alg_section = prefer
[both]
default = on
tpm2 = on
[on]
activate = 1
[chance]
random = CTR-DRBG
properties = provider=default
[prefer]
default_properties = ?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes,tpm2.rand!=yes
END
  conf=$work/openssl.cnf
  there $root_handle && return
  tool tpm2_createprimary -Q -C o -G ecc256:aes128cfb -a "$own|restricted|decrypt" -c "$work/root.ctx"
  tool tpm2_evictcontrol -Q -C o -c "$work/root.ctx" $root_handle
}

# --- the book of handles: only what stands in it is ever dropped; written before a key is kept, and after it is dropped ---
book() { cat "$state/tpm.handles" 2>"$work/why" || true; }
note() { { book | grep -v "^$1=" || true; [ -z "$2" ] || printf '%s=%s\n' "$1" "$2"; } | replace tpm.handles; } # HANDLE NAME
keep() { # CONTEXT HANDLE: of a loaded key, whose public area is in $work/made.pub
  note "$2" "$(name_in "$work/made.pub")"
  tool tpm2_evictcontrol -Q -C o -c "$1" "$2"
}
make() { # ALGORITHM ATTRIBUTES HANDLE: a key under the storage root key
  tool tpm2_create -Q -C $root_handle -G "$1" -a "$own|$2" -u "$work/made.pub" -r "$work/made.priv"
  tool tpm2_load -Q -C $root_handle -u "$work/made.pub" -r "$work/made.priv" -c "$work/made.ctx"
  keep "$work/made.ctx" "$3"
}
new_key() { # a device key, kept in the TPM -> $work/key as OpenSSL reads it (TSS2 PRIVATE KEY)
  forget_keys
  for handle in $key_handles none; do there $handle || break; done
  [ $handle != none ] || die 3 "others have keys at $key_handles" 'drop one that nobody needs: tpm2_evictcontrol -C o -c HANDLE'
  make ecc256 sign $handle
  tlv 30 "06066781050a0103a0030101ff$(tlv 02 00${root_handle#0x})$(tlv 04 "$(hex <"$work/made.pub")")$(
    tlv 04 "$(hex <"$work/made.priv")")" >"$work/hex" && echo >>"$work/hex"
  { echo '-----BEGIN TSS2 PRIVATE KEY-----' && unhex <"$work/hex" | openssl base64 && echo '-----END TSS2 PRIVATE KEY-----'; } >"$work/key"
}
forget_keys() { # drops our keys that no file names any more
  for one in "$state"/*.pem; do ! grep -q 'BEGIN TSS2' "$one" || { area_of "$one" | unhex >"$work/area" && name_in "$work/area" && echo; }
  done >"$work/named"
  for line in $(book); do
    handle=${line%%=*} name=${line#*=}
    case " $key_handles " in *" $handle "*) ;; *) continue ;; esac
    if there "$handle" && [ "$(name_in "$work/there")" = "$name" ]; then
      ! grep -qx "$name" "$work/named" || continue
      tool tpm2_evictcontrol -Q -C o -c "$handle" # what others put there since is theirs
    fi
    note "$handle" ''
  done
}
handle_of() { # KEY FILE: where its key is kept; found anew if somebody dropped it
  area_of "$1" | unhex >"$work/area"
  handle=$(book | sed -n "s/=$(name_in "$work/area")$//p" | head -n 1)
  [ -z "$handle" ] || ! there "$handle" || return 0
  die 3 'the key of this file is not in the TPM any more' 'enrol again, with --again'
}

# --- the keys by which the maker vouches for the TPM; the names are vitalsign-device's ---
endorsement_key() { # -> $work/ek.ctx, $work/ek.pub, $index of its certificate, $session that using it takes
  tool tpm2_getcap handles-nv-index && tr A-F a-f <"$work/said" >"$work/indices"
  if [ -z "$endorsement" ]; then
    for one in p-256-low:a p-256-high:14 p-384-high:16 rsa-2048-low:2; do
      ! grep -q "0x1c000*${one#*:}\$" "$work/indices" || { endorsement=${one%:*} && break; }
    done
    [ -n "$endorsement" ] || endorsement=p-256-low
  fi
  high="fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt"
  case $endorsement in
    p-256-low) index=0x01c0000a session=yes && tool tpm2_createek -Q -G ecc -c "$work/ek.ctx" ;;
    rsa-2048-low) index=0x01c00002 session=yes && tool tpm2_createek -Q -G rsa -c "$work/ek.ctx" ;;
    p-256-high) index=0x01c00014 session='' && echo "$policy_256" | unhex >"$work/policy" &&
      tool tpm2_createprimary -Q -C e -g sha256 -G ecc256:aes128cfb -a "$high" -L "$work/policy" -c "$work/ek.ctx" ;;
    p-384-high) index=0x01c00016 session='' && echo "$policy_384" | unhex >"$work/policy" &&
      tool tpm2_createprimary -Q -C e -g sha384 -G ecc384:aes256cfb -a "$high" -L "$work/policy" -c "$work/ek.ctx" ;;
    *) die 2 "--tpm-endorsement $endorsement" 'p-256-low, rsa-2048-low, p-256-high or p-384-high' ;;
  esac
  tool tpm2_readpublic -Q -c "$work/ek.ctx" -o "$work/ek.pub"
}
# TCG EK Credential Profile 2.5, B.6: PolicyB by SHA-256 and by SHA-384.
policy_256=ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0
policy_384=b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12

attestation_key() {
  there $attest_handle && note $attest_handle "$(name_in "$work/there")" && return
  make ecc256:ecdsa-sha256:null 'restricted|sign' $attest_handle
}

# --- the exchange that proves a key: docs/guides/tpm.md ---
member() { tr -d ' \n' <"$work/answer" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
bytes_of() { member "$1" | openssl base64 -d -A; }
post() { # PATH; the body comes on descriptor 3, so that a code stands in no argument and in no file
  waits=$wait wait='' # what was read from a descriptor cannot be sent again
  ask "$1" --header 'Content-Type: application/json' --data-binary @/dev/fd/3
  wait=$waits
  [ "$status" = 200 ] || die 1 "refused-by-server: status $status: $words" "the words above are the server's; its log names the rule"
}
prove() { # KEY FILE, and the code on $code if there is one -> $ticket, the password with which EST certifies this key
  key_file=$1
  endorsement_key && attestation_key
  certificate=''
  if grep -qi "0x0*${index#0x0}\$" "$work/indices"; then
    tool tpm2_nvread -Q -C o "$index" -o "$work/ek.crt"
    certificate="\"$(base64_of "$work/ek.crt")\""
  fi
  there $attest_handle
  post /.well-known/vitalsign/tpm/begin 3<<END
{"serial":"$serial",${label:+\"label\":\"$label\",}${code:+\"code\":\"$code\",}"ekPublic":"$(base64_of "$work/ek.pub")","ekCertificates":[$certificate],"akPublic":"$(base64_of "$work/there")"}
END
  code=''
  open_secret
  handle_of "$key_file"
  certify "$handle" && quoted=$(quote_asked)
  post /.well-known/vitalsign/tpm/certify 3<<END
{"session":"$(member session)","secret":"$(base64_of "$work/secret")","keys":[{"public":"$(base64_of "$work/area")","attest":"$(base64_of "$work/attest")","signature":"$(base64_of "$work/signature")"}]$quoted}
END
  ticket=$(member ticket)
  [ -n "$ticket" ] || die 1 'answer-malformed: the answer holds no ticket' 'tell the one who runs the server'
}
open_secret() { # TPM2_ActivateCredential -> $work/secret; tpm2-tools want both parts in a file with a head
  { printf 'badcc0de00000001\n' | unhex && bytes_of credentialBlob && bytes_of encryptedSecret; } >"$work/blob"
  set --
  if [ -n "$session" ]; then
    tool tpm2_startauthsession -Q --policy-session -S "$work/right"
    tool tpm2_policysecret -Q -S "$work/right" -c e
    set -- -P "session:$work/right"
  fi
  tool tpm2_activatecredential -Q -c $attest_handle -C "$work/ek.ctx" -i "$work/blob" -o "$work/secret" "$@"
  [ -z "$session" ] || tool tpm2_flushcontext "$work/right"
}
certify() { # HANDLE: TPM2_Certify over the server's nonce, which tpm2_certify cannot take -> $work/attest, $work/signature
  nonce=$(bytes_of nonce | hex)
  empty=400000090000000000
  body=00000148${1#0x}${attest_handle#0x}00000012$empty$empty$(printf %04x $((${#nonce} / 2)))${nonce}0010
  printf '8002%08x%s\n' $((6 + ${#body} / 2)) "$body" | unhex | tpm2_send >"$work/reply" 2>"$work/why" ||
    die 3 "the TPM does not certify: $(tail -n 1 "$work/why")" 'is a resource manager before it?'
  reply=$(hex <"$work/reply")
  [ "$(printf %s "$reply" | cut -c13-20)" = 00000000 ] || die 3 "the TPM does not certify: $(printf %s "$reply" | cut -c13-20)" 'tpm2_rc_decode tells what it means'
  size=$((0x$(printf %s "$reply" | cut -c21-28))) attest=$((0x$(printf %s "$reply" | cut -c29-32)))
  printf '%s\n' "$reply" | cut -c33-$((32 + 2 * attest)) | unhex >"$work/attest"
  printf '%s\n' "$reply" | cut -c$((33 + 2 * attest))-$((28 + 2 * size)) | unhex >"$work/signature"
}
quote_asked() { # what the platform measured, if the server asks for it
  asked=$(tr -d ' \n' <"$work/answer" | sed -n 's/.*"quote":{\([^}]*\)}.*/\1/p')
  [ -n "$asked" ] || return 0
  bank=$(printf %s "$asked" | sed -n 's/.*"bank":"\([a-z0-9]*\)".*/\1/p')
  registers=$(printf %s "$asked" | sed -n 's/.*"registers":\[\([0-9,]*\)\].*/\1/p' | tr , '\n' | sort -n | tr '\n' , | sed 's/,$//')
  tool tpm2_quote -Q -c $attest_handle -l "$bank:$registers" -q "$(bytes_of nonce | hex)" -m "$work/measured" -s "$work/sealed" -g sha256
  tool tpm2_pcrread -Q "$bank:$registers" -o "$work/values"
  size=$(($(wc -c <"$work/values") / $(printf '%s\n' "$registers" | tr , '\n' | wc -l))) place=0 values=''
  for register in $(printf %s "$registers" | tr , ' '); do
    value=$(tail -c +$((place + 1)) "$work/values" | head -c $size | openssl base64 -A)
    values="$values${values:+,}{\"register\":$register,\"value\":\"$value\"}" place=$((place + size))
  done
  printf ',"quote":{"attest":"%s","signature":"%s","values":[%s]}' "$(base64_of "$work/measured")" "$(base64_of "$work/sealed")" "$values"
}
