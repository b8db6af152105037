#!/bin/sh
# Certificates for the stand-in, good and bad, into the folder given.
#   make_certs.sh DIR
# root.pem signs good.pem; the bad ones are what U1–U7 must refuse.
set -eu
dir=$1
mkdir -p "$dir"
cd "$dir"
[ -f done ] && exit 0

names="DNS:chatgpt.com,DNS:*.chatgpt.com,DNS:chat.openai.com,\
DNS:api.openai.com,DNS:*.api.openai.com,DNS:*.openai.com,\
DNS:external.auth.openai.com,\
DNS:*.chat.openai.com,DNS:*.oaiusercontent.com,DNS:other.test,\
DNS:*.blob.core.windows.net,\
DNS:*.other.test,IP:127.0.0.1"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

root() { # NAME SUBJECT
    key "$1"
    openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "$2" \
        -addext keyUsage=critical,keyCertSign,cRLSign -out "$1.pem"
}

serial() { echo "0x4$(openssl rand -hex 15)"; }

sign() { # NAME ISSUER DIGEST DAYS [openssl x509 options]
    name=$1 issuer=$2 digest=$3 days=$4
    shift 4
    openssl req -new -key "$name.key" -subj "/CN=$name" |
        openssl x509 -req -CA "$issuer.pem" -CAkey "$issuer.key" \
            -set_serial "$(serial)" "-$digest" -days "$days" "$@" \
            -out "$name.pem"
}

extensions() { # NAME SAN [EKU]
    printf '%s\n' "subjectAltName=$2" basicConstraints=critical,CA:FALSE \
        keyUsage=critical,digitalSignature "extendedKeyUsage=${3-serverAuth}" \
        authorityKeyIdentifier=keyid subjectKeyIdentifier=hash >"$1.ext"
}

leaf() { # NAME ISSUER SAN DAYS
    [ -f "$1.key" ] || key "$1"
    extensions "$1" "$3"
    sign "$1" "$2" sha256 "$4" -extfile "$1.ext"
}

{
    root root "/O=Stand-in/CN=Stand-in root"
    root stranger "/O=Stranger/CN=Unknown root"
    # Same name as the good root, other key.
    root imposter "/O=Stand-in/CN=Stand-in root"
    leaf good root "$names" 365
    leaf expired root "$names" -1
    leaf wrong-name root "DNS:elsewhere.test" 365
    leaf unknown-issuer stranger "$names" 365
    leaf same-name-root imposter "$names" 365
    openssl genrsa -out weak-key.key 1024
    leaf weak-key root "$names" 365
    key self-signed
    openssl req -x509 -new -key self-signed.key -sha256 -days 365 \
        -subj /CN=chatgpt.com -addext "subjectAltName=$names" \
        -out self-signed.pem
    # A common name is no name (U2).
    key cn-only
    openssl req -new -key cn-only.key -subj /CN=chatgpt.com |
        openssl x509 -req -CA root.pem -CAkey root.key \
            -set_serial "$(serial)" -sha256 -days 365 -out cn-only.pem
    key sha1
    extensions sha1 "$names"
    sign sha1 root sha1 365 -extfile sha1.ext
    # A client's certificate used as a server's (U5).
    key client-eku
    extensions client-eku "$names" clientAuth
    sign client-eku root sha256 365 -extfile client-eku.ext
} 2>log || { cat log >&2; exit 1; }
touch done
