/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: names, arguments, blocks, and which methods they can mean. */
#include "core/ruby/parse.h"

struct ruby_node *local_new(struct ruby_parser *p, const struct ruby_variable *variable,
                            size_t start)
{
    struct ruby_node *node = node_new(p, do_local, start);
    node->slot = variable->slot;
    node->name = variable->name;
    if (variable->slot < p->lowest_used) p->lowest_used = variable->slot;
    return node;
}

struct ruby_node *call_new(struct ruby_parser *p, struct ruby_node *self, struct str name,
                           size_t start)
{
    struct ruby_node *node = node_new(p, do_call, self ? self->start : start);
    node->left = self;
    node->name = name;
    node->slot = (uint32_t)start; /* of the name */
    return node;
}

/* Behind a name and blanks: does an argument without parentheses begin? */
bool at_command_argument(struct ruby_parser *p)
{
    if (p->at == 0 || !(p->text.ptr[p->at - 1] == ' ' || p->text.ptr[p->at - 1] == '\t')) {
        if (peek(p) != ' ' && peek(p) != '\t') return false;
        skip_blanks(p);
    }
    char c = peek(p), next = peek_at(p, p->at + 1);
    static const char *const words[] = {"if", "unless", "while", "until", "rescue", "and",
                                        "or", "then",   "do",    "end",   "in",     NULL};
    for (uint32_t i = 0; words[i]; i++)
        if (at_word(p, words[i])) return false;
    if (is_name(c) || c == '"' || c == '\'' || c == '@' || c == '$') return true;
    if (c == ':') return is_letter(next) || next == '"';
    if (c == '[' || (c == '-' && next == '>')) return true;
    bool is_tight = next != ' ' && next != '=' && next != '\t' && next != '\n';
    if (c == '-' || c == '*' || c == '&' || c == '/' || c == '!')
        return is_tight && !(c == '&' && (next == '&' || next == '.')) &&
               !(c == '*' && next == '*');
    return c == '%' && (next == 'w' || next == 'q') && !is_name(peek_at(p, p->at + 2));
}

static bool argument_read(struct ruby_parser *p, struct ruby_node *call, struct node_list *list)
{
    if (call->block_value)
        return read_error(p, p->at, p->at + 1, "nothing can stand behind the block"), false;
    if (peek(p) == '&') {
        p->at++;
        skip_blanks(p);
        return (call->block_value = read_ternary(p)) != NULL;
    }
    if (peek(p) == '*') {
        read_error(p, p->at, p->at + 1, "`*` before an argument is not supported");
        return read_hint(p, "write the arguments out"), false;
    }
    struct ruby_node *argument = at_pair(p) ? NULL : read_expression(p);
    if (p->has_failed) return false;
    size_t here = p->at;
    skip_space(p);
    if (!argument || looking_at(p, "=>")) {
        argument = read_pairs(p, argument, false);
        here = p->at;
    }
    p->at = here;
    if (!argument) return false;
    if (list->count >= RUBY_ARGUMENTS_MAX)
        return read_error(p, argument->start, p->at, "a call takes at most %d arguments",
                          RUBY_ARGUMENTS_MAX),
               false;
    node_add(p, list, argument);
    return true;
}

static bool arguments_read(struct ruby_parser *p, struct ruby_node *call, bool has_parens)
{
    struct node_list list = {0};
    bool no_do = p->no_do;
    p->no_do = !has_parens;
    if (has_parens) skip_space(p);
    if (!has_parens || peek(p) != ')')
        for (;;) {
            if (!argument_read(p, call, &list)) return false;
            if (has_parens)
                skip_space(p);
            else
                skip_blanks(p);
            if (!take_sign(p, ",")) break;
            skip_space(p);
            if (has_parens && peek(p) == ')') break;
        }
    p->no_do = no_do;
    if (has_parens && !want_sign(p, ")")) return false;
    call->items = list.items;
    call->count = list.count;
    return true;
}

