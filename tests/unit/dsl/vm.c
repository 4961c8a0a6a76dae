/* SPDX-License-Identifier: Apache-2.0 */
#include "dsl/vm.h"
#include "core/text/json.h"
#include "dsl/checker.h"
#include "dsl/compiler.h"
#include "dsl/parser.h"
#include "tests/unit/support/events.h"
#include <criterion/criterion.h>

/* ---- a filter that makes children ---- */

/* A child of each event, with a field; children of children when used twice. */
static void twin_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    (void)opaque;
    SELECTION_EACH(batch, in, event) {
        struct event *child = outcome_child(out, event, false);
        cr_assert(child);
        map_set(&child->root, child->arena, key_of(STR("child")), value_bool(true));
    }
}

/* Notes which events come by, in which order. */
static uint32_t noted[64], noted_count;
static void note_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    (void)opaque, (void)batch, (void)out;
    for (uint32_t i = 0; i < in->count; i++) noted[noted_count++] = in->index[i];
}
static const struct filter_type filter_note = {.name = "note", .size = 1, .apply = note_apply};


static const struct filter_type filter_twin = {.name = "twin", .size = 1, .apply = twin_apply};

/* Keeps nothing, and gives two events with n => 4 and 5 when asked for what it holds back. */
static void hold_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    (void)opaque, (void)batch, (void)in, (void)out;
}
static void hold_flush(void *opaque, struct batch *batch, struct outcome *out, bool is_final)
{
    (void)opaque, (void)batch;
    for (int n = 4; n <= 5; n++) {
        struct event *event = outcome_child(out, NULL, true);
        cr_assert(event);
        map_set(&event->root, event->arena, key_of(STR("n")), value_int(n));
    }
    out->has_more = !is_final;
}
static const struct filter_type filter_hold = {
    .name = "hold", .size = 1, .apply = hold_apply, .flush = hold_flush};

/* Has no answer the first two times. */
static uint32_t asked, answered;
static bool wait_ask(void *opaque, struct batch *batch, const struct selection *in)
{
    (void)opaque, (void)batch;
    asked += in->count;
    return ++answered > 2;
}
static int wait_start(void *opaque, struct filter *host)
{
    (void)opaque, (void)host;
    return 0;
}
static void wait_stop(void *opaque) { (void)opaque; }
static const struct filter_type filter_wait = {
    .name = "wait", .size = 1, .apply = note_apply, .start = wait_start, .ask = wait_ask, .stop = wait_stop};

/* ---- `filter { TEXT }` run over events ---- */

struct machine {
    struct scene scene;
    struct books books;
    struct ticket_pool *tickets;
    struct source_text source;
    struct config config;
    struct diag diag;
    struct program program;
    bool is_right;
    struct buf text, messages;
};

static struct filter *filter_make(void *opaque, const struct plugin_block *block)
{
    struct machine *machine = opaque;
    struct filter *filter = arena_zalloc(&machine->scene.config, sizeof *filter);
    static const struct filter_type *const types[] = {&filter_twin, &filter_hold, &filter_wait};
    static struct shared shared;
    *filter = (struct filter){.type = &filter_note, .id = block->name};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eq_z(block->name, types[i]->name)) filter->type = types[i];
    if (str_eq_z(block->name, "same")) filter->shared = &shared;
    return filter;
}

static void machine_begin(struct machine *machine, const char *text)
{
    *machine = (struct machine){0};
    scene_begin(&machine->scene);
    machine->tickets = ticket_pool_create(&machine->books);
    machine->scene.batch->ticket = ticket_open(machine->tickets);
    diag_init(&machine->diag);
    buf_printf(&machine->text, "filter {\n%s\n}", text);
    machine->source = (struct source_text){STR("test.conf"), buf_str(&machine->text)};
    struct parse_options options = {0};
    struct compiler compiler = {.program = &machine->program, .arena = &machine->scene.config,
                                .diag = &machine->diag, .filter = filter_make, .opaque = machine};
    machine->is_right =
        parse_source(&machine->config, &machine->source, &options, &machine->scene.config, &machine->diag) &&
        compile(&compiler, &machine->config);
    diag_render(&machine->diag, &machine->messages);
}

