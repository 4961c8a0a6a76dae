/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/parcel.h"
#include <criterion/criterion.h>
#include <signal.h>

/* `text` with the document between brackets; the event's number is its place. */
static void add(struct parcel *parcel, const char *text, uint32_t key)
{
    buf_append(&parcel->beside, (struct str){text, key ? 1 : 0}); /* its first letter, if it has a key */
    uint32_t begin = (uint32_t)parcel->data.len;
    buf_append_z(&parcel->data, text);
    const char *open = strchr(text, '['), *end = strchr(text, ']');
    parcel_add(parcel, &(struct parcel_item){.event = parcel->count, .key = key, .end = (uint32_t)parcel->data.len,
                                             .beside_end = (uint32_t)parcel->beside.len,
                                             .document = begin + (uint32_t)(open - text) + 1,
                                             .document_end = begin + (uint32_t)(end - text)});
}

static struct parcel *three(void)
{
    struct parcel *parcel = parcel_create(1);
    add(parcel, "a[one]\n", 5);
    add(parcel, "bb[two]\n", 0);
    add(parcel, "c[three]\n", 7);
    return parcel;
}

static bool has_document(const struct parcel *parcel, uint32_t at, const char *text)
{
    return str_eq_z(parcel_document(parcel, at), text);
}

static bool has_beside(const struct parcel *parcel, uint32_t at, const char *text)
{
    return str_eq_z(parcel_beside(parcel, at), text);
}

Test(parcel, knows_where_each_event_and_its_document_lie)
{
    struct parcel *parcel = three();
    cr_expect_eq(parcel_begin(parcel, 0), 0);
    cr_expect_eq(parcel_begin(parcel, 2), 15);
    cr_expect(has_document(parcel, 0, "one") && has_document(parcel, 2, "three"));
    cr_expect(has_beside(parcel, 0, "a") && has_beside(parcel, 1, "") && has_beside(parcel, 2, "c"));
    parcel_destroy(parcel);
}

Test(parcel, keeps_only_what_is_sent_again)
{
    static const struct { uint8_t verdicts[3]; const char *bytes; uint32_t count; } rows[] = {
        {{ITEM_SENT, ITEM_SENT, ITEM_SENT}, "", 0},
        {{ITEM_AGAIN, ITEM_SENT, ITEM_REJECTED}, "a[one]\n", 1},
        {{ITEM_REJECTED, ITEM_AGAIN, ITEM_AGAIN}, "bb[two]\nc[three]\n", 2},
        {{ITEM_AGAIN, ITEM_AGAIN, ITEM_AGAIN}, "a[one]\nbb[two]\nc[three]\n", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parcel *parcel = three();
        for (int k = 0; k < 3; k++) parcel->items[k].verdict = rows[i].verdicts[k];
        parcel_compact(parcel);
        cr_expect(str_eq_z(buf_str(&parcel->data), rows[i].bytes), "row %zu", i);
        cr_expect_eq(parcel->count, rows[i].count);
        if (parcel->count) cr_expect_eq(parcel->items[parcel->count - 1].end, parcel->data.len);
        if (rows[i].count == 2) cr_expect(has_document(parcel, 1, "three") && !parcel_has_key(parcel, 5));
        if (rows[i].count == 2) cr_expect(has_beside(parcel, 0, "") && has_beside(parcel, 1, "c"));
        parcel_destroy(parcel);
    }
}

Test(parcel, of_one_key_what_follows_one_that_failed_is_sent_again_too)
{
    struct parcel *parcel = parcel_create(1);
    for (int i = 0; i < 6; i++) add(parcel, "[x]", i % 2 ? 3 : 4);
    for (int i = 0; i < 6; i++) parcel->items[i].verdict = ITEM_SENT;
    parcel->items[2].verdict = ITEM_AGAIN;
    parcel->items[4].verdict = ITEM_REJECTED;
    add(parcel, "[x]", 4);
    parcel_hold_keys(parcel);
    static const uint8_t wanted[] = {ITEM_SENT, ITEM_SENT, ITEM_AGAIN, ITEM_SENT, ITEM_REJECTED, ITEM_SENT, ITEM_AGAIN};
    for (int i = 0; i < 7; i++) cr_expect_eq(parcel->items[i].verdict, wanted[i], "item %d", i);
    parcel_destroy(parcel);
}

Test(parcel, is_cut_in_two)
{
    struct parcel *parcel = three(), *other = parcel_create(1);
    add(other, "z[zero]\n", 9);
    parcel_move_tail(parcel, 1, other);
    cr_expect(str_eq_z(buf_str(&parcel->data), "a[one]\n") && parcel->count == 1);
    cr_expect(str_eq_z(buf_str(&other->data), "z[zero]\nbb[two]\nc[three]\n") && other->count == 3);
    cr_expect(has_beside(parcel, 0, "a") && has_beside(other, 0, "z") && has_beside(other, 1, "") && has_beside(other, 2, "c"));
    cr_expect_eq(parcel->beside.len, 1);
    cr_expect(has_document(other, 1, "two") && has_document(other, 2, "three"));
    cr_expect(parcel_has_key(other, 7) && parcel_has_key(other, 9) && !parcel_has_key(parcel, 7));
    parcel_destroy(parcel);
    parcel_destroy(other);
}

Test(parcel, finds_every_key_of_many)
{
    struct parcel *parcel = parcel_create(1);
    for (uint32_t i = 1; i <= PARCEL_ITEMS_MAX; i++) add(parcel, "[]", i * 64); /* one slot for many */
    for (uint32_t i = 1; i <= PARCEL_ITEMS_MAX; i++) cr_assert(parcel_has_key(parcel, i * 64));
    cr_expect_not(parcel_has_key(parcel, 65));
    parcel_renew(parcel, 2);
    cr_expect_not(parcel_has_key(parcel, 64));
    cr_expect_eq(parcel->number, 2);
    parcel_destroy(parcel);
}

Test(parcel, an_item_more_than_its_most_is_a_mistake, .signal = SIGABRT)
{
    struct parcel *parcel = parcel_create(1);
    for (uint32_t i = 0; i <= PARCEL_ITEMS_MAX; i++) add(parcel, "[]", 0);
}
