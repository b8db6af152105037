#include "proxy/session_parts.h"

/*
 * What the proxy port itself answers to plain requests: the PAC file, the CA
 * certificate and how to trust it, health.
 */

#include "base/clock.h"
#include "certs/ca.h"
#include "proxy/pac.h"

/* host:port as the client reached us, or the first listen address. */
static struct str own_address(
    const struct session *s, const struct head *request)
{
    struct str host;
    uint16_t port;
    if (authority_split(request->authority, 80, &host, &port) == OK &&
        str_find_char(request->authority, '"') == request->authority.n &&
        str_find_char(request->authority, '\\') == request->authority.n)
        return request->authority;
    return s->conf->settings.listen_proxy.items[0];
}

static void serve_pac(
    struct session *s, const struct head *request, struct buf *out)
{
    pac_write(s->conf, own_address(s, request), out);
}

static struct str ca_pem(const struct session *s)
{
    const struct bundle_file *file = bundle_first(&s->conf->bundle, BUNDLE_CA);
    return file != NULL ? file->text : STR_NONE;
}

static void serve_ca_pem(
    struct session *s, const struct head *request, struct buf *out)
{
    (void)request;
    if (ca_export(ca_pem(s), CA_PEM, out) != OK)
        buf_clear(out);
}

static void serve_ca_der(
    struct session *s, const struct head *request, struct buf *out)
{
    (void)request;
    if (ca_export(ca_pem(s), CA_DER, out) != OK)
        buf_clear(out);
}

static void serve_ca_mobileconfig(
    struct session *s, const struct head *request, struct buf *out)
{
    (void)request;
    if (ca_export(ca_pem(s), CA_MOBILECONFIG, out) != OK)
        buf_clear(out);
}

static const char ca_page_head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<meta name=\"color-scheme\" content=\"light dark\">"
    "<title>Trust promptgate's CA</title><style>"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:3em auto;"
    "padding:0 1em}pre{background:#8882;padding:.7em;"
    "white-space:pre-wrap;overflow-wrap:anywhere}h2{font-size:1.1em}"
    "code{overflow-wrap:anywhere}</style>"
    "<h1>Trust promptgate's CA</h1>"
    "<p>This gateway inspects traffic to a few named AI services. Programs "
    "must trust its certification authority. Check the fingerprint with your "
    "administrator first.</p>";

static const char ca_page_steps[] =
    "<p>Download: <a href=\"/ca.pem\">PEM</a>, <a href=\"/ca.der\">DER</a>, "
    "<a href=\"/ca.mobileconfig\">Apple profile</a></p>"
    "<h2>Windows, as administrator</h2><pre>certutil -addstore -f Root "
    "ca.der</pre>"
    "<h2>macOS</h2><pre>sudo security add-trusted-cert -d -r trustRoot -k "
    "/Library/Keychains/System.keychain ca.pem</pre>"
    "<h2>iPhone, iPad</h2><p>Open the Apple profile, install it, then switch "
    "it on under Settings, General, About, Certificate Trust Settings.</p>"
    "<h2>Debian, Ubuntu</h2><pre>sudo cp ca.pem "
    "/usr/local/share/ca-certificates/promptgate.crt\n"
    "sudo update-ca-certificates</pre>"
    "<h2>Fedora, RHEL</h2><pre>sudo cp ca.pem "
    "/etc/pki/ca-trust/source/anchors/promptgate.pem\n"
    "sudo update-ca-trust</pre>"
    "<h2>Chromium on Linux</h2><pre>certutil -d sql:$HOME/.pki/nssdb -A -t "
    "C,, -n promptgate -i ca.pem</pre>"
    "<h2>Firefox</h2><p>Policy <code>Certificates.ImportEnterpriseRoots"
    "</code>, or Settings, Certificates, Import: "
    "<code>ca.pem</code>, to identify websites.</p>"
    "<h2>Programs with their own store</h2><pre>"
    "cat /etc/ssl/certs/ca-certificates.crt ca.pem &gt;bundle.pem\n"
    "export NODE_EXTRA_CA_CERTS=/path/ca.pem      # Node.js\n"
    "export REQUESTS_CA_BUNDLE=/path/bundle.pem   # Python requests\n"
    "export SSL_CERT_FILE=/path/bundle.pem        # OpenSSL, Go, Rust\n"
    "export CURL_CA_BUNDLE=/path/bundle.pem       # curl\n"
    "keytool -importcert -cacerts -alias promptgate -file ca.pem  # Java"
    "</pre></html>\n";

static void serve_ca_page(
    struct session *s, const struct head *request, struct buf *out)
{
    struct ca_info info;
    char until[CLOCK_TEXT_BYTES];
    (void)request;
    if (ca_read(ca_pem(s), &info) != OK)
        return;
    clock_format(info.not_after_ms, until);
    buf_append_str(out, STR(ca_page_head));
    buf_printf(out, "<p>%s<br>SHA-256 <code>%s</code><br>valid until %s</p>",
        info.subject, info.sha256, until);
    buf_append_str(out, STR(ca_page_steps));
}

static void serve_health(
    struct session *s, const struct head *request, struct buf *out)
{
    (void)s;
    (void)request;
    buf_append_str(out, STR("ok\n"));
}

/* Empty until the roles that a verdict needs are connected. */
static void serve_ready(
    struct session *s, const struct head *request, struct buf *out)
{
    (void)request;
    if (s->world->ops->is_ready(s->world))
        buf_append_str(out, STR("ready\n"));
}

static const struct page {
    const char *path, *type;
    void (*serve)(
        struct session *s, const struct head *request, struct buf *out);
} pages[] = {
    {"/proxy.pac", "application/x-ns-proxy-autoconfig", serve_pac},
    {"/wpad.dat", "application/x-ns-proxy-autoconfig", serve_pac},
    {"/ca", "text/html; charset=utf-8", serve_ca_page},
    {"/ca.pem", "application/x-pem-file", serve_ca_pem},
    {"/ca.der", "application/x-x509-ca-cert", serve_ca_der},
    {"/ca.mobileconfig", "application/x-apple-aspen-config",
        serve_ca_mobileconfig},
    {"/healthz", "text/plain; charset=utf-8", serve_health},
    {"/readyz", "text/plain; charset=utf-8", serve_ready},
};

static const struct page *find_page(struct str path)
{
    path = str_sub(path, 0, str_find_char(path, '?'));
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (str_is(path, pages[i].path))
            return &pages[i];
    return NULL;
}

static const char not_found[] =
    "This is promptgate's proxy port. Configure it as a proxy, or ask for "
    "/proxy.pac, /wpad.dat, /ca, /ca.pem, /ca.der, /ca.mobileconfig, /healthz "
    "or /readyz.\n";

void pages_serve(
    struct session *s, struct stream *stream, const struct head *request)
{
    bool is_head = str_is(request->method, "HEAD");
    const struct page *page = find_page(request->path);
    struct buf body = {0};
    if (!is_head && !str_is(request->method, "GET")) {
        reply_text(stream, 405, "text/plain; charset=utf-8",
            STR("only GET and HEAD are answered here\n"), false);
    } else if (page == NULL) {
        reply_text(
            stream, 404, "text/plain; charset=utf-8", STR(not_found), is_head);
    } else {
        page->serve(s, request, &body);
        if (body.n == 0)
            reply_text(stream, 503, "text/plain; charset=utf-8",
                STR("not ready yet\n"), is_head);
        else
            reply_text(stream, 200, page->type, buf_str(&body), is_head);
    }
    buf_free(&body);
}