static void machine_run(struct machine *machine)
{
    cr_assert(machine->is_right, "%s", buf_z(&machine->messages));
    struct batch *batch = machine->scene.batch;
    ticket_count(batch->ticket, batch->received, 0, 0);
    cr_expect_eq(vm_run(&machine->program, batch), VM_DONE);
}

static void machine_end(struct machine *machine)
{
    if (machine->scene.batch->ticket) ticket_seal(machine->scene.batch->ticket); /* it was not run */
    program_destroy(&machine->program);
    scene_end(&machine->scene);
    ticket_pool_destroy(machine->tickets);
    diag_fini(&machine->diag);
    buf_fini(&machine->text);
    buf_fini(&machine->messages);
}

Test(vm, children_know_the_names_of_their_parents)
{
    struct machine machine;
    machine_begin(&machine, "let n = [n] * 10 twin { } let m = n + 1 twin { } [sum] = n + m");
    for (int i = 1; i <= 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "{'n': %d}", i);
        scene_event(&machine.scene, text);
    }
    machine_run(&machine);
    struct batch *batch = machine.scene.batch;
    cr_assert_eq(batch->count, 400);
    const struct key key = key_of(STR("sum"));
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct event *oldest = batch->events[i];
        while (oldest->parent != oldest->index) oldest = batch->events[oldest->parent];
        const struct value *sum = map_get(&batch->events[i]->root, &key);
        cr_assert(sum && sum->kind == VALUE_INT);
        cr_expect_eq(sum->integer, 20 * ((int64_t)oldest->index + 1) + 1);
    }
    machine_end(&machine);
}

