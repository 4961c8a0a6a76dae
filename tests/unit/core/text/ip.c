/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/ip.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct ip ip_of(const char *text)
{
    struct ip ip;
    cr_assert(ip_read(str_of(text), &ip), "%s", text);
    return ip;
}

Test(ip, texts_that_are_none)
{
    static const char *const rows[] = {"", "1.2.3", "1.2.3.256", "1.2.3.4 ", "[::1]", "::1%eth0", "1.2.3.4:80", "host",
                                       "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    struct ip ip;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) cr_expect_not(ip_read(str_of(rows[i]), &ip), "%s", rows[i]);
    cr_expect_not(ip_read((struct str){"1.2.3.4\0x", 9}, &ip));
}

Test(ip, prints_what_it_read)
{
    static const char *const rows[] = {"1.2.3.4", "::1", "2001:db8::ff", "::ffff:1.2.3.4"};
    char text[IP_TEXT_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip ip = ip_of(rows[i]);
        cr_expect(str_eq_z(ip_print(&ip, text), rows[i]), "%s", rows[i]);
    }
}

Test(ip, networks)
{
    static const struct {
        const char *network, *ip;
        bool is_within;
    } rows[] = {{"10.0.0.0/8", "10.255.0.1", true},   {"10.0.0.0/8", "11.0.0.1", false},  {"0.0.0.0/0", "1.2.3.4", true},
                {"0.0.0.0/0", "::1", false},          {"::/0", "1.2.3.4", false},         {"10.1.2.3", "10.1.2.3", true},
                {"10.1.2.3", "10.1.2.4", false},      {"10.1.2.129/25", "10.1.2.200", true}, {"10.1.2.129/25", "10.1.2.1", false},
                {"2001:db8::/33", "2001:db8:7fff::1", true}, {"2001:db8::/33", "2001:db8:8000::1", false},
                {"::1/128", "::1", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip_network network;
        struct ip ip = ip_of(rows[i].ip);
        cr_assert(ip_network_read(str_of(rows[i].network), &network), "%s", rows[i].network);
        cr_expect_eq(ip_network_contains(&network, &ip), rows[i].is_within, "%s %s", rows[i].network, rows[i].ip);
    }
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "/8", "::/129", "10.0.0.0/0008", "a/8", ""};
    struct ip_network network;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_expect_not(ip_network_read(str_of(bad[i]), &network), "%s", bad[i]);
}

/* The set against each of its networks, on random networks and addresses near them. */
Test(ip, a_set_holds_what_its_networks_hold)
{
    enum { COUNT = 60, LOOKS = 2000 };
    struct arena arena;
    unsigned seed = 7;
    arena_init(&arena, NULL);
    for (int round = 0; round < 40; round++) {
        struct ip_network networks[COUNT];
        for (int i = 0; i < COUNT; i++) {
            struct ip *first = &networks[i].first;
            *first = (struct ip){.bits = rand_r(&seed) % 2 ? 32 : 128};
            for (uint32_t k = 0; k < first->bits / 8; k++) first->bytes[k] = (uint8_t)(rand_r(&seed) % 4);
            networks[i].prefix = (uint32_t)rand_r(&seed) % (first->bits - 4) + 5;
            ip_mask(first, networks[i].prefix);
        }
        struct ip_set set;
        ip_set_make(&set, networks, COUNT, &arena);
        for (int look = 0; look < LOOKS; look++) {
            struct ip ip = {.bits = rand_r(&seed) % 2 ? 32 : 128};
            for (uint32_t k = 0; k < ip.bits / 8; k++) ip.bytes[k] = (uint8_t)(rand_r(&seed) % 5);
            bool wanted = false;
            for (int i = 0; i < COUNT; i++) wanted |= ip_network_contains(&networks[i], &ip);
            cr_assert_eq(ip_set_contains(&set, &ip), wanted);
        }
    }
    struct ip_set none;
    struct ip ip = ip_of("1.2.3.4");
    ip_set_make(&none, NULL, 0, &arena);
    cr_expect_not(ip_set_contains(&none, &ip));
    arena_fini(&arena);
}
