/* SPDX-License-Identifier: Apache-2.0 */
/* The batch machine. Selections are index vectors in the batch's arena, always in arrival order
 * (rank). A frame of the stack is an open branch: the events no arm has taken yet, and those that
 * have come out of an arm.
 *
 * Memory: beyond half of ARENA_BYTES_MAX a filter is given its events one by one, so that the event
 * that goes over is the one that is tagged `_memory_limit` and skips the remaining filters; it keeps
 * what it has. */
#include "dsl/vm.h"
#include <assert.h>
#include <time.h>
#include "core/delivery/dead_letters.h"
#include "core/log.h"

#define TAG_MEMORY_LIMIT STR("_memory_limit")

struct frame {
    struct selection rest, done;
    uint32_t capacity; /* of done, where events come one by one; else 0 */
};

struct vm {
    uint32_t at; /* instruction */
    bool is_direct; /* for one output alone: it ends there */
    uint32_t depth;
    struct selection now;      /* S */
    struct selection owed;      /* what the output at `at` has not taken yet */
    struct obligation *waiting; /* of that output; NULL when not parked */
    uint8_t *fate;             /* by event index; scratch of the running filter */
    uint32_t fate_capacity;
    uint8_t *offered;          /* by event index: an output took it, or its loss is in the books */
    uint32_t offered_capacity;
    uint32_t slots;            /* of names, for each event */
    struct value *names;       /* by event index, as many as slots; NULL: no statement needed them yet */
    uint32_t names_capacity;   /* events */
    struct outcome outcome;
    struct frame stack[];
};

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Room for `size` bytes of each event, children to come included. Fresh bytes are zero. */
static void *rows_for(struct batch *batch, void *rows, size_t size, uint32_t *capacity)
{
    if (*capacity >= batch->count) return rows;
    uint32_t wanted = *capacity ? batch->count + batch->count / 2 + 64 : batch->count;
    void *fresh = arena_zalloc(&batch->arena, wanted * size);
    if (*capacity) memcpy(fresh, rows, *capacity * size);
    *capacity = wanted;
    return fresh;
}

/* Events that were taken out before the batch ran are accounted for. */
static void taken_skip(struct vm *vm, struct batch *batch, uint32_t *index)
{
    vm->now.count = 0;
    vm->offered = rows_for(batch, vm->offered, 1, &vm->offered_capacity);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->events[i]->is_cancelled)
            vm->offered[i] = 1;
        else
            index[vm->now.count++] = i;
    }
}

/* The instruction of a plugin in the running list, and how many branches are open there. */
static uint32_t instruction_find(const struct program *program, enum opcode opcode, uint32_t number, uint32_t *depth)
{
    *depth = 0;
    for (uint32_t at = 0; at < program->running_count; at++) {
        const struct instruction *instruction = &program->running[at];
        if (instruction->opcode == opcode && instruction->a == number) return at;
        *depth += instruction->opcode == OP_BRANCH || instruction->opcode == OP_EACH;
        *depth -= instruction->opcode == OP_END || instruction->opcode == OP_NEXT;
    }
    assert(false && "a plugin that the program does not run");
    return 0;
}

static struct vm *vm_start(const struct program *program, struct batch *batch)
{
    struct vm *vm = arena_zalloc(&batch->arena, sizeof *vm + program->depth * sizeof *vm->stack);
    uint32_t *index = arena_alloc(&batch->arena, batch->count * sizeof *index);
    for (uint32_t i = 0; i < batch->count; i++) index[i] = i;
    vm->now = (struct selection){index, batch->count};
    if (batch->has_taken) taken_skip(vm, batch, index);
    vm->slots = program->slots;
    vm->is_direct = batch->begins_at > 0;
    if (vm->is_direct) vm->at = instruction_find(program, OP_OUTPUT, batch->begins_at - 1, &vm->depth);
    batch->vm = vm;
    return vm;
}

/* ---- names ---- */

