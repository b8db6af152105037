#include "base/utf8.h"

size_t utf8_decode(struct str s, uint32_t *code_point_out)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n == 0)
        return 0;
    if (p[0] < 0x80) {
        *code_point_out = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < n)
        return 0;
    uint32_t value = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3fu);
    }
    bool is_overlong = (n == 3 && value < 0x800) || (n == 4 && value < 0x10000);
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (is_overlong || is_surrogate || value > 0x10ffff)
        return 0;
    *code_point_out = value;
    return n;
}

size_t utf8_length(struct str s)
{
    uint32_t ignored;
    return utf8_decode(s, &ignored);
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

bool utf8_is_valid(struct str s)
{
    while (s.n > 0) {
        size_t n = utf8_length(s);
        if (n == 0)
            return false;
        s = str_sub(s, n, s.n);
    }
    return true;
}

size_t utf8_floor(struct str s, size_t n)
{
    if (n >= s.n)
        return s.n;
    size_t start = n;
    while (start > 0 && n - start < 4 &&
           ((unsigned char)s.p[start] & 0xc0) == 0x80)
        start--;
    return ((unsigned char)s.p[start] & 0xc0) == 0x80 ? n : start;
}

bool utf8_is_text(struct str s)
{
    s = str_sub(s, 0, utf8_floor(s, s.n > 4 ? s.n - 4 : s.n));
    while (s.n > 0) {
        unsigned char c = (unsigned char)s.p[0];
        size_t n = utf8_length(s);
        bool is_blank = c == '\t' || c == '\n' || c == '\r' || c == '\f';
        if (n == 0 || (c < 0x20 && !is_blank) || c == 0x7f)
            return false;
        s = str_sub(s, n, s.n);
    }
    return true;
}
