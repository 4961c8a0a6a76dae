/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elastic/hosts.h"
#include <criterion/criterion.h>

Test(hosts, addresses_become_bases)
{
    static const struct { const char *text, *base, *user, *password; } rows[] = {
        {"es1", "http://es1:9200/p", "", ""},
        {"es1:9201", "http://es1:9201/p", "", ""},
        {"//127.0.0.1", "http://127.0.0.1:9200/p", "", ""},
        {"https://es1", "https://es1:9200/p", "", ""},
        {"http://es1:80/own/", "http://es1:80/own", "", ""},
        {"http://es1/", "http://es1:9200/p", "", ""},
        {"https://u:p%40w@es1:443", "https://es1:443/p", "u", "p%40w"},
        {"https://u@es1", "https://es1:9200/p", "u", ""},
        {"http://u:a@b@es1", "http://es1:9200/p", "u", "a@b"},
        {"[::1]", "http://[::1]:9200/p", "", ""},
        {"http://[fe80::1]:9201/x", "http://[fe80::1]:9201/x", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct host_parts parts;
        const char *problem;
        arena_init(&arena, NULL);
        cr_assert(host_parse(str_of(rows[i].text), &parts, &problem), "%s: %s", rows[i].text, problem);
        cr_expect_str_eq(host_base(&parts, false, STR("/p/"), &arena), rows[i].base);
        cr_expect(str_eq_z(parts.user, rows[i].user) && str_eq_z(parts.password, rows[i].password), "%s", rows[i].text);
        arena_fini(&arena);
    }
}

Test(hosts, what_is_no_address_is_refused)
{
    static const char *const rows[] = {"", "//", "http://", "ftp://es1", "es1:0", "es1:65536", "es1:", "es1:9200x",
                                       "::1", "http://es 1", "http://es1/?a=b", "http://es1/#a", "@es1", "http://:p@es1",
                                       "es\n1", "http://es1@", "a\"b"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_parts parts;
        const char *problem = NULL;
        cr_expect_not(host_parse(str_of(rows[i]), &parts, &problem), "%s", rows[i]);
        cr_expect(problem);
    }
}
