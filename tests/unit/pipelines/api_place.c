/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include "pipelines/api_client.h"

static struct arena arena;
static struct diag diag;
static void begin(void) { arena_init(&arena, NULL), diag_init(&diag); }
static void end(void) { arena_fini(&arena), diag_fini(&diag); }
TestSuite(api_place, .init = begin, .fini = end);

static const struct settings basic = {
    .api_host = {"0.0.0.0", 7}, .api_port = {"9600-9700", 9}, .api_auth_type.value = 1,
    .api_auth_username = {"ops", 3}, .api_auth_password.text = {"s3", 2}};

static bool find(struct api_place *place, const char *url, const char *user)
{
    struct api_place_options options = {.url = str_of(url), .user = str_of(user)};
    return api_place_find(place, &basic, &options, &(struct setting_list){0}, &arena, &diag);
}

Test(api_place, is_the_settings_place_unless_flags_say_another)
{
    struct api_place place;
    cr_assert(find(&place, "", ""));
    cr_expect(str_eq_z(place.host, "127.0.0.1") && place.first == 9600 && place.last == 9700);
    cr_expect(place.has_user && str_eq_z(place.user, "ops") && str_eq_z(place.password, "s3"));
    cr_assert(find(&place, "http://[::1]:99/", "me:a:b"));
    cr_expect(str_eq_z(place.host, "[::1]") && place.first == 99 && place.last == 99);
    cr_expect(str_eq_z(place.user, "me") && str_eq_z(place.password, "a:b"));
}

Test(api_place, reads_urls)
{
    static const struct { const char *url, *host; unsigned port; } rows[] = {
        {"http://a.example", "a.example", 9600}, {"127.0.0.1:1", "127.0.0.1", 1}, {"http://[::]:9", "[::]", 9},
        {"[::1]", "[::1]", 9600}, {"https://a", NULL, 0}, {"http://", NULL, 0}, {"http://a:b", NULL, 0},
        {"http://a:70000", NULL, 0}, {"http://u@a", NULL, 0}, {"http://a/b", NULL, 0}, {"http://[::1", NULL, 0},
        {"http://[::1]9", NULL, 0}, {"http://a:", NULL, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct api_place place;
        bool is_right = find(&place, rows[i].url, "");
        cr_expect_eq(is_right, rows[i].host != NULL, "%s", rows[i].url);
        if (is_right && rows[i].host)
            cr_expect(str_eq_z(place.host, rows[i].host) && place.first == rows[i].port, "%s", rows[i].url);
    }
}

Test(api_place, quotes_what_a_query_cannot_hold)
{
    struct buf path = {0};
    buf_append_z(&path, "/_tap");
    api_query_add(&path, "where", STR("[a] == \"ü&\" +"));
    api_query_add(&path, "limit", STR("3"));
    cr_expect_str_eq(buf_z(&path), "/_tap?where=[a]%20==%20%22%C3%BC%26%22%20%2B&limit=3");
    buf_fini(&path);
}
