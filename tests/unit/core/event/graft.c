/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/graft.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "tests/unit/support/events.h"

static struct scene scene;
static void begin(void) { scene_begin(&scene); }
static void end(void) { scene_end(&scene); }
TestSuite(graft, .init = begin, .fini = end);

#define MODEL "{'host':'h','port':1,'@metadata':{'a':{'b':{'ip':'i','port':2,'zone':''}},'x':true}}"

Test(graft, gives_what_an_event_does_not_have)
{
    static const struct { const char *event, *expected; } rows[] = {
        {"{'message':'m'}",
         "{'message':'m','host':'h','port':1,"
         "'@metadata':{'a':{'b':{'ip':'i','port':2,'zone':''}},'x':true}}"},
        {"{'host':{'name':'own'},'port':null}",
         "{'host':{'name':'own'},'port':null,"
         "'@metadata':{'a':{'b':{'ip':'i','port':2,'zone':''}},'x':true}}"},
        {"{'@metadata':{'a':{'b':{'port':'own'},'c':1},'y':2}}",
         "{'host':'h','port':1,'@metadata':{'a':{'b':{'port':'own','ip':'i','zone':''},'c':1},'y':2,"
         "'x':true}}"},
        {"{'@metadata':{'a':'no map'}}",
         "{'host':'h','port':1,'@metadata':{'a':'no map','x':true}}"},
        {"{'@metadata':{'a':{'b':null}}}",
         "{'host':'h','port':1,'@metadata':{'a':{'b':null},'x':true}}"},
    };
    struct graft graft;
    graft_init(&graft, scene_event(&scene, MODEL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = scene_event(&scene, rows[i].event);
        graft_apply(&graft, event);
        scene_expect(event, rows[i].expected);
    }
    graft_fini(&graft);
}

Test(graft, events_share_nothing_and_outlive_it)
{
    struct graft graft;
    graft_init(&graft, scene_event(&scene, MODEL));
    struct event *one = scene_event(&scene, "{}"), *two = scene_event(&scene, "{}");
    graft_apply(&graft, one);
    graft_apply(&graft, two);
    memset(graft.memory, 0x55, graft.size);
    graft_fini(&graft);
    struct path ip = scene_path(&scene, "[@metadata][a][b][ip]");
    struct path more = scene_path(&scene, "[@metadata][a][b][more]");
    path_set(&ip, one, value_int(7));
    path_set(&more, one, value_int(8));
    scene_expect(one, "{'host':'h','port':1,'@metadata':{'a':{'b':{'ip':7,'port':2,'zone':'','more':8}},"
                      "'x':true}}");
    scene_expect(two, MODEL);
}

Test(graft, nothing_and_as_many_fields_as_a_map_may_have)
{
    struct graft graft;
    graft_init(&graft, scene_event(&scene, "{}"));
    struct event *event = scene_event(&scene, "{'a':1}");
    graft_apply(&graft, event);
    scene_expect(event, "{'a':1,'@metadata':{}}");
    graft_fini(&graft);

    struct buf text = {0};
    buf_append_z(&text, "{'@metadata':{");
    for (int i = 0; i < MAP_INDEX_MIN - 1; i++) buf_printf(&text, "%s'k%d':%d", i ? "," : "", i, i);
    buf_append_z(&text, "}}");
    graft_init(&graft, scene_event(&scene, buf_z(&text)));
    event = scene_event(&scene, "{}");
    graft_apply(&graft, event);
    scene_expect(event, buf_z(&text));
    struct path added = scene_path(&scene, "[@metadata][added]");
    path_set(&added, event, value_int(1));
    cr_assert(path_get(&added, event));
    graft_fini(&graft);
    buf_fini(&text);
}

Test(graft, a_whole_one_has_the_names_too)
{
    char names[2][8] = {"host", "inner"};
    struct graft graft;
    struct event *model = scene_event(&scene, "{}");
    struct value inner = value_map(model->arena, 2);
    map_append(inner.map, model->arena, key_of(str_of(names[1])), value_int(1));
    map_append(&model->root, model->arena, key_of(str_of(names[0])), inner);
    cr_assert(graft_init_whole(&graft, model));
    memset(names, 0x55, sizeof names);
    struct event *event = scene_event(&scene, "{'message':'m'}");
    graft_apply(&graft, event);
    graft_fini(&graft);
    scene_expect(event, "{'message':'m','host':{'inner':1}}");
}

Test(graft, a_whole_one_refuses_what_it_cannot_hold)
{
    char text[GRAFT_BYTES_MAX];
    struct graft graft;
    int len = snprintf(text, sizeof text, "{'a':'%0*d'}", GRAFT_BYTES_MAX / 2, 0);
    cr_assert_lt(len, (int)sizeof text);
    cr_expect(!graft_init_whole(&graft, scene_event(&scene, text)), "too many bytes");
    cr_expect(!graft_init_whole(&graft, scene_event(&scene, "{'a':[1]}")), "an array");
    len = snprintf(text, sizeof text, "{");
    for (int i = 0; i < MAP_INDEX_MIN; i++) len += snprintf(text + len, sizeof text - (size_t)len, "%s'f%d':1", i ? "," : "", i);
    snprintf(text + len, sizeof text - (size_t)len, "}");
    cr_expect(!graft_init_whole(&graft, scene_event(&scene, text)), "too many fields");
}