/* ---- blocks ---- */
static bool param_read(struct ruby_parser *p, struct ruby_param *param)
{
    *param = (struct ruby_param){0};
    skip_space(p);
    if (peek(p) == '(') {
        struct ruby_param *parts = NULL;
        if (p->nest >= RUBY_NEST_MAX)
            return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX), false;
        p->at++;
        p->nest++;
        if (!read_params(p, ")", &parts, &param->part_count)) return false;
        p->nest--;
        param->parts = parts;
        return true;
    }
    if (take_sign(p, "*")) param->is_rest = true;
    if (peek(p) == '&')
        return read_error(p, p->at, p->at + 1, "a block as a parameter is not supported"), false;
    struct str name = name_at(p, p->at);
    size_t start = p->at;
    if (param->is_rest && !name.len)
        name = STR("");
    else if (!name.len || is_keyword(name))
        return read_error(p, start, start + 1, "the name of a parameter is expected here"), false;
    p->at += name.len;
    if (!variable_make(p, name, &param->slot)) return false;
    p->variables[p->visible - 1].is_param = true;
    if (peek(p) == ':')
        return read_error(p, start, p->at + 1, "parameters by name are not supported"), false;
    skip_blanks(p);
    if (peek(p) == '=' && !param->is_rest) {
        p->at++;
        skip_blanks(p);
        /* `|a = 1|`: no `|` within */
        struct ruby_node *preset = read_primary(p);
        param->preset = preset;
        return preset != NULL;
    }
    return true;
}

bool read_params(struct ruby_parser *p, const char *close, struct ruby_param **params,
                 uint32_t *count)
{
    *params = arena_zalloc(p->arena, RUBY_ARGUMENTS_MAX * sizeof **params);
    *count = 0;
    bool is_line = close[0] == '\n';
    bool has_rest = false;
    for (skip_blanks(p);; skip_blanks(p)) {
        if (!is_line) skip_space(p);
        if (is_line ? (peek(p) == '\n' || peek(p) == ';' || at_end(p)) : take_sign(p, close))
            return true;
        if (take_sign(p, ";")) { /* variables of the block's own */
            for (skip_blanks(p); is_letter(peek(p)); skip_blanks(p)) {
                uint32_t slot;
                struct str name = name_at(p, p->at);
                p->at += name.len;
                if (!variable_make(p, name, &slot)) return false;
                skip_blanks(p);
                take_sign(p, ",");
            }
            return want_sign(p, close);
        }
        if (*count >= RUBY_ARGUMENTS_MAX)
            return read_error(p, p->at, p->at + 1, "there are more than %d parameters",
                              RUBY_ARGUMENTS_MAX),
                   false;
        if (!param_read(p, &(*params)[*count])) return false;
        if ((*params)[*count].is_rest && has_rest)
            return read_error(p, p->at - 1, p->at, "a second `*` takes nothing"), false;
        has_rest |= (*params)[*count].is_rest;
        (*count)++;
        skip_blanks(p);
        if (take_sign(p, ",")) continue;
        if (is_line || (!is_line && peek(p) == ';')) continue;
        return want_sign(p, close);
    }
}

/* At `{` or `do`. */
struct ruby_block *read_block(struct ruby_parser *p)
{
    struct ruby_block *block = arena_zalloc(p->arena, sizeof *block);
    size_t start = p->at;
    bool has_brace = take_sign(p, "{");
    if (!has_brace) take_word(p, "do");
    if (p->nest >= RUBY_NEST_MAX)
        return read_error(p, start, start + 1, "nested more than %d deep", RUBY_NEST_MAX), NULL;
    uint32_t visible = p->visible, lowest = p->lowest_used, loops = p->loops;
    p->lowest_used = UINT32_MAX;
    block->first = p->slots;
    p->loops = 0;
    p->blocks++;
    p->nest++;
    struct ruby_param *params = NULL;
    skip_space(p);
    if (take_sign(p, "|") && !read_params(p, "|", &params, &block->param_count)) return NULL;
    block->params = params;
    if (has_brace) {
        block->body = read_statements(p);
        if (!block->body || !want_sign(p, "}")) return NULL;
    } else if (!(block->body = read_body_of_block(p, start)))
        return NULL;
    p->nest--;
    p->blocks--;
    p->loops = loops;
    block->end = p->slots;
    block->is_free = p->lowest_used >= block->first;
    if (lowest < p->lowest_used) p->lowest_used = lowest;
    p->visible = visible;
    return block;
}

