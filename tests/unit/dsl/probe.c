/* SPDX-License-Identifier: Apache-2.0 */
/* Lists with probes run as the compiled list does, and show what passes. */
#include <criterion/criterion.h>
#include "dsl/checker.h"
#include "dsl/compiler.h"
#include "dsl/parser.h"
#include "dsl/vm.h"
#include "tests/unit/support/events.h"

static struct scene scene;
static struct diag diag;
static struct config config;
static struct program program;
static struct books books;
static struct ticket_pool *tickets;

/* ---- plugins that write down what they get ---- */

static struct buf seen;         /* "a:0,1 " for each call */
static uint32_t room;           /* events that outputs take before they are full */

static void write_down(struct str id, const struct batch *batch, const struct selection *in)
{
    buf_printf(&seen, "%.*s:", STR_ARG(id));
    SELECTION_EACH(batch, in, event) buf_printf(&seen, "%u,", event->index);
    buf_append_char(&seen, ' ');
}

static void mark_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    (void)out;
    write_down(*(struct str *)self, batch, in);
}

static void lose_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    write_down(*(struct str *)self, batch, in);
    SELECTION_EACH(batch, in, event) outcome_cancelled(out, event);
}

static uint32_t fake_take(void *self, struct batch *batch, const struct selection *in, struct obligation *obligation)
{
    struct selection taken = {in->index, in->count < room ? in->count : room};
    room -= taken.count;
    write_down(*(struct str *)self, batch, &taken);
    if (taken.count) obligation_sent(obligation, taken.count);
    return taken.count;
}

static const struct filter_type mark = {.name = "mark", .size = sizeof(struct str), .apply = mark_apply};
static const struct filter_type lose_all = {.name = "lose", .size = sizeof(struct str), .apply = lose_apply};
static const struct output_type fake_output = {.name = "fake", .size = sizeof(struct str), .take = fake_take};
static const struct filter_type *const filters[] = {&mark, &lose_all, NULL};
static const struct output_type *const outputs[] = {&fake_output, NULL};
static const struct input_type *const inputs[] = {NULL};

static struct filter *filter_make(void *opaque, const struct plugin_block *block)
{
    (void)opaque;
    struct filter *filter = arena_zalloc(&scene.config, sizeof *filter);
    *filter = (struct filter){.type = block->filter, .id = block->id};
    filter->self = &filter->id;
    return filter;
}

static struct output *output_make(void *opaque, const struct plugin_block *block)
{
    (void)opaque;
    struct output *output = arena_zalloc(&scene.config, sizeof *output);
    *output = (struct output){.type = block->output, .id = block->id};
    output->self = &output->id;
    return output;
}

static void build(const char *text)
{
    static struct source_text source;
    source = (struct source_text){STR("test"), str_of(text)};
    struct parse_options options = {0};
    struct checker_options checks = {.filters = filters, .inputs = inputs, .outputs = outputs};
    cr_assert(parse_source(&config, &source, &options, &scene.config, &diag));
    cr_assert(check_config(&config, &checks, &scene.config, &diag));
    struct compiler compiler = {.program = &program, .arena = &scene.config, .diag = &diag,
                                .filter = filter_make, .output = output_make};
    cr_assert(compile(&compiler, &config));
}

static void begin(void)
{
    scene_begin(&scene);
    diag_init(&diag);
    memset(&config, 0, sizeof config);
    memset(&program, 0, sizeof program);
    memset(&books, 0, sizeof books);
    tickets = ticket_pool_create(&books);
    room = UINT32_MAX;
}

static void end(void)
{
    program_destroy(&program);
    ticket_pool_destroy(tickets);
    buf_fini(&seen);
    diag_fini(&diag);
    scene_end(&scene);
}
TestSuite(probe, .init = begin, .fini = end);

/* ---- probes that write down, too ---- */

static uint32_t begun, dropped;
static void note_look(void *opaque, const struct batch *batch, const struct selection *in)
{
    write_down(str_of(opaque), batch, in);
}
static void note_begun(void *opaque) { (void)opaque, begun++; }
static void note_dropped(void *opaque) { (void)opaque, dropped++; }
static const struct probe_hooks notes = {note_look, note_begun, note_dropped};

static struct probe probe(const char *name, uint32_t at, bool is_behind)
{
    return (struct probe){&notes, (void *)(uintptr_t)name, at, is_behind};
}

static struct batch *batch_of(uint32_t count)
{
    struct batch *batch = batch_create(&scene.pool, tickets);
    for (uint32_t i = 0; i < count; i++)
        event_slot_set(batch_event(batch), SLOT_MESSAGE, value_string(i % 2 ? STR("odd") : STR("even")));
    ticket_count(batch->ticket, count, 0, 0);
    return batch;
}

/* What plugins and probes saw of four events. */
static const char *run(void)
{
    struct batch *batch = batch_of(4);
    buf_clear(&seen);
    cr_assert_eq(vm_run(&program, batch), VM_DONE);
    batch_destroy(batch);
    return buf_z(&seen);
}

static const char text[] =
    "filter { mark { id => \"a\" } if [message] == \"odd\" { mark { id => \"b\" } } "
    "else if [message] == \"none\" { mark { id => \"c\" } } else { lose { id => \"d\" } } mark { id => \"e\" } } "
    "output { fake { id => \"o\" } if [message] { fake { id => \"p\" } } }";
static const char plain[] = "a:0,1,2,3, b:1,3, d:0,2, e:1,3, o:1,3, p:1,3, ";

static uint32_t instruction_of(enum opcode opcode, uint32_t number)
{
    uint32_t at = 0;
    while (program.code[at].opcode != opcode || program.code[at].a != number) at++;
    return at;
}

