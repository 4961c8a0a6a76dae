/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/sandbox.h"
#include <criterion/criterion.h>
#include "core/text/json.h"
#include "dsl/parser.h"

/* A text compiled in a sandbox with one input. */
struct hand {
    struct source_text source;
    struct config config;
    struct settings settings;
    struct arena arena;
    struct diag diag;
    struct buf messages, out;
    struct sandbox *sandbox; /* NULL: refused */
};

static void hand_open_input(struct hand *hand, const char *text, const struct sandbox_input *input)
{
    *hand = (struct hand){.source = {STR("web.conf"), str_of(text)}};
    hand->settings = (struct settings){.pipeline_id = STR("main"), .ecs_compatibility = {ECS_V8}};
    arena_init(&hand->arena, NULL);
    diag_init(&hand->diag);
    struct parse_options options = {0};
    struct sandbox_options wanted = {.settings = &hand->settings, .inputs = input, .input_count = 1};
    cr_assert(parse_source(&hand->config, &hand->source, &options, &hand->arena, &hand->diag));
    hand->sandbox = sandbox_create(&hand->config, &wanted, &hand->arena, &hand->diag);
    diag_render(&hand->diag, &hand->messages);
}

static void hand_open(struct hand *hand, const char *text)
{
    static const struct sandbox_input plain;
    hand_open_input(hand, text, &plain);
    cr_assert(hand->sandbox, "%s", buf_z(&hand->messages));
    sandbox_begin(hand->sandbox);
}

static void hand_close(struct hand *hand)
{
    sandbox_destroy(hand->sandbox);
    buf_fini(&hand->messages);
    buf_fini(&hand->out);
    diag_fini(&hand->diag);
    arena_fini(&hand->arena);
}

static void give(struct hand *hand, const char *json)
{
    struct event *event = sandbox_event(hand->sandbox, 0);
    struct json_report report;
    struct value value;
    cr_assert(event && json_decode(str_of(json), JSON_WHOLE, event->arena, &value, &report));
    event_take_map(event, value.map);
    cr_assert(sandbox_event_done(hand->sandbox, 0, event));
}

/* One line an event: `message: outputs`, with `dropped` or `created`. */
static const char *results(struct hand *hand)
{
    const struct sandbox_event *rows;
    uint32_t count = sandbox_events(hand->sandbox, &rows);
    buf_clear(&hand->out);
    for (uint32_t i = 0; i < count; i++) {
        const struct value *message = event_slot(rows[i].event, SLOT_MESSAGE);
        buf_printf(&hand->out, "%s%.*s:", i ? "; " : "", message ? (int)message->len : 1, message ? message->text : "-");
        for (uint32_t k = 0; k < rows[i].output_count; k++)
            buf_printf(&hand->out, " %.*s", STR_ARG(sandbox_output_name(hand->sandbox, rows[i].outputs[k])));
        if (rows[i].is_dropped) buf_append_z(&hand->out, " dropped");
        if (rows[i].is_created) buf_append_z(&hand->out, " created");
    }
    return buf_z(&hand->out);
}

static const char *run(struct hand *hand)
{
    sandbox_run(hand->sandbox);
    return results(hand);
}

static const char routes_text[] =
    "input { nosuch { path => \"${UNDEFINED_HERE}\" } }\n"
    "filter { if [message] == \"c\" { drop { } } if [n] { if [message] > 1 { } } }\n"
    "output { if [message] == \"a\" { tcp { id => \"alerts\" host => \"nowhere.invalid\" port => 1 } }\n"
    "  file { path => \"/nowhere/at/all\" } stdout { } stdout { } }\n";

Test(sandbox, tells_where_each_event_would_go_and_opens_nothing)
{
    struct hand hand;
    hand_open(&hand, routes_text);
    for (int i = 0; i < 3; i++) {
        const char *const texts[] = {"a", "b", "c"};
        cr_assert(sandbox_text(hand.sandbox, 0, str_of(texts[i])));
    }
    cr_expect_str_eq(run(&hand), "a: alerts file stdout@web.conf:4 stdout@web.conf:4:49; "
                                 "b: file stdout@web.conf:4 stdout@web.conf:4:49; c: dropped", "%s", buf_z(&hand.out));
    hand_close(&hand);
}