static struct ruby_node *lambda_new(struct ruby_parser *p, struct ruby_block *block, bool is_lambda,
                                    size_t start)
{
    if (!block) return NULL;
    block->is_lambda = is_lambda;
    struct ruby_node *node = node_new(p, do_lambda, start);
    node->block = block;
    if (p->blocks && !block->is_free)
        return read_error(p, start, start + 2,
                          "a lambda within a block cannot use the block's variables");
    return node;
}

/* Behind `->`. */
struct ruby_node *read_lambda(struct ruby_parser *p, size_t start)
{
    struct ruby_param *params = NULL;
    uint32_t count = 0, visible = p->visible, first = p->slots, lowest = p->lowest_used;
    skip_blanks(p);
    if (take_sign(p, "(") && !read_params(p, ")", &params, &count)) return NULL;
    skip_blanks(p);
    if (peek(p) != '{' && !at_word(p, "do"))
        return read_error(p, p->at, p->at + 1, "`{` is expected here");
    p->lowest_used = UINT32_MAX;
    struct ruby_block *block = read_block(p);
    if (!block) return NULL;
    if (count) {
        block->params = params;
        block->param_count = count;
        block->first = first;
        block->is_free = p->lowest_used >= first;
    }
    if (lowest < p->lowest_used) p->lowest_used = lowest;
    p->visible = visible;
    return lambda_new(p, block, true, start);
}

/* ---- which method ---- */
static const struct {
    const char *name, *hint;
} method_hints[] = {
    {"puts", "leave it out; `tailrace tap` shows events"},
    {"print", "leave it out; `tailrace tap` shows events"},
    {"p", "leave it out; `tailrace tap` shows events"},
    {"logger", "leave it out; `tailrace tap` shows events"},
    {"initialize", "event.set each field"},
    {"overwrite", "event.set each field"},
    {"system", "commands of the system cannot be run"},
    {"eval", "write the code out"},
    {"send", "call the method by its name"},
    {"sleep", "a filter must not wait"},
    {"gsub_file", "files cannot be read"},
    {"open", "files cannot be read"},
    {"unpack", "use to_i(16), hex or scan"},
    {"unpack1", "use to_i(16), hex or scan"},
    {"pack", "use [list].map { |n| n.chr }.join"},
};

/* `event` itself: it is known what it is. */
static bool is_event(const struct ruby_parser *p, const struct ruby_node *node)
{
    return node && node->run == do_local && node->slot == 0 && !p->defs && !p->is_script &&
           p->part == RUBY_CODE && str_eq(node->name, STR("event"));
}

static bool event_has(const struct ruby_parser *p, const struct ruby_node *call)
{
    bool has = !is_event(p, call->left);
    for (uint32_t i = 0; call->natives[i]; i++)
        has |= (call->natives[i]->kinds & IS(RUBY_EVENT)) != 0;
    return has;
}