/* With children and without: branches merge by rank, which is the index as long as nobody made any. */
Test(vm, branches_merge_in_the_order_of_arrival)
{
    static const struct { const char *text; uint32_t count, order[12]; } rows[] = {
        {"if [n] == 1 { } else if [n] > 3 { } else { } note { }", 6, {0, 1, 2, 3, 4, 5}},
        {"if [n] in [2, 4] { twin { } } note { }", 8, {0, 1, 6, 2, 3, 7, 4, 5}},
        {"if [n] == 2 { twin { } } if [n] in [1, 2, 3, 4] { twin { } } note { }", 11, {0, 7, 1, 6, 8, 2, 9, 3, 10, 4, 5}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct machine machine;
        machine_begin(&machine, rows[row].text);
        for (int i = 1; i <= 6; i++) {
            char text[32];
            snprintf(text, sizeof text, "{'n': %d}", i < 5 ? i : -i);
            scene_event(&machine.scene, text);
        }
        noted_count = 0;
        machine_run(&machine);
        cr_assert_eq(noted_count, rows[row].count, "%s: %u", rows[row].text, noted_count);
        for (uint32_t i = 0; i < noted_count; i++)
            cr_expect_eq(noted[i], rows[row].order[i], "%s: %u. is %u", rows[row].text, i, noted[i]);
        machine_end(&machine);
    }
}

/* Names that are never known together share their place: none reads what another left there. */
Test(vm, names_of_blocks_do_not_mix)
{
    struct machine machine;
    machine_begin(&machine, "if [a] { let x = [a] [x] = x ?? 0 } else { let y = [b] [y] = y ?? 0 } "
                            "let z = [none] ?? 7 [z] = z");
    cr_assert_eq(machine.program.slots, 1);
    struct event *first = scene_event(&machine.scene, "{'a': 1}");
    struct event *second = scene_event(&machine.scene, "{'b': 2}");
    machine_run(&machine);
    scene_expect(first, "{'a': 1, 'x': 1, 'z': 7}");
    scene_expect(second, "{'b': 2, 'y': 2, 'z': 7}");
    machine_end(&machine);
}

Test(vm, a_name_that_could_not_be_computed_is_missing)
{
    struct machine machine;
    machine_begin(&machine, "if [a] { let x = 5 [x] = x } let y = [n] + 1 [y] = y ?? \"none\"");
    struct event *event = scene_event(&machine.scene, "{'a': 1}");
    machine_run(&machine);
    scene_expect(event, "{'a': 1, 'x': 5, 'y': 'none', 'tags': ['_expression_failure']}");
    cr_expect_eq(counter_get(&machine.program.actions[2].in), 1);
    cr_expect_eq(counter_get(&machine.program.actions[2].failed), 1);
    machine_end(&machine);
}

/* Beyond ARENA_BYTES_MAX statements are passed by; a name is missing then, not what it was elsewhere. */
Test(vm, events_without_memory_pass_statements_by)
{
    struct machine machine;
    machine_begin(&machine, "if [a] { let x = 1 [x] = x } let y = 2 [y] = y");
    struct event *event = scene_event(&machine.scene, "{'a': 1}");
    arena_alloc(&machine.scene.batch->arena, ARENA_BYTES_MAX);
    machine_run(&machine);
    scene_expect(event, "{'a': 1, 'tags': ['_memory_limit']}");
    machine_end(&machine);
}

Test(vm, as_many_names_as_there_may_be_and_one_more)
{
    for (int count = NAMES_MAX; count <= NAMES_MAX + 1; count++) {
        struct machine machine;
        struct buf text = {0};
        for (int i = 0; i < count; i++) buf_printf(&text, "let n%d = %d\n", i, i);
        buf_append_z(&text, "[x] = n0");
        for (int i = 1; i < count; i++) buf_printf(&text, " + n%d", i);
        machine_begin(&machine, buf_z(&text));
        cr_expect_eq(machine.is_right, count == NAMES_MAX, "%d", count);
        if (!machine.is_right) {
            cr_expect(strstr(buf_z(&machine.messages), "more than 64 names are known here"), "%s",
                      buf_z(&machine.messages));
            cr_expect(strstr(buf_z(&machine.messages), "keep some of them in fields, [@metadata][name]"));
        }
        machine_end(&machine);
        buf_fini(&text);
    }
}

/* Few rounds, but long ones: the digest of a megabyte takes more than a millisecond. */
Test(vm, a_loop_ends_after_a_tenth_of_a_second_of_work)
{
    struct machine machine;
    machine_begin(&machine, "for i in [list] { for k in [list] { [x] = sha256([text]) } [i] = i }\n[last] = 1");
    struct event *event = scene_event(&machine.scene, "{}");
    struct value list = value_array(event->arena, 90);
    for (int i = 0; i < 90; i++) array_push(list.array, event->arena, value_int(i));
    char *text = arena_zalloc(event->arena, EXPRESSION_BYTES_MAX);
    map_set(&event->root, event->arena, key_of(STR("list")), list);
    map_set(&event->root, event->arena, key_of(STR("text")), value_string((struct str){text, EXPRESSION_BYTES_MAX}));
    machine_run(&machine);
    cr_expect_eq(counter_get(&machine.program.actions[0].failed), 1);
    const struct key why = key_of(STR("expression_failure")), last = key_of(STR("last"));
    const struct value *said = map_get(&event->metadata, &why);
    cr_assert(said);
    cr_expect(str_ends(value_text(said), STR("test.conf:2:19: the loop took more than 100 ms")), "%.*s",
              STR_ARG(value_text(said)));
    cr_expect(map_get(&event->root, &last), "what follows is run");
    machine_end(&machine);
}

Test(vm, the_listing_shows_statements_as_they_are_understood)
{
    struct machine machine;
    struct buf out = {0};
    machine_begin(&machine, "let parts = split([path], \"/\")\n"
                            "[depth] = length(parts) - 1 ?? 0\n"
                            "[x] = { a => [[y], -parts[0]] }\n"
                            "remove [path], [b][c]\n"
                            "if [a] { for i, part in parts {\n"
                            "  for c in part { if [b] { [c] = i } else if ![d] { continue } else { break } }\n"
                            "  let n = i\n"
                            "  [n] = n\n"
                            "} }");
    program_print(&machine.program, NULL, 0, &out);
    cr_expect_str_eq(buf_z(&out), "   0  RUN    let parts = split([path], \"/\")                 # test.conf:2:1\n"
                                  "   1  RUN    [depth] = (length(parts) - 1) ?? 0             # test.conf:3:1\n"
                                  "   2  RUN    [x] = { \"a\" => [[y], -parts[0]] }              # test.conf:4:1\n"
                                  "   3  RUN    remove [path], [b][c]                          # test.conf:5:1\n"
                                  "   4  BRANCH                                                # test.conf:6:1\n"
                                  "   5    TEST   [a] (none: 8)                                # test.conf:6:1\n"
                                  "   6    RUN    for i, part in parts                         # test.conf:6:10\n"
                                  "                 for c in part                              # test.conf:7:3\n"
                                  "                   if [b]                                   # test.conf:7:19\n"
                                  "                     [c] = i                                # test.conf:7:28\n"
                                  "                   else if ![d]                             # test.conf:7:38\n"
                                  "                     continue                               # test.conf:7:53\n"
                                  "                   else                                     # test.conf:7:64\n"
                                  "                     break                                  # test.conf:7:71\n"
                                  "                 let n = i                                  # test.conf:8:3\n"
                                  "                 [n] = n                                    # test.conf:9:3\n"
                                  "   7    JOIN                                                # test.conf:10:3\n"
                                  "   8  END                                                   # test.conf:10:3\n"
                                  "   9  DONE\n");
    buf_fini(&out);
    machine_end(&machine);
}

/* ---- filters that share a state ---- */

static struct str opcodes_of(const struct program *program, struct buf *out)
{
    buf_clear(out);
    for (uint32_t i = 0; i < program->code_count; i++)
        buf_printf(out, "%s%s", i ? " " : "", opcode_name(program->code[i].opcode));
    return buf_str(out);
}

/* Whole branches are run event by event, and nothing beside them. */
Test(vm, a_stretch_whose_filters_share_a_state_is_run_event_by_event)
{
    static const struct { const char *text, *opcodes; uint32_t count, order[12]; } rows[] = {
        {"same { } note { }", "FILTER FILTER DONE", 6, {0, 1, 2, 0, 1, 2}},
        {"same { } same { } note { }", "EACH FILTER FILTER NEXT FILTER DONE", 9, {0, 0, 1, 1, 2, 2, 0, 1, 2}},
        {"if [n] == 1 { same { } } else { same { } } note { }",
         "EACH BRANCH TEST FILTER JOIN ELSE FILTER JOIN END NEXT FILTER DONE", 6, {0, 1, 2, 0, 1, 2}},
        {"if [n] < 3 { note { } same { } } if [n] > 1 { same { } }",
         "EACH BRANCH TEST FILTER FILTER JOIN END BRANCH TEST FILTER JOIN END NEXT DONE", 6, {0, 0, 1, 1, 1, 2}},
        {"if [n] < 9 { if [n] < 9 { same { } } note { } same { } note { } }",
         "BRANCH TEST EACH BRANCH TEST FILTER JOIN END FILTER FILTER NEXT FILTER JOIN END DONE", 12,
         {0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2}},
        {"same { } twin { } same { } note { }", "EACH FILTER FILTER FILTER NEXT FILTER DONE", 9 + 6,
         {0, 0, 3, 1, 1, 4, 2, 2, 5, 0, 3, 1}},
    };
    struct buf text = {0};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct machine machine;
        machine_begin(&machine, rows[row].text);
        for (int i = 1; i <= 3; i++) {
            char event[32];
            snprintf(event, sizeof event, "{'n': %d}", i);
            scene_event(&machine.scene, event);
        }
        cr_expect(str_eq_z(opcodes_of(&machine.program, &text), rows[row].opcodes), "%s: %s", rows[row].text, buf_z(&text));
        noted_count = 0;
        machine_run(&machine);
        cr_assert_eq(noted_count, rows[row].count, "%s: %u", rows[row].text, noted_count);
        for (uint32_t i = 0; i < noted_count && i < 12; i++)
            cr_expect_eq(noted[i], rows[row].order[i], "%s: %u. is %u", rows[row].text, i, noted[i]);
        machine_end(&machine);
    }
    buf_fini(&text);
}