Test(sandbox, tells_of_events_whose_condition_cannot_be_evaluated)
{
    struct hand hand;
    hand_open(&hand, routes_text);
    give(&hand, "{\"message\": \"x\", \"n\": 1}");
    cr_expect_str_eq(run(&hand), "x: dropped");
    hand_close(&hand);
}

Test(sandbox, finds_outputs_by_what_users_call_them)
{
    struct hand hand;
    hand_open(&hand, routes_text);
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("alerts")), 0);
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("file")), 1);
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("file@web.conf:4")), 1);
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("stdout@web.conf:4")), 2);
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("stdout")), -1, "two are called so");
    cr_expect_eq(sandbox_output_find(hand.sandbox, STR("tcp")), -1, "it has an id of its own");
    cr_expect_str_eq(sandbox_output_type(hand.sandbox, 0), "tcp");
    hand_close(&hand);
}

Test(sandbox, checks_outputs_and_filters_as_a_start_would)
{
    static const struct sandbox_input plain;
    struct hand hand;
    hand_open_input(&hand, "filter { grok { match => { \"message\" => \"%{NOPE}\" } } }\n"
                           "output { file { pth => \"/x\" } tcp { host => \"h\" port => 1 codec => jsn } }", &plain);
    cr_expect_null(hand.sandbox);
    cr_expect(strstr(buf_z(&hand.messages), "NOPE"));
    cr_expect(strstr(buf_z(&hand.messages), "did you mean `path`?"));
    cr_expect(strstr(buf_z(&hand.messages), "did you mean `json`?"));
    cr_expect_eq(hand.diag.errors, 4u, "and the path that is missing\n%s", buf_z(&hand.messages));
    hand_close(&hand);
}

Test(sandbox, takes_texts_as_an_input_of_the_configuration_would)
{
    struct hand hand;
    struct sandbox_input input = {.from = STR("in")};
    hand_open_input(&hand, "input { if [x] { tcp { id => \"in\" port => 1 codec => json type => \"app\" tags => [\"t\"]\n"
                           "  add_field => { \"k\" => \"v\" } } } }", &input);
    cr_assert(hand.sandbox, "%s", buf_z(&hand.messages));
    sandbox_begin(hand.sandbox);
    cr_assert(sandbox_text(hand.sandbox, 0, STR("{\"message\":\"a\"}\n{\"message\":\"b\"}")), "lines of JSON");
    give(&hand, "{\"message\": \"c\"}");
    cr_expect_str_eq(run(&hand), "a:; b:; c:");
    struct key type = key_of(STR("type")), field = key_of(STR("k"));
    const struct batch *batch = sandbox_batch(hand.sandbox);
    for (uint32_t i = 0; i < batch->count; i++) {
        cr_expect(map_get(&batch->events[i]->root, &type) && map_get(&batch->events[i]->root, &field), "%u", i);
        cr_expect(event_has_tag(batch->events[i], STR("t")), "%u", i);
    }
    hand_close(&hand);
}

Test(sandbox, says_that_an_input_is_not_there)
{
    struct hand hand;
    struct sandbox_input input = {.from = STR("inn")};
    hand_open_input(&hand, "input { stdin { id => \"in\" } }", &input);
    cr_expect_null(hand.sandbox);
    cr_expect(strstr(buf_z(&hand.messages), "there is no input with the id `inn`"), "%s", buf_z(&hand.messages));
    hand_close(&hand);
}