static struct ruby_node *method_unknown(struct ruby_parser *p, struct ruby_node *call)
{
    enum { NAMES_MAX = 900 };
    struct str name = call->name, names[NAMES_MAX];
    size_t start = call->slot, count = 0;
    bool is_class =
        call->left && call->left->run == do_value && call->left->value.kind == RUBY_CLASS;
    if (is_class)
        read_error(p, call->left->start, start + name.len, "`%.*s.%.*s` is not supported",
                   STR_ARG(ruby_text(call->left->value)), STR_ARG(name));
    else if (!call->left && !call->count && !call->is_parenthesized)
        read_error(p, start, start + name.len, "there is no variable or method `%.*s`",
                   STR_ARG(name));
    else if (is_event(p, call->left))
        read_error(p, start, start + name.len, "`event` has no method `%.*s` here", STR_ARG(name));
    else
        read_error(p, start, start + name.len, "the method `%.*s` is not supported", STR_ARG(name));
    unsigned kinds = is_event(p, call->left) ? IS(RUBY_EVENT) : IS_ANY;
    for (size_t i = 0; i < sizeof method_hints / sizeof *method_hints; i++)
        if (str_eq_z(name, method_hints[i].name))
            return read_hint(p, "%s", method_hints[i].hint), NULL;
    for (uint32_t i = 0; call->left && ruby_methods[i]; i++)
        for (const struct ruby_native *native = ruby_methods[i]; native->name && count < NAMES_MAX;
             native++)
            if (!is_class == !native->class_name && (is_class || (native->kinds & kinds)))
                names[count++] = str_of(native->name);
    for (uint32_t i = p->visible_from; !call->left && i < p->visible && count < NAMES_MAX; i++)
        names[count++] = p->variables[i].name;
    struct str near = count ? suggest(name, names, count) : STR("");
    if (near.len) read_hint(p, "did you mean `%.*s`?", STR_ARG(near));
    return NULL;
}

/* The rows that can be meant; NULL-ended. */
static const struct ruby_native **natives_find(struct ruby_parser *p, const struct ruby_node *call,
                                               struct str name)
{
    const struct ruby_native *found[32];
    uint32_t count = 0;
    bool is_class =
        call->left && call->left->run == do_value && call->left->value.kind == RUBY_CLASS;
    for (uint32_t i = 0; ruby_methods[i]; i++)
        for (const struct ruby_native *native = ruby_methods[i]; native->name; native++) {
            bool fits = !native->class_name == (call->left && !is_class);
            if (is_class)
                fits = native->class_name &&
                       str_eq_z(ruby_text(call->left->value), native->class_name);
            if (is_class && (native->kinds & IS(RUBY_CLASS)) && !native->class_name) fits = true;
            if (!call->left) fits = native->class_name && !strcmp(native->class_name, "Kernel");
            if (fits && str_eq_z(name, native->name) && count < 31) found[count++] = native;
        }
    found[count++] = NULL;
    const struct ruby_native **natives = arena_alloc(p->arena, count * sizeof *natives);
    memcpy(natives, found, count * sizeof *natives);
    return natives[0] ? natives : NULL;
}

static struct ruby_node *arguments_check(struct ruby_parser *p, struct ruby_node *call)
{
    int least = 99, most = -1;
    bool can_block = false, can_without = false, has_block = call->block || call->block_value;
    for (uint32_t i = 0; call->natives[i]; i++) {
        const struct ruby_native *native = call->natives[i];
        int max = native->most < 0 ? RUBY_ARGUMENTS_MAX : native->most;
        if (native->least < least) least = native->least;
        if (max > most) most = max;
        can_block |= native->block != BLOCK_NONE;
        can_without |= native->block != BLOCK_MUST;
    }
    size_t start = call->slot, end = start + call->name.len;
    if ((int)call->count < least || (int)call->count > most)
        return read_error(p, start, end, "`%.*s` does not take %u arguments", STR_ARG(call->name),
                          call->count);
    if (has_block && !can_block)
        return read_error(p, start, end, "`%.*s` takes no block here", STR_ARG(call->name));
    if (!has_block && !can_without)
        return read_error(p, start, end, "`%.*s` needs a block here", STR_ARG(call->name));
    return call;
}