static void names_for_all(struct vm *vm, struct batch *batch)
{
    if (vm->slots) vm->names = rows_for(batch, vm->names, vm->slots * sizeof *vm->names, &vm->names_capacity);
}

static struct value *names_of(const struct vm *vm, const struct event *event)
{
    return vm->slots ? vm->names + (size_t)event->index * vm->slots : NULL;
}

/* A child knows what its parent knew. */
static void names_inherit(struct vm *vm, struct batch *batch, const struct outcome *out)
{
    if (!vm->names || !out->created) return;
    names_for_all(vm, batch);
    for (uint32_t i = 0; i < out->created; i++) {
        const struct event *child = out->children[i].event;
        if (child->parent != child->index)
            memcpy(names_of(vm, child), names_of(vm, batch->events[child->parent]), vm->slots * sizeof *vm->names);
    }
}

/* ---- selections ---- */

static struct selection merge(struct batch *batch, struct selection a, struct selection b)
{
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    if (batch->is_reordered) batch_rank(batch);
    uint32_t *index = arena_alloc(&batch->arena, (a.count + b.count) * sizeof *index);
    uint32_t i = 0, k = 0, n = 0;
    bool has_children = batch->count != batch->received; /* else an event's rank is its index */
    while (!has_children && i < a.count && k < b.count) {
        uint32_t left = a.index[i], right = b.index[k];
        bool is_left = left < right; /* without a jump: who comes first is as good as random */
        index[n++] = is_left ? left : right;
        i += is_left;
        k += !is_left;
    }
    while (i < a.count && k < b.count) {
        uint32_t left = batch->events[a.index[i]]->rank, right = batch->events[b.index[k]]->rank;
        assert(left != right);
        index[n++] = left < right ? a.index[i++] : b.index[k++];
    }
    while (i < a.count) index[n++] = a.index[i++];
    while (k < b.count) index[n++] = b.index[k++];
    return (struct selection){index, n};
}

/* The event goes no further than this: to the dead letters, or it is dropped. */
static void take_out(struct program *program, struct batch *batch, struct vm *vm, const struct dead_letter *letter)
{
    struct event *event = batch->events[letter->event->index];
    event->is_cancelled = true;
    vm->offered = rows_for(batch, vm->offered, 1, &vm->offered_capacity);
    vm->offered[event->index] = 1;
    struct dead_letter_debt debt = {.obligation = obligation_open(batch->ticket, 1), .event = event->index};
    if (program->dead_letters)
        dead_letters_take(program->dead_letters, letter, &debt);
    else
        obligation_failed(debt.obligation, event->index, VERDICT_DROPPED);
}

/* Splits `rest` by a condition. An event whose condition cannot be evaluated is lost for all outputs:
 * a dead letter or dropped, counted, said. */
static void condition_undecided(struct program *program, struct program_condition *row, struct batch *batch,
                                struct run *run, struct vm *vm)
{
    const char *problem = condition_problem(row->condition, run);
    counter_add(&row->dropped, 1);
    LOG(LOG_WARN, "pipeline.condition_failed", program->pipeline,
        "an event %s: its condition cannot be evaluated (%s)",
        program->dead_letters ? "goes to the dead letters" : "was dropped", problem);
    struct dead_letter letter = {.stage = DEAD_LETTER_CONDITION,
                                 .plugin = STR("if-statement"), /* as Logstash calls it */
                                 .id = STR("if-statement"),
                                 .reason = STR("condition evaluation error"),
                                 .text = str_of(problem),
                                 .event = run->event};
    take_out(program, batch, vm, &letter);
}

/* An expression in it could not be computed. */
static void condition_failed(struct program *program, struct program_condition *row, const struct run *run,
                             struct event *event)
{
    struct failure failure = failure_of(run);
    counter_add(&row->failed, 1);
    failure_tag(&failure, &row->where, event, program->pipeline);
}

