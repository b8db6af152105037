#include "base/base64.h"

int base64_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

enum err base64_decode(struct str text, struct buf *out)
{
    for (int i = 0; i < 2 && text.n > 0 && text.p[text.n - 1] == '='; i++)
        text.n--;
    if (text.n % 4 == 1)
        return ERR_PARSE;
    char *to = buf_reserve(out, text.n / 4 * 3 + 3);
    size_t n = 0;
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < text.n; i++) {
        int value = base64_value((unsigned char)text.p[i]);
        if (value < 0)
            return ERR_PARSE;
        bits = bits << 6 | (unsigned)value;
        if (++count == 4) {
            to[n++] = (char)(bits >> 16);
            to[n++] = (char)(bits >> 8);
            to[n++] = (char)bits;
            bits = count = 0;
        }
    }
    if (count >= 2)
        to[n++] = (char)(bits >> (count == 3 ? 10 : 4));
    if (count == 3)
        to[n++] = (char)(bits >> 2);
    buf_commit(out, n);
    return OK;
}

void base64_encode(struct str bytes, struct buf *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        unsigned bits = (unsigned)p[i] << 16;
        bits |= left > 1 ? (unsigned)p[i + 1] << 8 : 0;
        bits |= left > 2 ? p[i + 2] : 0;
        char four[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
            left > 1 ? alphabet[bits >> 6 & 63] : '=',
            left > 2 ? alphabet[bits & 63] : '='};
        buf_append(out, four, sizeof four);
    }
}
