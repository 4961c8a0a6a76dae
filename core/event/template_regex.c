/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/template_regex.h"
#include <stdlib.h>
#include "core/xmalloc.h"

bool template_regex_ready(struct template_regex *self, const struct event *event)
{
    if (self->template.is_literal) return true;
    struct str text = template_render(&self->template, event);
    if (self->text && str_eq(text, (struct str){self->text, self->len})) return self->regex != NULL;
    regex_destroy(self->regex);
    free(self->text);
    self->text = xstrndup(text);
    self->len = text.len;
    struct regex_problem problem;
    self->regex = regex_compile(text, &(struct regex_options){0}, &problem);
    return self->regex != NULL;
}

void template_regex_fini(struct template_regex *self)
{
    regex_destroy(self->regex);
    free(self->text);
    *self = (struct template_regex){0};
}