/* A field reference that is written out is compiled. */
static struct ruby_node *reference_check(struct ruby_parser *p, struct ruby_node *call)
{
    static const char *const names[] = {"get", "set", "remove", "include?"};
    bool takes = false;
    for (uint32_t i = 0; i < 4; i++) takes |= str_eq_z(call->name, names[i]);
    if (!takes || !call->count || call->items[0]->run != do_value ||
        call->items[0]->value.kind != VALUE_STRING)
        return call;
    bool is_include = call->name.len == 8;
    struct str text = ruby_text(call->items[0]->value);
    struct path *path = arena_zalloc(p->arena, sizeof *path);
    if (path_compile(path, text, p->arena))
        call->path = path;
    else if (!is_include)
        return read_error(p, call->items[0]->start, call->items[0]->end,
                          "`%.*s` is not a field reference", STR_ARG(text));
    if (str_eq(call->name, STR("get")) && call->count == 1) call->run = do_event_get;
    if (str_eq(call->name, STR("set")) && call->count == 2) call->run = do_event_set;
    return call;
}

static bool is_bang(struct str name)
{
    static const char *const names[] = {"gsub",
                                        "sub",
                                        "strip",
                                        "lstrip",
                                        "rstrip",
                                        "chomp",
                                        "chop",
                                        "upcase",
                                        "downcase",
                                        "capitalize",
                                        "swapcase",
                                        "squeeze",
                                        "tr",
                                        "delete",
                                        "reverse",
                                        "map",
                                        "collect",
                                        "select",
                                        "filter",
                                        "reject",
                                        "uniq",
                                        "compact",
                                        "flatten",
                                        "sort",
                                        "sort_by",
                                        "merge",
                                        "transform_values",
                                        "transform_keys",
                                        "scrub",
                                        "slice",
                                        "shuffle",
                                        "encode",
                                        NULL};
    for (uint32_t i = 0; names[i]; i++)
        if (str_eq_z(name, names[i])) return true;
    return false;
}

static struct ruby_node *bang_check(struct ruby_parser *p, struct ruby_node *call)
{
    struct str base = str_slice(call->name, 0, call->name.len - 1);
    if (!call->left || !is_bang(base) || !(call->natives = natives_find(p, call, base)))
        return method_unknown(p, call);
    bool is_text = true;
    for (uint32_t i = 0; call->natives[i]; i++)
        is_text &= !(call->natives[i]->kinds & (IS_LIST | IS_HASH));
    const struct ruby_variable *variable =
        call->left->run == do_local ? variable_find(p, call->left->name) : NULL;
    size_t start = call->slot, end = start + call->name.len;
    if (call->left->run == do_event_get) {
        read_error(p, start, end, "`%.*s` does not change the field: event.get gives a copy",
                   STR_ARG(call->name));
        return read_hint(p, "event.set(name, event.get(name).%.*s)", STR_ARG(base)), NULL;
    }
    if (is_text && variable && variable->is_param && p->blocks) {
        read_error(p, start, end, "`%.*s` does not change the text in the list",
                   STR_ARG(call->name));
        return read_hint(p, "make a new list: map { |x| x.%.*s }", STR_ARG(base)), NULL;
    }
    call->run = do_bang;
    return arguments_check(p, call);
}

struct ruby_node *call_check(struct ruby_parser *p, struct ruby_node *call)
{
    if (p->has_failed) return NULL;
    if (!call->left) {
        if ((call->natives = natives_find(p, call, call->name))) return arguments_check(p, call);
        node_add(p, p->pending, call);
        return call;
    }
    if ((call->natives = natives_find(p, call, call->name)) && event_has(p, call)) {
        if (!arguments_check(p, call)) return NULL;
        return reference_check(p, call);
    }
    if (call->name.len > 1 && call->name.ptr[call->name.len - 1] == '!') return bang_check(p, call);
    return method_unknown(p, call);
}

