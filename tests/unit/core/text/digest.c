/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/digest.h"
#include <criterion/criterion.h>
#include "core/text/encode.h"

/* RFC 1321, appendix A.5; FIPS 180-2, appendix B.1. */
Test(digest, known_answers)
{
    static const struct { enum digest digest; const char *text, *hex; } rows[] = {
        {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA384, "abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {DIGEST_SHA512, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char hex[DIGEST_HEX_MAX];
        digest_hex(rows[i].digest, str_of(rows[i].text), hex);
        cr_assert_str_eq(hex, rows[i].hex, "digest of `%s`", rows[i].text);
    }
}

/* RFC 2202, sections 2 and 3; RFC 4231, section 4.3. */
Test(digest, known_answers_with_a_key)
{
    static const struct { enum digest digest; const char *hex; } rows[] = {
        {DIGEST_MD5, "750c783e6ab0b503eaa86e310a5db738"},
        {DIGEST_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {DIGEST_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char bytes[DIGEST_BYTES_MAX];
        char hex[DIGEST_HEX_MAX] = {0};
        size_t len = digest_keyed(rows[i].digest, STR("Jefe"), STR("what do ya want for nothing?"), bytes);
        hex_encode((struct str){(char *)bytes, len}, hex);
        cr_assert_str_eq(hex, rows[i].hex);
    }
}
