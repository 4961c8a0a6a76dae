/* SPDX-License-Identifier: Apache-2.0 */
/* xml: fields of what XPath expressions find in an XML text, and its whole as a value. Engine: core/text/xml.h.
 * Expressions are tried on texts that are not well formed, too, as far as those can be read; the value is made
 * of sound ones only. Texts with a DTD's declarations (entities and the like) are refused: see there. */
#include "core/text/xml.h"
#include "core/plugin.h"

struct expression {
    struct xml_path *path;
    struct path field;
};

struct xml_filter {
    struct path source, target;
    bool store_xml, remove_namespaces, force_array, force_content, suppress_empty;
    struct str_pairs xpath, namespaces;
    struct str_list parse_options;

    struct expression *expressions;
    uint32_t expression_count;
    struct xml_name *names;
    bool is_strict;
};

static const struct option xml_options[] = {
    OPTION_PATH(struct xml_filter, source, .required = true, .help = "Field that holds the XML text."),
    OPTION_PATH(struct xml_filter, target, .help = "Field for the document as a value; needed with store_xml."),
    OPTION_BOOL(struct xml_filter, store_xml, .preset = "true", .help = "Whether the document is stored in `target`."),
    OPTION_PAIRS(struct xml_filter, xpath,
                 .help = "XPath expressions and the field for what each finds: \"/e/host/text()\" => \"host\"."),
    OPTION_PAIRS(struct xml_filter, namespaces,
                 .help = "Prefixes in expressions and their URIs; preset: those of the document's root."),
    OPTION_BOOL(struct xml_filter, remove_namespaces, .preset = "false",
                .help = "Whether expressions see the names without their namespaces."),
    OPTION_BOOL(struct xml_filter, force_array, .preset = "true",
                .help = "Whether elements and what is found are arrays even when there is one."),
    OPTION_BOOL(struct xml_filter, force_content, .preset = "false",
                .help = "Whether text is stored as {\"content\": text} even without attributes."),
    OPTION_BOOL(struct xml_filter, suppress_empty, .preset = "true", .help = "Whether empty elements are left out."),
    OPTION_STRINGS(struct xml_filter, parse_options,
                   .help = "`strict`: expressions are not tried on texts that are not well formed."),
    OPTION_END};

/* ---- one event ---- */

/* The text to read. False: nothing is to be done; *fault says whether that is a fault. */
static bool source_text(const struct xml_filter *self, const struct event *event, struct str *text, bool *is_fault)
{
    const struct value *source = path_get(&self->source, event);
    *is_fault = false;
    if (!source || source->kind == VALUE_NULL) return false;
    if (source->kind == VALUE_ARRAY && source->array->count == 1) source = source->array->items;
    *is_fault = source->kind != VALUE_STRING;
    if (*is_fault) return false;
    *text = value_text(source);
    for (size_t i = 0; i < text->len; i++)
        if (!is_blank(text->ptr[i])) return true;
    return false;
}

static bool expressions_apply(const struct xml_filter *self, const struct xml *xml, struct event *event, bool *is_hit)
{
    for (uint32_t i = 0; i < self->expression_count; i++) {
        struct value found;
        if (!xml_path_find(self->expressions[i].path, xml, event->arena, &found)) return false;
        if (!found.array->count) continue;
        if (found.array->count == 1 && !self->force_array) found = found.array->items[0];
        if (path_set(&self->expressions[i].field, event, found) != PATH_SET) return false;
        *is_hit = true;
    }
    return true;
}

/* The value is made before the namespaces go, and stored behind what the expressions find, as in Logstash. */
static bool document_apply(const struct xml_filter *self, struct xml *xml, struct event *event, bool *is_hit)
{
    struct xml_shape shape = {self->force_array, self->force_content, self->suppress_empty};
    struct value value;
    bool has_value = self->store_xml && xml_is_sound(xml) && xml_value(xml, &shape, event->arena, &value);
    if (self->remove_namespaces) xml_remove_namespaces(xml);
    if (!expressions_apply(self, xml, event, is_hit)) return false;
    if (!self->store_xml) return true;
    *is_hit = has_value && path_set(&self->target, event, value) == PATH_SET;
    return *is_hit;
}

static void event_parse(const struct xml_filter *self, struct event *event, struct outcome *out)
{
    struct str text;
    bool is_fault, is_hit = false;
    if (source_text(self, event, &text, &is_fault)) {
        bool recovers = self->expression_count && !self->is_strict;
        struct xml *xml = xml_parse(text, recovers);
        is_fault = !xml || (self->is_strict && !xml_is_sound(xml)) || !document_apply(self, xml, event, &is_hit);
        xml_free(xml);
    }
    if (is_fault)
        outcome_failed(out, event, STR("_xmlparsefailure"));
    else if (is_hit)
        outcome_matched(out, event);
}

static void xml_apply(void *self, struct batch *batch, const struct selection *in, struct outcome *out)
{
    SELECTION_EACH(batch, in, event) event_parse(self, event, out);
}