static void test(struct program *program, struct program_condition *row, struct batch *batch,
                 struct vm *vm, struct frame *frame)
{
    uint32_t count = frame->rest.count;
    uint32_t *yes = arena_alloc(&batch->arena, 2 * (count + 1) * sizeof *yes);
    names_for_all(vm, batch);
    struct run run = {.arena = &batch->arena};
    struct split split = {.yes = yes, .no = yes + count + 1, .names = vm->names, .slots = vm->slots};
    enum condition_verdict verdict;
    while ((verdict = condition_split(row->condition, &run, batch, &frame->rest, &split)) != CONDITION_TRUE) {
        split.done++;
        if (verdict == CONDITION_ERROR) {
            condition_undecided(program, row, batch, &run, vm);
            continue;
        }
        condition_failed(program, row, &run, batch->events[run.event->index]); /* and counts as false */
        split.no[split.no_count++] = run.event->index;
    }
    counter_add(&row->tested, count);
    counter_add(&row->held, split.yes_count);
    vm->now = (struct selection){split.yes, split.yes_count};
    frame->rest = (struct selection){split.no, split.no_count};
}

/* ---- event by event ---- */

static struct selection head_of(struct selection *rest)
{
    struct selection one = {rest->index, rest->count ? 1 : 0};
    rest->index += one.count;
    rest->count -= one.count;
    return one;
}

/* What comes of an event stands behind all that came of those before it. */
static void done_append(struct batch *batch, struct frame *frame, struct selection now)
{
    uint32_t count = frame->done.count + now.count;
    if (!now.count) return;
    uint32_t *index = (uint32_t *)(uintptr_t)frame->done.index;
    if (count > frame->capacity) {
        uint32_t capacity = frame->rest.count + count + count / 2;
        index = arena_regrow(&batch->arena, index, frame->capacity * sizeof *index, capacity * sizeof *index);
        frame->capacity = capacity;
    }
    memcpy(index + frame->done.count, now.index, now.count * sizeof *index);
    frame->done = (struct selection){index, count};
}

/* ---- filters ---- */

struct event *outcome_child(struct outcome *out, struct event *parent, bool matched)
{
    struct event *child = batch_child(out->batch, parent);
    if (!child) return NULL;
    struct arena *arena = &out->batch->arena;
    if (out->created == out->children_capacity) {
        uint32_t capacity = out->children_capacity ? out->children_capacity * 2 : 16;
        out->children = arena_regrow(arena, out->children,
                                     out->children_capacity * sizeof *out->children,
                                     capacity * sizeof *out->children);
        out->children_capacity = capacity;
    }
    out->children[out->created++] = (struct outcome_child){child, matched};
    return child;
}

void outcome_common(struct outcome *out, struct event *event)
{
    if (out->filter && out->filter->has_common) filter_matched(out->filter, event);
}

/* Removes the cancelled from a selection. */
static struct selection without_cancelled(struct batch *batch, struct selection in)
{
    uint32_t *index = arena_alloc(&batch->arena, in.count * sizeof *index);
    uint32_t count = 0;
    SELECTION_EACH(batch, &in, event)
        if (!event->is_cancelled) index[count++] = event->index;
    return (struct selection){index, count};
}

static void run_common(const struct filter *filter, struct batch *batch, const struct selection *in,
                       const struct outcome *out)
{
    if (!filter->has_common) return;
    if (out->matched)
        SELECTION_EACH(batch, in, event)
            if (out->fate[event->index] == FATE_MATCHED) filter_matched(filter, event);
    for (uint32_t i = 0; i < out->created; i++)
        if (out->children[i].matched) filter_matched(filter, out->children[i].event);
}

static void count_outcome(struct filter *filter, const struct outcome *out, uint32_t in, uint64_t ns)
{
    struct filter_counters *counters = &filter->counters;
    counter_add(&counters->in, in);
    counter_add(&counters->out, in - out->cancelled + out->created);
    counter_add(&counters->duration_ns, ns);
    if (out->matched) counter_add(&counters->matched, out->matched);
    if (out->failed) counter_add(&counters->failed, out->failed);
    if (out->cancelled) counter_add(&counters->cancelled, out->cancelled);
    if (out->created) counter_add(&counters->created, out->created);
}

