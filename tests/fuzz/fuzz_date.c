/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a pattern, a line feed, texts parted by line feeds. The cached minute and the fast layout
 * must give what the slow way gives; what is printed fits; @timestamp texts are read as well. */
#include <assert.h>
#include <stdlib.h>
#include "core/text/date.h"
#include "core/text/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_text(struct date_reader *warm, const struct date_format *format, struct str text)
{
    int64_t seconds = 0, seconds_again = 0;
    uint32_t ns = 0, ns_again = 0;
    struct date_reader cold;
    date_reader_init(&cold, warm->parser, warm->zone);
    bool is_read = date_parse(warm, text, &seconds, &ns);
    assert(date_parse(&cold, text, &seconds_again, &ns_again) == is_read);
    if (is_read) assert(seconds == seconds_again && ns == ns_again && ns < 1000000000);
    if (is_read && format) {
        struct buf out = {0};
        date_format_print(format, seconds, ns, &out);
        buf_fini(&out);
    }
    if (time_parse_iso(text, &seconds, &ns)) {
        char iso[TIME_ISO_SIZE];
        size_t size = time_print_iso(seconds, ns, iso);
        assert(time_parse_iso((struct str){iso, size}, &seconds_again, &ns_again));
        assert(seconds == seconds_again && ns == ns_again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str rest = {(const char *)bytes, len}, problem = {0};
    ptrdiff_t end = str_find(rest, STR("\n"));
    if (end < 0) return 0;
    struct str pattern = str_slice(rest, 0, (size_t)end);
    struct arena arena;
    arena_init(&arena, NULL);
    struct date_format *joda = date_format_compile_joda(pattern, &arena, &problem);
    struct date_format *java = date_format_compile_java(pattern, &arena, &problem);
    struct date_parser *parser =
        date_parser_compile(pattern, date_locale(STR("fr")), 2024, &arena, &problem);
    struct zone zone;
    zone_find(STR("Europe/Paris"), &zone);
    struct date_reader reader;
    if (parser) date_reader_init(&reader, parser, zone);
    rest = str_from(rest, (size_t)end + 1);
    while (parser && rest.len) {
        end = str_find(rest, STR("\n"));
        size_t size = end < 0 ? rest.len : (size_t)end;
        char *copy = malloc(size ? size : 1); /* of its exact size */
        memcpy(copy, rest.ptr, size);
        check_text(&reader, joda, (struct str){copy, size});
        free(copy);
        rest = str_from(rest, size + 1);
    }
    struct buf out = {0};
    if (java) date_format_print(java, 1700000000, 123456789, &out);
    if (java) date_format_print(java, INT64_MIN, 0, &out);
    if (joda) date_format_print(joda, INT64_MAX, 999999999, &out);
    buf_fini(&out);
    arena_fini(&arena);
    return 0;
}
