/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keystore.h"
#include <criterion/criterion.h>

static struct keystore store, again;
static struct buf file;

static void end(void)
{
    keystore_fini(&store);
    keystore_fini(&again);
    buf_fini(&file);
}
TestSuite(keystore, .fini = end);

static void encrypt(struct str password)
{
    buf_clear(&file);
    cr_assert_null(keystore_encrypt(&store, password, KEYSTORE_ROUNDS_MIN, &file));
}

static bool holds(const struct keystore *where, const char *name, struct str value)
{
    const struct str *found = keystore_get(where, str_of(name));
    return found && str_eq(*found, value);
}

Test(keystore, names_are_sorted_folded_and_replaced)
{
    cr_assert_null(keystore_set(&store, STR("b"), STR("1")));
    cr_assert_null(keystore_set(&store, STR("_a.9"), STR("2")));
    cr_assert_null(keystore_set(&store, STR("B"), STR("3")));
    cr_assert_eq(store.count, 2);
    cr_expect_str_eq(store.items[0].name.ptr, "_a.9");
    cr_expect(holds(&store, "b", STR("3")) && holds(&store, "B", STR("3")) && holds(&store, "_A.9", STR("2")));
    cr_expect_null(keystore_get(&store, STR("c")));
    cr_expect(!keystore_remove(&store, STR("c")));
    cr_expect(keystore_remove(&store, STR("_A.9")));
    cr_expect(store.count == 1 && holds(&store, "b", STR("3")));
    cr_expect_eq(store.bytes, 6 + 1 + 1);
}

Test(keystore, limits)
{
    static const char *const bad[] = {"", "1a", "a-b", "a b", "\xc3\xa9", "a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(keystore_set(&store, str_of(bad[i]), STR("x")), "%s", bad[i]);
    static char text[KEYSTORE_VALUE_MAX + 1];
    memset(text, 'a', sizeof text);
    cr_expect_null(keystore_set(&store, (struct str){text, KEYSTORE_NAME_MAX}, STR("x")));
    cr_expect_not_null(keystore_set(&store, (struct str){text, KEYSTORE_NAME_MAX + 1}, STR("x")));
    cr_expect_null(keystore_get(&store, (struct str){text, KEYSTORE_NAME_MAX + 1}));
    cr_expect_null(keystore_set(&store, STR("v"), (struct str){text, KEYSTORE_VALUE_MAX}));
    const char *wrong = keystore_set(&store, STR("v"), (struct str){text, KEYSTORE_VALUE_MAX + 1});
    cr_expect_str_eq(wrong, "the value is longer than 65536 bytes");
    cr_expect(holds(&store, "v", (struct str){text, KEYSTORE_VALUE_MAX}), "a refused value changes nothing");
    keystore_fini(&store);
    char name[16];
    for (int i = 0; i < KEYSTORE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        cr_assert_null(keystore_set(&store, str_of(name), STR("")));
    }
    cr_expect_str_eq(keystore_set(&store, STR("more"), STR("")), "the keystore is full");
    cr_expect_null(keystore_set(&store, STR("n7"), STR("replaced")));
    encrypt(STR("p"));
    cr_assert_null(keystore_decrypt(&again, buf_str(&file), STR("p")));
    cr_expect(again.count == KEYSTORE_ENTRIES_MAX && holds(&again, "n7", STR("replaced")));
    keystore_fini(&store);
    for (int i = 0; !keystore_set(&store, str_of(name), (struct str){text, KEYSTORE_VALUE_MAX}); i++)
        snprintf(name, sizeof name, "n%d", i);
    cr_expect(store.count == 255, "16 MiB hold %u of 64 KiB", store.count);
}

Test(keystore, file_reads_back_with_its_password_only)
{
    keystore_set(&store, STR("a"), STR("one\0two\xff"));
    keystore_set(&store, STR("empty"), STR(""));
    encrypt(STR("pass"));
    cr_assert_null(keystore_decrypt(&again, buf_str(&file), STR("pass")));
    cr_expect(again.is_protected && again.count == 2 && holds(&again, "a", STR("one\0two\xff")) &&
              holds(&again, "empty", STR("")));
    keystore_fini(&again);
    cr_expect_str_eq(keystore_decrypt(&again, buf_str(&file), STR("Pass")),
                     "the password is wrong, or the file is damaged");
    cr_expect_str_eq(keystore_decrypt(&again, buf_str(&file), STR("")),
                     "it has a password: set TAILRACE_KEYSTORE_PASS (or LOGSTASH_KEYSTORE_PASS)");
    encrypt(STR(""));
    cr_assert_null(keystore_decrypt(&again, buf_str(&file), STR("any")), "one without a password needs none");
    cr_expect(!again.is_protected && again.count == 2);
}

Test(keystore, every_byte_counts)
{
    keystore_set(&store, STR("name"), STR("value"));
    encrypt(STR("p"));
    for (size_t i = 0; i < file.len; i++) {
        if (i >= 9 && i < 13) continue; /* rounds: below */
        file.ptr[i] ^= 1;
        cr_expect_not_null(keystore_decrypt(&again, buf_str(&file), STR("p")), "byte %zu", i);
        cr_expect_eq(again.count, 0);
        file.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < file.len; len++)
        cr_expect_not_null(keystore_decrypt(&again, str_slice(buf_str(&file), 0, len), STR("p")), "%zu bytes", len);
    file.ptr[12]++; /* 1001 rounds */
    cr_expect_not_null(keystore_decrypt(&again, buf_str(&file), STR("p")));
    memcpy(file.ptr + 9, "\0\0\x03\xe7", 4); /* 999 */
    cr_expect_str_eq(keystore_decrypt(&again, buf_str(&file), STR("p")), "its header is damaged");
    memcpy(file.ptr + 9, "\xff\xff\xff\xff", 4);
    cr_expect_str_eq(keystore_decrypt(&again, buf_str(&file), STR("p")), "its header is damaged");
}

Test(keystore, no_two_files_are_alike)
{
    keystore_set(&store, STR("name"), STR("value"));
    encrypt(STR("p"));
    struct buf first = file;
    file = (struct buf){0};
    encrypt(STR("p"));
    cr_expect(memcmp(first.ptr + 13, file.ptr + 13, 28), "salt and nonce are fresh");
    buf_fini(&first);
}

Test(keystore, masks_its_values)
{
    keystore_set(&store, STR("a"), STR("abc"));
    keystore_set(&store, STR("b"), STR("long secret"));
    keystore_set(&store, STR("c"), STR("xy")); /* too short to look for */
    keystore_set(&store, STR("d"), STR("***"));
    static const struct { const char *text, *masked; } rows[] = {
        {"", ""}, {"abc", "***"}, {"abcabc abc.", "****** ***."}, {"a long secret here", "a *** here"},
        {"ab xy", "ab xy"}, {"*****", "*****"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&file);
        buf_append_z(&file, rows[i].text);
        keystore_mask(&store, &file);
        cr_expect_str_eq(buf_z(&file), rows[i].masked, "%s", rows[i].text);
    }
}