static struct outcome *outcome_begin(struct vm *vm, struct batch *batch, const struct filter *filter)
{
    struct outcome *out = &vm->outcome;
    *out = (struct outcome){.batch = batch,
                            .filter = filter,
                            .fate = vm->fate,
                            .children = out->children,
                            .children_capacity = out->children_capacity};
    return out;
}

static struct selection children_of(struct batch *batch, const struct outcome *out)
{
    uint32_t *index = arena_alloc(&batch->arena, out->created * sizeof *index);
    batch_rank(batch);
    for (uint32_t i = 0; i < out->created; i++) index[i] = out->children[i].event->index;
    return (struct selection){index, out->created};
}

/* Those that it failed on go no further, where the configuration says so. */
static void failed_take_out(struct program *program, struct vm *vm, const struct filter *filter, struct batch *batch,
                            const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) {
        if (out->fate[event->index] != FATE_FAILED || event->is_cancelled) continue;
        const struct value *tags = event_slot(event, SLOT_TAGS);
        bool has_tag = tags && tags->kind == VALUE_ARRAY && tags->array->count;
        const struct value *tag = has_tag ? &tags->array->items[tags->array->count - 1] : NULL;
        struct dead_letter letter = {.stage = DEAD_LETTER_FILTER,
                                     .plugin = str_of(filter->type->name),
                                     .id = filter->id,
                                     .reason = STR("failed"),
                                     .text = value_is_string(tag) ? value_text(tag) : (struct str){0},
                                     .event = event};
        take_out(program, batch, vm, &letter);
        out->cancelled++;
    }
}

/* One call of a filter. Returns the events that go on. */
static struct selection apply(struct vm *vm, struct program *program, struct filter *filter, struct batch *batch,
                              struct selection in)
{
    uint64_t start = now_ns();
    vm->fate = rows_for(batch, vm->fate, 1, &vm->fate_capacity);
    SELECTION_EACH(batch, &in, event) vm->fate[event->index] = FATE_PASSED;
    struct outcome *out = outcome_begin(vm, batch, filter);
    filter->type->apply(filter->self, batch, &in, out);
    names_inherit(vm, batch, out);
    run_common(filter, batch, &in, out);
    if (out->failed && filter->common.dead_letter_on_failure && program->dead_letters)
        failed_take_out(program, vm, filter, batch, &in, out);
    count_outcome(filter, out, in.count, now_ns() - start);
    struct selection next = out->cancelled ? without_cancelled(batch, in) : in;
    return out->created ? merge(batch, next, children_of(batch, out)) : next;
}

/* False: the batch parks, answers are missing. What waits for answers needs a loop to wait on. */
static bool filter_is_told(const struct filter *filter, struct batch *batch, const struct selection *in)
{
    return !filter->type->ask || filter->type->ask(filter->self, batch, in);
}

static bool filter_is_passed_by(const struct filter *filter) { return filter->type->ask && !filter->loop; }

static void memory_limited(struct program *program, struct event *event, struct str subject)
{
    if (event_has_tag(event, TAG_MEMORY_LIMIT)) return;
    event_tag(event, TAG_MEMORY_LIMIT);
    counter_add(&program->memory_limited, 1);
    LOG(LOG_WARN, "pipeline.memory_limit", subject,
        "a batch reached %d bytes: its remaining events skip filters, tagged _memory_limit", ARENA_BYTES_MAX);
}

/* Event by event, because memory is short: who goes over the limit skips this filter. */
static struct selection apply_singly(struct vm *vm, struct program *program, struct filter *filter,
                                     struct batch *batch, struct selection in)
{
    struct selection next = {0};
    for (uint32_t i = 0; i < in.count; i++) {
        struct selection one = {in.index + i, 1};
        struct event *event = batch->events[*one.index];
        if (arena_allows(&batch->arena, 0)) {
            next = merge(batch, next, apply(vm, program, filter, batch, one));
            continue;
        }
        memory_limited(program, event, filter->id);
        next = merge(batch, next, one);
    }
    return next;
}

