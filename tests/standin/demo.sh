#!/bin/sh
# make demo: the gateway wired to the stand-in service, and three commands to
# try. Everything lives in build/demo and ends with Ctrl-C.
set -eu
cd "$(dirname "$0")/../.."
top=$(pwd)
dir=$top/build/demo
here=tests/standin
if [ "$(id -u)" = 0 ]; then
    # The gateway drops to nobody: a place that it can reach.
    dir=/tmp/promptgate-demo
fi
if curl -s -o /dev/null http://127.0.0.1:18080/healthz; then
    echo "port 18080 is taken, perhaps by another demo: end it first" >&2
    exit 1
fi
mkdir -p "$dir"
chmod 755 "$dir"
sh $here/make_certs.sh "$dir/certs"
rm -rf "$dir/conf"
cp -r conf "$dir/conf"

cat >"$dir/conf/promptgate.yaml" <<EOF
listen: {proxy: "127.0.0.1:18080", console: "127.0.0.1:18443", metrics: "127.0.0.1:19090"}
data_dir: $dir/data
run_as: nobody
upstream:
  resolve: {"chatgpt.com:443": "127.0.0.1:19443", "api.openai.com:443": "127.0.0.1:19443"}
  extra_roots: [$dir/certs/root.pem]
EOF

node $here/standin.js --port 19443 --cert "$dir/certs/good.pem" \
    --key "$dir/certs/good.key" >"$dir/standin.log" 2>&1 &
standin=$!
build/promptgate run -c "$dir/conf/promptgate.yaml" 2>"$dir/gateway.log" \
    </dev/null >"$dir/gateway.out" &
gateway=$!
trap 'kill $gateway $standin 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM

tries=0
until curl -sf http://127.0.0.1:18080/readyz >/dev/null 2>&1 &&
    [ -s "$dir/data/ca/ca.pem" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 150 ] || ! kill -0 $gateway 2>/dev/null; then
        echo "the gateway did not start:" >&2
        tail -20 "$dir/gateway.log" >&2
        exit 1
    fi
    sleep 0.1
done

ask="curl -sN -x http://127.0.0.1:18080 --cacert $dir/data/ca/ca.pem \\
  https://chatgpt.com/backend-api/conversation -H 'content-type: application/json' -H 'accept: text/event-stream' \\
  -d '{\"action\":\"next\",\"messages\":[{\"id\":\"'\$(cat /proc/sys/kernel/random/uuid)'\",\"author\":{\"role\":\"user\"},\"content\":{\"content_type\":\"text\",\"parts\":[\"TEXT\"]}}],\"parent_message_id\":\"client-created-root\",\"model\":\"auto\"}'"

say() {
    echo "$ask" | sed "s/TEXT/$1/"
}

login=""
if [ -e "$dir/data/admin.initial" ]; then
    login=", its login in $dir/data/admin.initial"
fi

cat <<EOF

promptgate runs on 127.0.0.1:18080, in front of a stand-in for ChatGPT.
Try in another terminal:

1. A prompt that passes:

$(say 'Draft a note to the Lyon office')

2. A prompt that is blocked:

$(say 'Pay it with 4111 1111 1111 1111')

3. What was recorded:

$top/build/promptgate activities -c $dir/conf/promptgate.yaml --since 1h

In a browser: PAC http://127.0.0.1:18080/proxy.pac, CA http://127.0.0.1:18080/ca,
then https://chatgpt.com/. The console is https://127.0.0.1:18443/$login.
Logs are in $dir/gateway.log. Ctrl-C ends it.
EOF
wait $gateway
