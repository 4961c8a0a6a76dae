/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text/stack_trace.h"
#include "core/text/level.h"

enum { LEVEL_SEARCH_BYTES = 200 }; /* of a line, in which its logger says the level */

/* What the lines before were. */
enum state {
    NOTHING,
    PLAIN,        /* no trace */
    PLAIN_SEVERE, /* … and its level is WARN or above: its trace may follow */
    HEAD,         /* an exception's name and text */
    FRAMES,       /* of Java, .NET, JavaScript */
    PYTHON,       /* frames */
    PYTHON_END,   /* its exception */
    PYTHON_LINK,  /* `During handling of the above exception, …` */
    GO,
    SCRIPT_PLACE, /* JavaScript, uncaught: the place … */
    SCRIPT_LINE,  /* … its source line … */
    SCRIPT_CARET, /* … and where in it */
    PHP,
    RUBY,
};

/* ---- parts of lines ---- */

static bool is_indented(struct str line) { return line.ptr[0] == ' ' || line.ptr[0] == '\t'; }

static struct str without_indent(struct str line)
{
    while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) line = str_from(line, 1);
    return line;
}

static struct str without_return(struct str line)
{
    return str_ends(line, STR("\r")) ? str_slice(line, 0, line.len - 1) : line;
}

static bool starts_any(struct str line, const char *const *heads)
{
    for (; *heads; heads++)
        if (str_starts(line, str_of(*heads))) return true;
    return false;
}

static bool contains(struct str line, const char *text) { return str_find(line, str_of(text)) >= 0; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$' || c == '.'; }

/* Bytes of a dotted name at the start. */
static size_t name_length(struct str line)
{
    size_t len = 0;
    if (!line.len || is_digit(line.ptr[0]) || line.ptr[0] == '.') return 0;
    while (len < line.len && is_name_char(line.ptr[len])) len++;
    return len;
}

/* `number` after `at`, not empty; returns the place behind it, or 0. */
static size_t digits_end(struct str line, size_t at)
{
    size_t end = at;
    while (end < line.len && is_digit(line.ptr[end])) end++;
    return end > at ? end : 0;
}

static bool is_severe(struct str line)
{
    struct str head = str_slice(line, 0, line.len < LEVEL_SEARCH_BYTES ? line.len : LEVEL_SEARCH_BYTES);
    for (size_t at = 0; at < head.len;) {
        size_t end = at;
        while (end < head.len && is_letter(head.ptr[end])) end++;
        struct str word = str_slice(head, at, end);
        if (word.len > 2 && level_at_least(level_of_name(word), LEVEL_WARN)) return true;
        at = end + 1;
    }
    return false;
}

/* ---- lines of each language ---- */

/* `java.io.IOException: text`: a dotted name that ends as exceptions do. */
static bool is_java_head(struct str line)
{
    struct str name = str_slice(line, 0, name_length(line));
    bool is_whole = name.len == line.len || line.ptr[name.len] == ':' || line.ptr[name.len] == ' ';
    return is_whole && contains(name, ".") &&
           (str_ends(name, STR("Exception")) || str_ends(name, STR("Error")) || str_ends(name, STR("Throwable")));
}

/* `... 12 more`, `... 3 common frames omitted` */
static bool is_java_rest(struct str line)
{
    if (!str_starts(line, STR("... "))) return false;
    size_t end = digits_end(line, 4);
    struct str rest = end ? str_from(line, end) : (struct str){0};
    return str_starts(rest, STR(" more")) || str_starts(rest, STR(" common frames"));
}

static bool is_frame(struct str line)
{
    static const char *const causes[] = {"Caused by: ", "Suppressed: ", "Wrapped by: ", "--- End of ", NULL};
    struct str text = without_indent(line);
    if (starts_any(text, causes)) return true;
    bool is_one = str_starts(text, STR("at ")) || str_starts(text, STR("---> ")) || is_java_rest(text);
    return is_indented(line) && is_one;
}

/* `ValueError: text`, `KeyboardInterrupt`, `shop.errors.NoStock` */
static bool is_python_end(struct str line)
{
    size_t len = name_length(line);
    return len && (len == line.len || line.ptr[len] == ':');
}

/* Python's line in front of its frames, and of exception groups. */
static bool is_python_begin(struct str line) { return contains(line, "Traceback (most recent call last):"); }

static bool is_go_routine(struct str line)
{
    if (!str_starts(line, STR("goroutine "))) return false;
    size_t end = digits_end(line, 10);
    return end && str_starts(str_from(line, end), STR(" ["));
}

/* `main.(*Shop).take(0xc000012345, 0x1)`, `created by main.main`, registers, the end. */
static bool is_go_line(struct str line)
{
    static const char *const others[] = {"created by ", "exit status ", "[signal ", "[originating from ",
                                         "runtime stack:", "...additional frames elided...", NULL};
    if (starts_any(line, others)) return true;
    ptrdiff_t open = str_find(line, STR("(")), blank = str_find(line, STR(" "));
    bool is_call = open > 0 && str_ends(line, STR(")")) &&
                   (blank < 0 || open < blank || line.ptr[open + 1] == '*');
    bool is_register = line.ptr[0] == 'r' && blank > 0 && contains(line, " 0x");
    return is_call || is_register;
}

/* `/app/shop.js:42`, `node:internal/modules:936` */
static bool is_script_place(struct str line)
{
    size_t colon = line.len;
    while (colon && line.ptr[colon - 1] != ':') colon--;
    if (!colon || digits_end(line, colon) != line.len) return false;
    struct str file = str_slice(line, 0, colon - 1);
    bool is_script = str_ends(file, STR(".js")) || str_ends(file, STR(".ts")) || str_ends(file, STR("js"));
    return str_starts(file, STR("node:")) || (is_script && str_find(file, STR(" ")) < 0 && contains(file, "."));
}

static bool is_caret(struct str line)
{
    struct str text = without_indent(line);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '^' && text.ptr[i] != ' ') return false;
    return text.len > 0;
}