bool call_check_later(struct ruby_parser *p)
{
    for (uint32_t i = 0; i < p->pending->count && !p->has_failed; i++) {
        struct ruby_node *call = p->pending->items[i];
        if (call->run != do_call || call->left) continue; /* it became a variable */
        struct ruby_def *def = p->ruby->defs;
        while (def && !str_eq(def->name, call->name)) def = def->next;
        if (!def) return method_unknown(p, call), false;
        size_t start = call->slot, end = start + call->name.len;
        bool has_rest = false;
        for (uint32_t n = 0; n < def->param_count; n++) has_rest |= def->params[n].is_rest;
        if (call->count < def->required || (call->count > def->param_count && !has_rest))
            return read_error(p, start, end, "`%.*s` does not take %u arguments",
                              STR_ARG(call->name), call->count),
                   false;
        if (call->block || call->block_value)
            return read_error(p, start, end, "`%.*s` takes no block here", STR_ARG(call->name)),
                   false;
        call->run = do_call_def;
        call->def = def;
    }
    return !p->has_failed;
}

/* ---- the rest of a call, and what is called behind it ---- */
struct ruby_node *read_call_rest(struct ruby_parser *p, struct ruby_node *call)
{
    if (peek(p) == '(') {
        p->at++;
        call->is_parenthesized = true;
        if (!arguments_read(p, call, true)) return NULL;
    } else {
        size_t here = p->at;
        if (at_command_argument(p)) {
            if (!arguments_read(p, call, false)) return NULL;
        } else
            p->at = here;
    }
    call->end = (uint32_t)p->at;
    size_t here = p->at;
    skip_blanks(p);
    bool can_brace = peek(p) == '{' && (call->is_parenthesized || !call->count);
    if ((can_brace || (at_word(p, "do") && !p->no_do)) && !call->block_value) {
        if (!(call->block = read_block(p))) return NULL;
        call->end = (uint32_t)p->at;
    } else
        p->at = here;
    return call_check(p, call);
}

