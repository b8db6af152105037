/*
 * What binds an answer of the provider to the browser that asked (state, nonce,
 * verifier): all of it is derived from a random seed in a cookie that this
 * process has signed, so nothing is kept of those who are on their way, and
 * nobody can crowd them out.  Each seed counts once.
 */
#include "console/sso_parts.h"

#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/random.h"

#define COOKIE "__Host-promptgate-oidc="
#define COOKIE_END "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="

enum { FLOW_MS = 10 * 60 * 1000 /* to sign in there */ };

void sso_derive(struct console *c, const char *what, struct str text,
    char out[DIGEST_HEX_BYTES])
{
    struct buf bytes = {0};
    uint8_t mac[DIGEST_BYTES];
    buf_printf(&bytes, "%s:%.*s", what, STR_ARG(text));
    digest_hmac_sha256(
        str_make(c->sso.key, sizeof c->sso.key), buf_str(&bytes), mac);
    digest_hex(mac, out);
    buf_wipe_free(&bytes);
}

bool sso_is_equal(struct str a, struct str b)
{
    uint8_t hashes[2][DIGEST_BYTES];
    digest_sha256(a, hashes[0]);
    digest_sha256(b, hashes[1]);
    return digest_equal(hashes[0], hashes[1]);
}

void sso_begin_flow(struct console *c, struct str next, struct sso_flow *flow,
    struct response *response)
{
    struct buf text = {0};
    char mac[DIGEST_HEX_BYTES];
    uint8_t seed[DIGEST_BYTES];
    random_fill(seed, sizeof seed);
    digest_hex(seed, flow->seed);
    flow->until_ms = clock_mono_ms() + FLOW_MS;
    buf_printf(
        &text, "%s.%llu.", flow->seed, (unsigned long long)flow->until_ms);
    base64_encode(next, &text);
    sso_derive(c, "cookie", buf_str(&text), mac);
    struct buf cookie = {0};
    buf_printf(&cookie, COOKIE "%s.%s" COOKIE_END "%d", buf_cstr(&text), mac,
        FLOW_MS / 1000);
    response_header(response, "Set-Cookie", buf_str(&cookie));
    buf_wipe_free(&cookie);
    buf_wipe_free(&text);
}

void sso_end_flow(struct response *response)
{
    response_header(response, "Set-Cookie", STR(COOKIE COOKIE_END "0"));
}

bool sso_read_flow(struct console *c, struct request *r, struct sso_flow *flow)
{
    struct str cookie = auth_cookie_named(r, COOKIE), rest = cookie;
    struct str seed, until, next, mac;
    char expected[DIGEST_HEX_BYTES];
    struct buf decoded = {0};
    if (!str_split(&rest, '.', &seed) || !str_split(&rest, '.', &until) ||
        !str_split(&rest, '.', &next) || !str_split(&rest, '.', &mac) ||
        rest.p != NULL || seed.n != DIGEST_HEX_BYTES - 1)
        return false;
    sso_derive(c, "cookie", str_sub(cookie, 0, cookie.n - mac.n - 1), expected);
    if (!sso_is_equal(mac, str_of(expected)) ||
        str_to_u64(until, &flow->until_ms) != OK ||
        flow->until_ms < clock_mono_ms() ||
        base64_decode(next, &decoded) != OK) {
        buf_free(&decoded);
        return false;
    }
    memcpy(flow->seed, seed.p, seed.n);
    flow->seed[seed.n] = '\0';
    flow->next = arena_copy(&r->arena, buf_str(&decoded));
    buf_free(&decoded);
    return true;
}

bool sso_use_once(struct sso *sso, struct str seed, uint64_t until_ms)
{
    uint8_t hash[DIGEST_BYTES];
    uint64_t now = clock_mono_ms();
    size_t place = SSO_USED_MAX;
    bool is_new = true;
    digest_sha256(seed, hash);
    pthread_mutex_lock(&sso->lock);
    for (size_t i = 0; i < SSO_USED_MAX; i++) {
        if (sso->used[i].until_ms <= now)
            place = i;
        else if (digest_equal(sso->used[i].hash, hash))
            is_new = false;
    }
    is_new = is_new && place < SSO_USED_MAX;
    if (is_new) {
        memcpy(sso->used[place].hash, hash, sizeof hash);
        sso->used[place].until_ms = until_ms;
    }
    pthread_mutex_unlock(&sso->lock);
    return is_new;
}