/* `#0 /app/shop.php(42): take()`; lines of Xdebug and Laravel; `Next Exception: …` */
static bool is_php_line(struct str line)
{
    static const char *const others[] = {"[previous exception]", "Next ", "\"}", "{main}", NULL};
    bool is_frame = line.ptr[0] == '#' && digits_end(line, 1);
    return is_frame || starts_any(line, others) || contains(line, "] PHP  ");
}

static bool is_php_begin(struct str line)
{
    return str_eq(line, STR("Stack trace:")) || str_eq(line, STR("[stacktrace]")) ||
           str_ends(line, STR("PHP Stack trace:"));
}

/* `app/shop.rb:42:in `take'`, without a text behind it. */
static bool is_ruby_frame(struct str line)
{
    struct str text = without_indent(line);
    if (is_indented(line) && str_starts(text, STR("from "))) return true;
    ptrdiff_t in = str_find(text, STR(":in "));
    if (in <= 0 || !is_digit(text.ptr[in - 1]) || str_find(str_slice(text, 0, (size_t)in), STR(" ")) >= 0)
        return false;
    return str_ends(text, STR("'")) || str_ends(text, STR("`"));
}

/* `shop.rb:42:in `take': no stock (RuntimeError)` */
static bool is_ruby_head(struct str line)
{
    ptrdiff_t in = str_find(line, STR(":in "));
    return in > 0 && is_digit(line.ptr[in - 1]) && contains(line, "': ");
}

/* ---- what follows what ---- */

static uint32_t begin_of(struct str line)
{
    if (is_python_begin(line)) return PYTHON;
    if (is_go_routine(line) || str_starts(line, STR("panic: ")) || str_starts(line, STR("fatal error: "))) return GO;
    if (is_java_head(line) || str_starts(line, STR("Exception in thread "))) return HEAD;
    if (is_script_place(line)) return SCRIPT_PLACE;
    return is_severe(line) ? PLAIN_SEVERE : PLAIN;
}

/* Lines that go on with whatever came before; NOTHING: this is none of them. */
static uint32_t joins_anything(struct str line, uint32_t before)
{
    if (is_frame(line)) return FRAMES;
    if (is_php_begin(line)) return PHP;
    if (is_ruby_frame(line)) return before == PYTHON ? PYTHON : RUBY;
    if (is_go_routine(line) && (before == PLAIN || before == PLAIN_SEVERE || before == GO)) return GO;
    if (before == PLAIN_SEVERE && (is_java_head(line) || is_python_begin(line)))
        return is_python_begin(line) ? PYTHON : HEAD;
    return NOTHING;
}

static uint32_t after_python(struct str line, uint32_t before)
{
    static const char *const links[] = {"During handling of the above exception, ",
                                        "The above exception was the direct cause ", NULL};
    switch (before) {
    case PYTHON: return is_python_end(line) || is_ruby_head(line) ? PYTHON_END : NOTHING;
    case PYTHON_END: return starts_any(line, links) ? PYTHON_LINK : NOTHING;
    default: return is_python_begin(line) ? PYTHON : NOTHING;
    }
}

static uint32_t after_script(struct str line, uint32_t before)
{
    switch (before) {
    case SCRIPT_PLACE: return SCRIPT_LINE;
    case SCRIPT_LINE: return is_caret(line) ? SCRIPT_CARET : NOTHING;
    default: return HEAD;
    }
}

/* The state behind a line that goes on with the trace before it; NOTHING: it begins a record. */
static uint32_t goes_on(struct str line, uint32_t before)
{
    uint32_t joined = before == NOTHING ? NOTHING : joins_anything(line, before);
    if (joined) return joined;
    bool is_source = before == SCRIPT_PLACE || before == SCRIPT_LINE;
    if (before >= HEAD && is_indented(line) && !is_source) return before;
    switch (before) {
    case FRAMES: return str_eq(line, STR("}")) || str_starts(line, STR("Node.js v")) ? FRAMES : NOTHING;
    case PYTHON:
    case PYTHON_END:
    case PYTHON_LINK: return after_python(line, before);
    case GO: return is_go_line(line) ? GO : NOTHING;
    case SCRIPT_PLACE:
    case SCRIPT_LINE:
    case SCRIPT_CARET: return after_script(line, before);
    case PHP: return is_php_line(line) ? PHP : NOTHING;
    default: return NOTHING;
    }
}

bool stack_trace_goes_on(struct str line, uint32_t *state)
{
    line = without_return(line);
    if (!line.len) return *state >= HEAD;
    uint32_t next = goes_on(line, *state);
    *state = next ? next : begin_of(line);
    return next != NOTHING;
}
