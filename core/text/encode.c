/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/encode.h"

int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void hex_encode(struct str bytes, char *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = "0123456789abcdef"[(unsigned char)bytes.ptr[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes.ptr[i] & 15];
    }
}

bool hex_decode(struct str hex, char *out)
{
    if (hex.len % 2) return false;
    for (size_t i = 0; i < hex.len / 2; i++) {
        int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (char)(high << 4 | low);
    }
    return true;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct str bytes, char *out)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < left ? (unsigned char)bytes.ptr[i + k] : 0u);
        for (size_t k = 0; k < 4; k++) *out++ = k <= left ? base64_digits[bits >> (18 - 6 * k) & 63] : '=';
    }
}

static int base64_digit(char c)
{
    if (c == '-') c = '+';
    if (c == '_') c = '/';
    const char *found = c ? strchr(base64_digits, c) : NULL;
    return found ? (int)(found - base64_digits) : -1;
}

bool base64_decode(struct str text, char *out, size_t *len)
{
    while (text.len && text.ptr[text.len - 1] == '=') text.len--;
    if (text.len % 4 == 1) return false;
    uint32_t bits = 0, held = 0;
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0) return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[(*len)++] = (char)(bits >> held & 255);
    }
    return true;
}

static bool is_unreserved(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
}

size_t url_encode(struct str text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.ptr[i])) {
            out[len++] = text.ptr[i];
            continue;
        }
        out[len++] = '%';
        out[len++] = "0123456789ABCDEF"[(unsigned char)text.ptr[i] >> 4];
        out[len++] = "0123456789ABCDEF"[text.ptr[i] & 15];
    }
    return len;
}

size_t url_decode(struct str text, bool plus_is_blank, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool has_two = text.ptr[i] == '%' && i + 2 < text.len;
        int high = has_two ? hex_digit(text.ptr[i + 1]) : -1, low = has_two ? hex_digit(text.ptr[i + 2]) : -1;
        if (high < 0 || low < 0) {
            out[len++] = plus_is_blank && text.ptr[i] == '+' ? ' ' : text.ptr[i];
            continue;
        }
        out[len++] = (char)(high << 4 | low);
        i += 2;
    }
    return len;
}