/* ---- statements for each event ---- */

static void act(struct vm *vm, struct program *program, struct program_action *row, struct batch *batch)
{
    struct act act = {.run.arena = &batch->arena, .pipeline = program->pipeline};
    names_for_all(vm, batch);
    uint32_t done = action_run(row->action, &act, batch, &vm->now, vm->names, vm->slots);
    for (; done < vm->now.count; done++) {
        struct event *event = batch->events[vm->now.index[done]];
        memory_limited(program, event, program->pipeline);
        action_skip(row->action, names_of(vm, event));
    }
    counter_add(&row->in, vm->now.count);
    if (act.failures) counter_add(&row->failed, act.failures);
}

/* ---- outputs ---- */

/* False: the output is full, the batch parks. */
static bool offer(struct vm *vm, struct output *output, struct batch *batch)
{
    if (!vm->waiting) {
        vm->offered = rows_for(batch, vm->offered, 1, &vm->offered_capacity);
        SELECTION_EACH(batch, &vm->now, event) vm->offered[event->index] = 1;
        if (!output->overflow) counter_add(&output->counters.offered, vm->now.count);
        vm->waiting = obligation_open(batch->ticket, vm->now.count);
        vm->owed = vm->now;
    }
    uint32_t taken = output->overflow ? overflow_take(output->overflow, batch, &vm->owed, vm->waiting)
                                      : output->type->take(output->self, batch, &vm->owed, vm->waiting);
    assert(taken <= vm->owed.count);
    vm->owed.index += taken;
    vm->owed.count -= taken;
    if (vm->owed.count) return false;
    vm->waiting = NULL;
    return true;
}

struct vm_wait vm_parked_at(const struct program *program, const struct batch *batch)
{
    const struct vm *vm = batch->vm;
    assert(vm && vm->at < program->running_count);
    const struct instruction *at = &program->running[vm->at];
    assert(at->opcode == OP_OUTPUT || at->opcode == OP_FILTER);
    if (at->opcode == OP_FILTER) return (struct vm_wait){.filter = program->filters[at->a]};
    return (struct vm_wait){.output = program->outputs[at->a]};
}

void vm_take_code(struct program *program, const struct code *code, struct batch *parked)
{
    struct vm *vm = parked ? parked->vm : NULL;
    uint32_t compiled = vm ? code_compiled_at(program->running, vm->at) : 0;
    code_use(code, program);
    if (vm) vm->at = code_running_at(program->running, compiled);
}

static void finish(struct vm *vm, struct batch *batch)
{
    uint32_t offered = 0;
    for (uint32_t i = 0; i < batch->count && i < vm->offered_capacity; i++)
        offered += vm->offered[i];
    /* what was received is in the books since the batch was closed */
    ticket_count(batch->ticket, 0, batch->count - batch->received,
                 batch->count - offered);
    struct ticket *ticket = batch->ticket;
    batch->ticket = NULL;
    ticket_seal(ticket);
}