/* ---- events of timers ---- */

Test(vm, what_a_filter_holds_back_goes_on_behind_it)
{
    static const struct { const char *text; uint32_t filter, count, order[4]; } rows[] = {
        {"note { } hold { } note { }", 1, 2, {0, 1}},
        {"note { } hold { } if [n] == 5 { note { } } else { drop { } } note { }", 1, 4, {1, 0, 0, 1}},
        {"if [n] == 1 { hold { } note { } } else { note { } note { } }", 0, 2, {0, 1}},
        {"if [n] == 1 { } else { if [n] == 1 { note { } } else { hold { } } note { } } note { }", 1, 4, {0, 1, 0, 1}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct machine machine;
        machine_begin(&machine, rows[row].text);
        cr_assert(machine.is_right, "%s", buf_z(&machine.messages));
        struct batch *batch = machine.scene.batch;
        noted_count = 0;
        cr_expect_not(vm_flush(&machine.program, batch, rows[row].filter, true));
        cr_expect_eq(batch->count, 2);
        cr_expect_eq(vm_run(&machine.program, batch), VM_DONE);
        cr_assert_eq(noted_count, rows[row].count, "%s: %u", rows[row].text, noted_count);
        for (uint32_t i = 0; i < noted_count; i++)
            cr_expect_eq(noted[i], rows[row].order[i], "%s: %u. is %u", rows[row].text, i, noted[i]);
        cr_expect_eq(counter_get(&machine.books.created), 2);
        cr_expect_eq(counter_get(&machine.books.filtered), 2, "there is no output");
        machine_end(&machine);
    }
}

Test(vm, a_filter_that_has_more_says_so)
{
    struct machine machine;
    machine_begin(&machine, "hold { }");
    cr_expect(vm_flush(&machine.program, machine.scene.batch, 0, false));
    cr_expect_eq(vm_run(&machine.program, machine.scene.batch), VM_DONE);
    machine_end(&machine);
}

/* ---- filters that wait for answers ---- */

Test(vm, a_batch_parks_at_a_filter_until_its_answers_have_come)
{
    struct machine machine;
    struct loop *loop = (struct loop *)&machine; /* only that there is one matters */
    machine_begin(&machine, "wait { }");
    machine.program.filters[0]->loop = loop;
    for (int i = 0; i < 3; i++) scene_event(&machine.scene, "{}");
    asked = answered = noted_count = 0;
    struct batch *batch = machine.scene.batch;
    ticket_count(batch->ticket, batch->received, 0, 0);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(vm_run(&machine.program, batch), VM_PARKED);
        cr_expect_eq(vm_parked_at(&machine.program, batch).filter, machine.program.filters[0]);
        cr_expect_eq(noted_count, 0);
    }
    cr_expect_eq(vm_run(&machine.program, batch), VM_DONE);
    cr_expect_eq(asked, 9, "it is asked for the same events each time");
    cr_expect_eq(noted_count, 3);
    machine_end(&machine);
}

Test(vm, without_a_loop_a_filter_that_waits_is_passed_by)
{
    struct machine machine;
    machine_begin(&machine, "wait { } note { }");
    scene_event(&machine.scene, "{}");
    asked = noted_count = 0;
    machine_run(&machine);
    cr_expect_eq(asked, 0);
    cr_expect_eq(noted_count, 1);
    machine_end(&machine);
}