/* `map.with_index`: both at once. */
static struct str joined_name(struct ruby_parser *p, struct str name)
{
    static const char *const firsts[] = {"map", "each", "select", "reject", "flat_map"};
    for (uint32_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
        if (str_eq_z(name, firsts[i]) &&
            (take_sign(p, ".with_index") || take_sign(p, ".each_with_index")))
            return arena_printf(p->arena, "%s.with_index", firsts[i]);
    return name;
}

static const struct ruby_local *record_of(const struct ruby_parser *p, const struct ruby_node *node)
{
    if (node->run != do_local) return NULL;
    for (uint32_t i = 0; i < p->ruby->local_count; i++)
        if (str_eq_z(node->name, p->ruby->locals[i].name))
            return p->ruby->locals[i].attributes ? &p->ruby->locals[i] : NULL;
    return NULL;
}

static bool at_assign(struct ruby_parser *p)
{
    size_t here = p->at;
    skip_blanks(p);
    char c = peek(p), next = peek_at(p, p->at + 1);
    bool found = c == '=' && next != '=' && next != '~' && next != '>';
    p->at = here;
    return found;
}

static struct ruby_node *read_method(struct ruby_parser *p, struct ruby_node *self, bool is_safe)
{
    skip_space(p);
    size_t start = p->at;
    struct str name = name_at(p, start);
    if (peek(p) == '(') {
        name = STR("call");
    } else if (!name.len) {
        return read_error(p, start, start + 1, "the name of a method is expected here");
    } else {
        p->at += name.len;
        char c = peek(p), next = peek_at(p, p->at + 1);
        if (c == '?' || (c == '!' && next != '=' && next != '~'))
            p->at++, name.len++;
    }
    const struct ruby_local *record = record_of(p, self);
    bool is_attribute = record || (str_eq(name, STR("timestamp")) && at_assign(p));
    for (uint32_t i = 0; record && record->attributes[i]; i++)
        if (str_eq_z(name, record->attributes[i])) record = NULL;
    if (record)
        return read_error(p, start, p->at, "`%s` has no `%.*s`", record->name, STR_ARG(name));
    if (is_attribute) {
        struct ruby_node *node = node_new(p, do_attribute, self->start);
        node->left = self;
        node->name = name;
        return node;
    }
    name = joined_name(p, name);
    struct ruby_node *call = call_new(p, self, name, start);
    call->is_safe = is_safe;
    return read_call_rest(p, call);
}

struct ruby_node *read_postfix(struct ruby_parser *p, struct ruby_node *node)
{
    for (uint32_t links = 0; node; links++) {
        size_t here = p->at;
        char c = peek(p);
        if (links > RUBY_NEST_MAX)
            return read_error(p, p->at, p->at + 1, "nested more than %d deep", RUBY_NEST_MAX);
        if (c == '[' || (node->run == do_local && c == ' ' && peek_at(p, p->at + 1) == '[')) {
            skip_blanks(p);
            struct ruby_node *call = node_new(p, do_call_index, node->start);
            struct ruby_node *list = read_list(p);
            if (!list) return NULL;
            if (!list->count || list->count > 2)
                return read_error(p, list->start, p->at, "one or two values are expected here");
            if (node->run == do_value && node->value.kind == RUBY_CLASS) {
                if (!str_eq(ruby_text(node->value), STR("Hash")) || list->count != 1)
                    return read_error(p, node->start, p->at, "this is not supported");
                struct ruby_node *hash = call_new(p, node, STR("[]"), list->start);
                hash->items = list->items;
                hash->count = 1;
                if (!(node = node_done(p, call_check(p, hash)))) return NULL;
                continue;
            }
            call->left = node;
            call->items = list->items;
            call->count = list->count;
            call->name = STR("[]");
            node = node_done(p, call);
            continue;
        }
        skip_space(p);
        bool is_dot = peek(p) == '.' && peek_at(p, p->at + 1) != '.';
        if (looking_at(p, "&.")) {
            p->at += 2;
            node = read_method(p, node, true);
        } else if (is_dot) {
            p->at++;
            node = read_method(p, node, false);
        } else if (looking_at(p, "::") && !is_upper(peek_at(p, p->at + 2)) && p->at == here) {
            return read_error(p, p->at, p->at + 2, "use `.` to call a method");
        } else {
            p->at = here;
            return node;
        }
    }
    return NULL;
}

static struct ruby_node *read_defined(struct ruby_parser *p, size_t start)
{
    struct ruby_node *node = node_new(p, do_defined, start);
    bool has_parens = take_sign(p, "(");
    skip_blanks(p);
    struct str name = name_at(p, p->at);
    if (name.len && !variable_find(p, name)) { /* a name that nothing is known of */
        p->at += name.len;
        node = node_value(p, value_null(), start);
    } else if (!(node->left = read_primary(p)))
        return NULL;
    if (has_parens && !want_sign(p, ")")) return NULL;
    return node_done(p, node);
}

struct ruby_node *read_name(struct ruby_parser *p)
{
    size_t start = p->at;
    struct str name = name_at(p, start);
    const struct ruby_variable *variable = variable_find(p, name);
    if (str_eq(name, STR("defined")) && peek_at(p, start + name.len) == '?')
        return p->at += name.len + 1, read_defined(p, start);
    if (is_keyword(name)) return read_word(p, name);
    p->at += name.len;
    if (variable && peek(p) != '(') return local_new(p, variable, start);
    if (str_eq(name, STR("new_event_block")))
        return node_value(p, ruby_of_pointer(RUBY_NEW_EVENT, NULL), start);
    char c = peek(p), next = peek_at(p, p->at + 1);
    if ((c == '?' || c == '!') && next != '=' && next != '~') p->at++, name.len++;
    bool is_lambda = str_eq(name, STR("lambda")), is_loop = str_eq(name, STR("loop"));
    if (is_lambda || is_loop || str_eq(name, STR("proc"))) {
        skip_blanks(p);
        if (peek(p) == '{' || at_word(p, "do")) {
            struct ruby_block *block = read_block(p);
            if (!is_loop) return lambda_new(p, block, is_lambda, start);
            struct ruby_node *node = node_new(p, do_loop, start);
            node->block = block;
            return block ? node : NULL;
        }
    }
    return read_call_rest(p, call_new(p, NULL, name, start));
}
