/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/digest.h"
#include <criterion/criterion.h>

/* RFC 1321, appendix A.5; FIPS 180-2, appendix B.1. */
Test(digest, known_answers)
{
    static const struct { enum digest digest; const char *text, *hex; } rows[] = {
        {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char hex[DIGEST_HEX_MAX];
        digest_hex(rows[i].digest, str_of(rows[i].text), hex);
        cr_assert_str_eq(hex, rows[i].hex, "digest of `%s`", rows[i].text);
    }
}