Test(probe, program_runs_as_compiled_without_any)
{
    build(text);
    cr_expect_str_eq(run(), plain);
    struct code *code = code_create(&program, NULL, 0);
    vm_take_code(&program, code, NULL);
    cr_expect_eq(program.running, program.code);
    cr_expect_str_eq(run(), plain);
    code_destroy(code);
}

Test(probe, sees_what_goes_in_and_out_of_a_filter)
{
    build(text);
    uint32_t at = instruction_of(OP_FILTER, 3);
    struct code *code = code_create(&program, (struct probe[]){probe("<", at, false), probe(">", at, true)}, 2);
    vm_take_code(&program, code, NULL);
    cr_expect_str_eq(run(), "a:0,1,2,3, b:1,3, <:0,2, d:0,2, >: e:1,3, o:1,3, p:1,3, ");
    code_destroy(code);
}

Test(probe, sees_all_at_the_start_and_what_is_left_before_the_outputs)
{
    build(text);
    struct code *code = code_create(
        &program, (struct probe[]){probe("<", 0, false), probe(">", program.outputs_at, false)}, 2);
    vm_take_code(&program, code, NULL);
    cr_expect_str_eq(run(), "<:0,1,2,3, a:0,1,2,3, b:1,3, d:0,2, e:1,3, >:1,3, o:1,3, p:1,3, ");
    code_destroy(code);
}

Test(probe, is_not_asked_on_a_branch_that_no_event_takes)
{
    build(text);
    uint32_t at = instruction_of(OP_FILTER, 2);
    struct code *code = code_create(&program, (struct probe[]){probe("<", at, false), probe(">", at, true)}, 2);
    vm_take_code(&program, code, NULL);
    cr_expect_str_eq(run(), plain);
    code_destroy(code);
}

Test(probe, changes_nothing_wherever_it_stands)
{
    build(text);
    for (uint32_t at = 0; at < program.code_count; at++)
        for (int is_behind = 0; is_behind < 2 && !(is_behind && program.code[at].opcode == OP_DONE); is_behind++) {
            struct probe one = probe("", at, is_behind);
            struct code *code = code_create(&program, &one, 1);
            vm_take_code(&program, code, NULL);
            struct buf others = {0};
            run();
            for (size_t i = 0; i < seen.len;) { /* without what the probe wrote */
                size_t end_at = i;
                while (seen.ptr[end_at] != ' ') end_at++;
                if (seen.ptr[i] != ':') buf_append(&others, str_slice(buf_str(&seen), i, end_at + 1));
                i = end_at + 1;
            }
            cr_expect_str_eq(buf_z(&others), plain, "at %u", at);
            buf_fini(&others);
            vm_take_code(&program, &(struct code){0}, NULL);
            code_destroy(code);
        }
}

Test(probe, places_map_there_and_back)
{
    build(text);
    struct code *code = code_create(
        &program, (struct probe[]){probe("", 0, false), probe("", 0, false), probe("", 3, true), probe("", 4, false)}, 4);
    for (uint32_t i = 0; i < program.code_count; i++) {
        uint32_t at = code_running_at(code->items, i);
        cr_expect_eq(code->items[at].opcode, program.code[i].opcode);
        cr_expect_eq(code->items[at].a, program.code[i].a);
        cr_expect_eq(code_compiled_at(code->items, at), i);
    }
    code_destroy(code);
}

Test(probe, is_told_of_its_begin_and_end)
{
    build(text);
    struct probe many[PROBES_MAX];
    for (uint32_t i = 0; i < PROBES_MAX; i++) many[i] = probe("", i % program.code_count, false);
    struct code *code = code_create(&program, many, PROBES_MAX);
    cr_expect_eq(begun, 0u);
    vm_take_code(&program, code, NULL);
    cr_expect_eq(begun, (uint32_t)PROBES_MAX);
    cr_expect_eq(dropped, 0u);
    code_destroy(code);
    cr_expect_eq(dropped, (uint32_t)PROBES_MAX);
    code_destroy(NULL);
}

Test(probe, lets_a_parked_batch_go_on_where_it_is)
{
    build(text);
    uint32_t p = instruction_of(OP_OUTPUT, 1);
    struct batch *batch = batch_of(4);
    room = 3; /* o takes two, p one of two */
    cr_assert_eq(vm_run(&program, batch), VM_PARKED);
    struct code *first = code_create(
        &program, (struct probe[]){probe("<", 0, false), probe("?", p, false), probe(">", p, true)}, 3);
    vm_take_code(&program, first, batch);
    cr_expect_str_eq(program.running[code_running_at(program.running, p)].opcode == OP_OUTPUT ? "p" : "", "p");
    cr_expect_eq(vm_parked_at(&program, batch).output, program.outputs[1]);
    cr_assert_eq(vm_run(&program, batch), VM_PARKED);
    struct code *second = code_create(&program, &(struct probe){&notes, (void *)(uintptr_t)"!", p, true}, 1);
    vm_take_code(&program, second, batch);
    code_destroy(first);
    room = 10;
    cr_assert_eq(vm_run(&program, batch), VM_DONE);
    batch_destroy(batch);
    cr_expect_str_eq(buf_z(&seen), "a:0,1,2,3, b:1,3, d:0,2, e:1,3, o:1,3, p:1, p: p:3, !:1,3, ");
    cr_expect_eq(counter_get(&books.delivered), 2);
    vm_take_code(&program, &(struct code){0}, NULL);
    cr_expect_str_eq(run(), plain);
    code_destroy(second);
}