static enum vm_result run(struct program *program, struct batch *batch, bool is_step)
{
    struct vm *vm = batch->vm ? batch->vm : vm_start(program, batch);
    for (bool has_stepped = false;; has_stepped = true) {
        if (is_step && has_stepped) return VM_STEPPED;
        const struct instruction *at = &program->running[vm->at];
        struct frame *frame = vm->depth ? &vm->stack[vm->depth - 1] : NULL;
        assert(vm->at < program->running_count);
        switch ((enum opcode)at->opcode) {
        case OP_FILTER:
            if (filter_is_passed_by(program->filters[at->a])) break;
            if (vm->now.count && !filter_is_told(program->filters[at->a], batch, &vm->now)) return VM_PARKED;
            if (vm->now.count && batch->arena.bytes > ARENA_BYTES_MAX / 2)
                vm->now = apply_singly(vm, program, program->filters[at->a], batch, vm->now);
            else if (vm->now.count)
                vm->now = apply(vm, program, program->filters[at->a], batch, vm->now);
            break;
        case OP_RUN:
            if (vm->now.count) act(vm, program, &program->actions[at->a], batch);
            break;
        case OP_BRANCH:
            assert(vm->depth < program->depth);
            vm->stack[vm->depth++] = (struct frame){.rest = vm->now};
            break;
        case OP_TEST:
            if (frame->rest.count)
                test(program, &program->conditions[at->a], batch, vm, frame);
            else
                vm->now.count = 0;
            if (vm->now.count == 0) {
                vm->at = at->jump;
                continue;
            }
            break;
        case OP_ELSE:
            vm->now = frame->rest;
            frame->rest.count = 0;
            if (vm->now.count == 0) {
                vm->at = at->jump;
                continue;
            }
            break;
        case OP_JOIN: frame->done = merge(batch, frame->done, vm->now); break;
        case OP_END:
            vm->now = merge(batch, frame->done, frame->rest);
            vm->depth--;
            break;
        case OP_EACH:
            assert(vm->depth < program->depth);
            frame = &vm->stack[vm->depth++];
            *frame = (struct frame){.rest = vm->now};
            vm->now = head_of(&frame->rest);
            break;
        case OP_NEXT:
            done_append(batch, frame, vm->now);
            if (frame->rest.count) {
                vm->now = head_of(&frame->rest);
                vm->at = at->jump;
                continue;
            }
            vm->now = frame->done;
            vm->depth--;
            break;
        case OP_OUTPUT:
            if (vm->now.count && !offer(vm, program->outputs[at->a], batch)) return VM_PARKED;
            if (!vm->is_direct) break;
            finish(vm, batch);
            return VM_DONE;
        case OP_PROBE:
            program->probes[at->a].hooks->look(program->probes[at->a].opaque, batch, &vm->now);
            break;
        case OP_DONE: finish(vm, batch); return VM_DONE;
        case OP_COUNT: assert(false && "no such opcode");
        }
        vm->at++;
    }
}

enum vm_result vm_run(struct program *program, struct batch *batch) { return run(program, batch, false); }
enum vm_result vm_step(struct program *program, struct batch *batch) { return run(program, batch, true); }

bool vm_flush(struct program *program, struct batch *batch, uint32_t number, bool is_final)
{
    assert(number < program->filter_count);
    struct filter *filter = program->filters[number];
    struct vm *vm = batch->vm ? batch->vm : vm_start(program, batch);
    assert(vm->depth == 0 && (vm->at == 0 || program->running[vm->at].opcode == OP_DONE));
    uint64_t start = now_ns();
    struct outcome *out = outcome_begin(vm, batch, filter);
    filter->type->flush(filter->self, batch, out, is_final);
    run_common(filter, batch, &(struct selection){0}, out);
    count_outcome(filter, out, 0, now_ns() - start);
    if (!out->created) return false;
    vm->at = instruction_find(program, OP_FILTER, number, &vm->depth) + 1;
    assert(vm->depth <= program->depth);
    memset(vm->stack, 0, vm->depth * sizeof *vm->stack);
    vm->now = children_of(batch, out);
    return out->has_more;
}

struct vm_position vm_position(const struct program *program, struct batch *batch)
{
    const struct vm *vm = batch->vm ? batch->vm : vm_start(program, batch);
    assert(vm->at < program->running_count);
    return (struct vm_position){
        .next = &program->running[vm->at],
        .now = vm->now,
        .rest = vm->depth ? vm->stack[vm->depth - 1].rest : (struct selection){0},
    };
}

const struct value *vm_names(const struct batch *batch, const struct event *event)
{
    const struct vm *vm = batch->vm;
    return vm && vm->names && event->index < vm->names_capacity ? names_of(vm, event) : NULL;
}
