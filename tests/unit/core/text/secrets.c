/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/secrets.h"
#include <criterion/criterion.h>
#include "core/text/buf.h"

/* The text with each secret as a star. */
static const char *masked(const char *text)
{
    static struct buf out;
    struct str all = str_of(text);
    struct secret_span span;
    size_t at = 0;
    buf_clear(&out);
    while (secret_find(all, at, &span)) {
        cr_assert(span.start < span.end && span.end <= all.len && span.start >= at, "%s", text);
        buf_append(&out, str_slice(all, at, span.start));
        buf_append_char(&out, '*');
        at = span.end;
    }
    buf_append(&out, str_from(all, at));
    return buf_z(&out);
}

Test(secrets, are_found_behind_their_names)
{
    static const struct { const char *text, *masked; } rows[] = {
        {"password => \"x y\" port => 1", "password => \"*\" port => 1"},
        {"ssl_key_password=>'it\\'s' a", "ssl_key_password=>'*' a"},
        {"Password: abc # c", "Password: * # c"},
        {"\"sasl.password\" => \"x\"", "\"sasl.password\" => \"*\""},
        {"-S api.auth.basic.password=abc -w 1", "-S api.auth.basic.password=* -w 1"},
        {"token => [\"a\", 'b'] d => 1", "token => [*] d => 1"},
        {"secret => { \"a\" => \"b]\" } x", "secret => {*} x"},
        {"sasl_jaas_config => \"A\nB\"", "sasl_jaas_config => \"*\""},
        {"password => \"not ended", "password => \"*"},
        {"password => [1, \"not ended", "password => [*"},
        {"password => ab", "password => *"},
        {"password = x password = y", "password = * password = *"},
        {"password => \"${NAME}\"", "password => \"${NAME}\""},
        {"password => \"\"", "password => \"\""},
        {"password =>", "password =>"},
        {"password \"x\" a", "password \"*\" a"},
        {"\"password\" \"x\" a", "\"password\" \"*\" a"},
        {"password", "password"},
        {"the password is short", "the password is short"},
        {"user => \"x\"", "user => \"x\""},
        {"http://u:p@h/x", "http://u:*@h/x"},
        {"\"amqp://u:p@h\"", "\"amqp://u:*@h\""},
        {"http://h:80/x@y", "http://h:80/x@y"},
        {"http://u@h", "http://u@h"},
        {"://:@", "://:@"},
        {"tap --user u:p x", "tap --user u:* x"},
        {"tap --user=u:p", "tap --user=u:*"},
        {"tap --user u --url h:1", "tap --user u --url h:1"},
        {"tap --user", "tap --user"},
        {"tap --users u:p", "tap --users u:p"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(masked(rows[i].text), rows[i].masked, "%s", rows[i].text);
}