/* ---- compiling ---- */

static bool expression_compile(const struct xml_filter *self, struct expression *expression,
                               const struct str_pair *pair, const struct plugin_context *context)
{
    size_t offset;
    expression->path = xml_path_create(pair->name, self->names, self->namespaces.count, &offset);
    if (!expression->path)
        diag_error(context->diag, place_within(pair->name_place, pair->name, offset, pair->name.len),
                   "`%.*s` is not an XPath expression", STR_ARG(pair->name));
    if (!path_compile(&expression->field, pair->value, context->arena))
        return diag_error(context->diag, pair->place, "`%.*s` is not a field reference", STR_ARG(pair->value)), false;
    return expression->path != NULL;
}

/* One word of parse_options, which may be several: `strict,nonet`. */
static bool parse_option_read(struct xml_filter *self, struct str word, struct place place, struct diag *diag)
{
    static const char *const harmless[] = {"recover",  "nonet",   "noerror", "nowarning", "noblanks",
                                           "nocdata", "compact", "nsclean", "pedantic",  "default_xml"};
    static const char *const refused[] = {"noent", "dtdload", "dtdattr", "dtdvalid", "xinclude", "huge"};
    if (str_eq(word, STR("strict"))) return self->is_strict = true;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (str_eq_z(word, harmless[i])) return true;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (!str_eq_z(word, refused[i])) continue;
        struct message *message =
            diag_error(diag, place, "parse_options: `%.*s` is not allowed", STR_ARG(word));
        diag_hint(diag, message, "a sender could read files or fill the memory with it");
        return false;
    }
    struct message *message = diag_error(diag, place, "parse_options: there is no `%.*s`", STR_ARG(word));
    diag_note(diag, message, "of use here is `strict`");
    return false;
}

static bool parse_options_read(struct xml_filter *self, const struct plugin_context *context)
{
    bool ok = true;
    for (uint32_t i = 0; i < self->parse_options.count; i++) {
        struct str text = self->parse_options.items[i];
        struct place place = context_item_place(context, "parse_options", i);
        for (size_t start = 0, at = 0; at <= text.len; at++) {
            bool is_end = at == text.len || text.ptr[at] == ',' || text.ptr[at] == '|' || is_blank(text.ptr[at]);
            if (!is_end) continue;
            if (at > start) ok &= parse_option_read(self, str_slice(text, start, at), place, context->diag);
            start = at + 1;
        }
    }
    return ok;
}

static void xml_destroy(void *opaque)
{
    struct xml_filter *self = opaque;
    for (uint32_t i = 0; i < self->expression_count; i++) xml_path_destroy(self->expressions[i].path);
}

static bool xml_create(void *opaque, const struct plugin_context *context)
{
    struct xml_filter *self = opaque;
    if (!xml_library_load()) {
        struct message *message =
            diag_error(context->diag, context->place, "xml needs libxml2, which is not installed");
        diag_hint(context->diag, message, "install the package libxml2");
        return false;
    }
    bool ok = parse_options_read(self, context);
    self->names = arena_zalloc(context->arena, (self->namespaces.count + 1) * sizeof *self->names);
    for (uint32_t i = 0; i < self->namespaces.count; i++)
        self->names[i] = (struct xml_name){self->namespaces.items[i].name, self->namespaces.items[i].value};
    self->expressions = arena_zalloc(context->arena, (self->xpath.count + 1) * sizeof *self->expressions);
    for (uint32_t i = 0; i < self->xpath.count; i++)
        ok &= expression_compile(self, &self->expressions[self->expression_count++], &self->xpath.items[i], context);
    if (self->store_xml && !self->target.text.len) {
        diag_hint(context->diag,
                  diag_error(context->diag, context->place, "xml stores the document, but has no `target`"),
                  "name the field, or write store_xml => false");
        ok = false;
    }
    if (!ok) xml_destroy(self);
    return ok;
}

static void xml_fields(const void *opaque, struct field_set *fields)
{
    const struct xml_filter *self = opaque;
    unsigned one = self->force_array ? 0 : TYPE_STRING | TYPE_FLOAT | TYPE_BOOLEAN;
    fields_read(fields, &self->source);
    fields_fail(fields);
    for (uint32_t i = 0; i < self->expression_count; i++)
        fields_may_put(fields, &self->expressions[i].field, TYPE_ARRAY | one);
    fields_fail(fields);
    if (self->store_xml) fields_may_put(fields, &self->target, TYPE_ARRAY | TYPE_OBJECT | TYPE_STRING | TYPE_NULL);
}

const struct filter_type filter_xml = {
    .name = "xml",
    .summary = "Parses an XML text of a field.",
    .size = sizeof(struct xml_filter),
    .options = xml_options,
    .create = xml_create,
    .apply = xml_apply,
    .destroy = xml_destroy,
    .fields = xml_fields,
};