/* A codec given wins over that of the input. */
Test(sandbox, takes_a_codec_of_its_own)
{
    struct hand hand;
    struct config_value codec = {.kind = CONFIG_BAREWORD, .text = STR("line")};
    struct sandbox_input input = {.from = STR("in"), .codec = &codec};
    hand_open_input(&hand, "input { stdin { id => \"in\" codec => json } }", &input);
    cr_assert(hand.sandbox, "%s", buf_z(&hand.messages));
    sandbox_begin(hand.sandbox);
    cr_assert(sandbox_text(hand.sandbox, 0, STR("{}\nx\n")));
    cr_expect_str_eq(run(&hand), "{}:; x:");
    hand_close(&hand);
}

Test(sandbox, puts_children_behind_their_parents)
{
    struct hand hand;
    hand_open(&hand, "output { if [message] == \"1\" { stdout { } } }");
    give(&hand, "{\"message\": \"1\"}");
    give(&hand, "{\"message\": \"2\"}");
    struct batch *batch = sandbox_batch(hand.sandbox);
    struct event *child = batch_child(batch, batch->events[0]);
    event_slot_set(child, SLOT_MESSAGE, value_string(STR("1.1")));
    cr_expect_str_eq(run(&hand), "1: stdout; 1.1: created; 2:");
    hand_close(&hand);
}

Test(sandbox, runs_one_instruction_at_a_time)
{
    struct hand hand;
    struct buf names = {0};
    hand_open(&hand, "filter { [a] = 1 if [a] == 1 { drop { } } else { mutate { } } }\noutput { stdout { } }");
    give(&hand, "{\"message\": \"x\"}");
    do {
        struct vm_position at = sandbox_position(hand.sandbox);
        buf_printf(&names, "%s %u/%u ", opcode_name(at.next->opcode), at.now.count, at.rest.count);
    } while (sandbox_step(hand.sandbox));
    cr_expect_str_eq(buf_z(&names), "RUN 1/0 BRANCH 1/0 TEST 1/1 FILTER 1/0 JOIN 0/0 ELSE 0/0 END 0/0 OUTPUT 0/0 DONE 0/0 ");
    cr_expect_str_eq(results(&hand), "x: dropped");
    buf_fini(&names);
    hand_close(&hand);
}

Test(sandbox, runs_again_and_forgets_what_was_before)
{
    struct hand hand;
    hand_open(&hand, "filter { [n] = 1 [n] = 2 }\noutput { stdout { } }");
    for (int i = 0; i < 3; i++) {
        sandbox_begin(hand.sandbox);
        give(&hand, "{\"message\": \"x\"}");
        cr_expect_str_eq(run(&hand), "x: stdout");
    }
    sandbox_begin(hand.sandbox);
    give(&hand, "{\"message\": \"y\"}");
    cr_expect(sandbox_step(hand.sandbox)); /* left in the middle */
    sandbox_begin(hand.sandbox);
    cr_expect_str_eq(run(&hand), "", "nothing came in");
    hand_close(&hand);
}

Test(sandbox, takes_so_many_events)
{
    struct hand hand;
    struct buf text = {0};
    struct config_value codec = {.kind = CONFIG_BAREWORD, .text = STR("line")};
    struct sandbox_input input = {.codec = &codec};
    for (int i = 0; i < SANDBOX_EVENTS_MAX; i++) buf_append_z(&text, "x\n");
    hand_open_input(&hand, "", &input);
    sandbox_begin(hand.sandbox);
    cr_expect(sandbox_text(hand.sandbox, 0, buf_str(&text)));
    cr_expect_eq(sandbox_batch(hand.sandbox)->count, (uint32_t)SANDBOX_EVENTS_MAX);
    cr_expect_not(sandbox_text(hand.sandbox, 0, STR("x\n")), "one more");
    cr_expect_not(sandbox_text(hand.sandbox, 0, STR("x\n")), "and no other after it");
    cr_expect_null(sandbox_event(hand.sandbox, 0));
    sandbox_run(hand.sandbox);
    buf_append_z(&text, "x\n");
    sandbox_begin(hand.sandbox);
    cr_expect_not(sandbox_text(hand.sandbox, 0, buf_str(&text)), "in one text, too");
    buf_fini(&text);
    hand_close(&hand);
}
