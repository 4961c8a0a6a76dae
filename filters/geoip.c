/* SPDX-License-Identifier: Apache-2.0 */
/* geoip: what a MaxMind database knows of an address. Engine: core/store/geo_database.h; the file is read
 * again when it changes (core/store/live_file.h).
 *
 * Departures: the database is a file of the machine's (nothing is downloaded); names are not looked up in
 * the DNS; each worker has the database in its memory. */
#include <strings.h>
#include <unistd.h>
#include "core/plugin.h"
#include "core/store/geo_database.h"
#include "core/store/live_file.h"

enum { LOOK_INTERVAL_S = 60 };
enum { DATABASE_CITY, DATABASE_ASN };
static const char *const DATABASES[] = {"City", "ASN", NULL};
static const char *const PRESETS[] = {"/var/lib/GeoIP/GeoLite2-City.mmdb", "/var/lib/GeoIP/GeoLite2-ASN.mmdb"};

enum geo_field {
    IP, CITY_NAME, COUNTRY_NAME, CONTINENT_CODE, CONTINENT_NAME, COUNTRY_CODE2, COUNTRY_CODE3, POSTAL_CODE,
    DMA_CODE, REGION_NAME, REGION_CODE, REGION_ISO_CODE, TIMEZONE, LOCATION, LATITUDE, LONGITUDE,
    AUTONOMOUS_SYSTEM_NUMBER, AUTONOMOUS_SYSTEM_ORGANIZATION, ISP, ORGANIZATION, DOMAIN, NETWORK,
    HOSTING_PROVIDER, TOR_EXIT_NODE, ANONYMOUS_VPN, ANONYMOUS, PUBLIC_PROXY, RESIDENTIAL_PROXY,
    FIELDS
};
#define BIT(field_) (1u << (field_))

struct geoip {
    struct path source, target;
    struct str database;
    struct choice default_database_type;
    struct str_list fields, tag_on_failure;

    uint32_t wanted; /* BIT of each field; 0: those of the database's kind */
    bool is_ecs;
    struct path paths[FIELDS];
    struct live_file file;
    atomic_uint_fast64_t matches, failures;
};

static const struct option geoip_options[] = {
    OPTION_PATH(struct geoip, source, .required = true,
                .help = "Field with the address, or with a list of them: the first counts."),
    OPTION_PATH(struct geoip, target,
                .help = "Field for what is known; preset: [x] of a source [x][ip], without ECS `geoip`."),
    OPTION_STRING(struct geoip, database,
                  .help = "A MaxMind database (.mmdb); preset: where geoipupdate puts it, /var/lib/GeoIP."),
    OPTION_CHOICE(struct geoip, default_database_type, .preset = "City", .choices = DATABASES,
                  .help = "Which of those, when `database` is not given."),
    OPTION_STRINGS(struct geoip, fields,
                   .help = "What is wanted, as in [\"city_name\", \"location\"]; preset: what the database is for."),
    OPTION_STRINGS(struct geoip, tag_on_failure, .preset = "_geoip_lookup_failure",
                   .help = "Tags when it is no address, or nothing is known of it."),
    OPTION_IGNORED("cache_size", "Accepted: a lookup costs less than a cache."),
    OPTION_END};

/* ---- the fields ---- */

/* Their names, and where they stand in a database: at the top, or in `traits`. */
static const struct field_row {
    const char *name, *legacy, *ecs; /* ecs NULL: not set there */
    unsigned type;
    const char *names[GEO_STEPS_MAX];
} rows[FIELDS] = {
    [IP] = {"IP", "[ip]", "[ip]", TYPE_STRING, {NULL}},
    [CITY_NAME] = {"CITY_NAME", "[city_name]", "[geo][city_name]", TYPE_STRING, {"city", "names", "en"}},
    [COUNTRY_NAME] = {"COUNTRY_NAME", "[country_name]", "[geo][country_name]", TYPE_STRING,
                      {"country", "names", "en"}},
    [CONTINENT_CODE] = {"CONTINENT_CODE", "[continent_code]", "[geo][continent_code]", TYPE_STRING,
                        {"continent", "code"}},
    [CONTINENT_NAME] = {"CONTINENT_NAME", "[continent_name]", "[geo][continent_name]", TYPE_STRING,
                        {"continent", "names", "en"}},
    [COUNTRY_CODE2] = {"COUNTRY_CODE2", "[country_code2]", "[geo][country_iso_code]", TYPE_STRING,
                       {"country", "iso_code"}},
    [COUNTRY_CODE3] = {"COUNTRY_CODE3", "[country_code3]", NULL, TYPE_STRING, {"country", "iso_code"}},
    [POSTAL_CODE] = {"POSTAL_CODE", "[postal_code]", "[geo][postal_code]", TYPE_STRING, {"postal", "code"}},
    [DMA_CODE] = {"DMA_CODE", "[dma_code]", "[mmdb][dma_code]", TYPE_INTEGER, {"location", "metro_code"}},
    [REGION_NAME] = {"REGION_NAME", "[region_name]", "[geo][region_name]", TYPE_STRING,
                     {"subdivisions", "-1", "names", "en"}},
    [REGION_CODE] = {"REGION_CODE", "[region_code]", "[geo][region_code]", TYPE_STRING,
                     {"subdivisions", "-1", "iso_code"}},
    [REGION_ISO_CODE] = {"REGION_ISO_CODE", "[region_iso_code]", "[geo][region_iso_code]", TYPE_STRING,
                         {"subdivisions", "-1", "iso_code"}},
    [TIMEZONE] = {"TIMEZONE", "[timezone]", "[geo][timezone]", TYPE_STRING, {"location", "time_zone"}},
    [LOCATION] = {"LOCATION", "[location]", "[geo][location]", TYPE_OBJECT, {NULL}},
    [LATITUDE] = {"LATITUDE", "[latitude]", "[geo][location][lat]", TYPE_FLOAT, {"location", "latitude"}},
    [LONGITUDE] = {"LONGITUDE", "[longitude]", "[geo][location][lon]", TYPE_FLOAT, {"location", "longitude"}},
    [AUTONOMOUS_SYSTEM_NUMBER] = {"AUTONOMOUS_SYSTEM_NUMBER", "[asn]", "[as][number]", TYPE_INTEGER,
                                  {"autonomous_system_number"}},
    [AUTONOMOUS_SYSTEM_ORGANIZATION] = {"AUTONOMOUS_SYSTEM_ORGANIZATION", "[as_org]", "[as][organization][name]",
                                        TYPE_STRING, {"autonomous_system_organization"}},
    [ISP] = {"ISP", "[isp]", "[mmdb][isp]", TYPE_STRING, {"isp"}},
    [ORGANIZATION] = {"ORGANIZATION", "[organization]", "[mmdb][organization]", TYPE_STRING, {"organization"}},
    [DOMAIN] = {"DOMAIN", "[domain]", "[domain]", TYPE_STRING, {"domain"}},
    [NETWORK] = {"NETWORK", "[network]", "[ip_traits][network]", TYPE_STRING, {NULL}},
    [HOSTING_PROVIDER] = {"HOSTING_PROVIDER", "[hosting_provider]", "[ip_traits][hosting_provider]", TYPE_BOOLEAN,
                          {"is_hosting_provider"}},
    [TOR_EXIT_NODE] = {"TOR_EXIT_NODE", "[tor_exit_node]", "[ip_traits][tor_exit_node]", TYPE_BOOLEAN,
                       {"is_tor_exit_node"}},
    [ANONYMOUS_VPN] = {"ANONYMOUS_VPN", "[anonymous_vpn]", "[ip_traits][anonymous_vpn]", TYPE_BOOLEAN,
                       {"is_anonymous_vpn"}},
    [ANONYMOUS] = {"ANONYMOUS", "[anonymous]", "[ip_traits][anonymous]", TYPE_BOOLEAN, {"is_anonymous"}},
    [PUBLIC_PROXY] = {"PUBLIC_PROXY", "[public_proxy]", "[ip_traits][public_proxy]", TYPE_BOOLEAN, {"is_public_proxy"}},
    [RESIDENTIAL_PROXY] = {"RESIDENTIAL_PROXY", "[residential_proxy]", "[ip_traits][residential_proxy]", TYPE_BOOLEAN,
                           {"is_residential_proxy"}},
};

enum {
    BOOLEANS = BIT(HOSTING_PROVIDER) | BIT(TOR_EXIT_NODE) | BIT(ANONYMOUS_VPN) | BIT(ANONYMOUS) | BIT(PUBLIC_PROXY) |
               BIT(RESIDENTIAL_PROXY),
    PLACES = BIT(IP) | BIT(CITY_NAME) | BIT(CONTINENT_CODE) | BIT(COUNTRY_NAME) | BIT(COUNTRY_CODE2) |
             BIT(COUNTRY_CODE3) | BIT(POSTAL_CODE) | BIT(DMA_CODE) | BIT(REGION_NAME) | BIT(REGION_ISO_CODE) |
             BIT(TIMEZONE) | BIT(LOCATION) | BIT(LATITUDE) | BIT(LONGITUDE),
    SYSTEMS = BIT(IP) | BIT(AUTONOMOUS_SYSTEM_NUMBER) | BIT(AUTONOMOUS_SYSTEM_ORGANIZATION),
};

/* What a database of each kind is for. */
static uint32_t preset_fields(enum geo_kind kind, bool is_ecs)
{
    /* the code of the region alone is what it was called before ECS */
    uint32_t regions = is_ecs ? PLACES : (PLACES & ~BIT(REGION_ISO_CODE)) | BIT(REGION_CODE);
    switch (kind) {
    case GEO_CITY: return regions;
    case GEO_COUNTRY: return BIT(IP) | BIT(COUNTRY_CODE2) | BIT(COUNTRY_NAME) | BIT(CONTINENT_NAME);
    case GEO_ASN: return SYSTEMS;
    case GEO_ISP: return SYSTEMS | BIT(ISP) | BIT(ORGANIZATION);
    case GEO_DOMAIN: return BIT(DOMAIN);
    case GEO_ANONYMOUS: return BOOLEANS;
    case GEO_ENTERPRISE: return regions | SYSTEMS | BIT(NETWORK) | BOOLEANS;
    case GEO_KINDS: break;
    }
    return 0;
}

/* ---- create ---- */

static bool name_same(struct str a, struct str b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool fields_create(struct geoip *self, const struct plugin_context *context)
{
    struct str names[FIELDS];
    bool ok = true;
    for (int k = 0; k < FIELDS; k++) names[k] = str_of(rows[k].name);
    for (uint32_t i = 0; i < self->fields.count; i++) {
        struct str wanted = self->fields.items[i];
        int k = 0;
        while (k < FIELDS && !name_same(names[k], wanted)) k++;
        if (k < FIELDS) {
            self->wanted |= BIT(k);
            continue;
        }
        struct message *message = diag_error(context->diag, context_item_place(context, "fields", i),
                                             "`%.*s` is nothing that a database can know", STR_ARG(wanted));
        struct str near = suggest(wanted, names, FIELDS);
        if (near.len) diag_hint(context->diag, message, "did you mean `%.*s`?", STR_ARG(near));
        ok = false;
    }
    return ok;
}

/* With ECS [x] for a source [x][ip]. */
static bool target_create(struct geoip *self, const struct plugin_context *context)
{
    static const char *const known[] = {"client", "destination", "host", "observer", "server", "source"};
    const struct path *source = &self->source;
    if (self->target.text.len) return true;
    if (!self->is_ecs) return path_compile(&self->target, STR("geoip"), context->arena);
    bool is_ip = source->count == 2 && str_eq(key_text(&source->steps[1].key), STR("ip"));
    struct str above = is_ip ? key_text(&source->steps[0].key) : STR("");
    if (!is_ip || source->is_metadata) {
        diag_hint(context->diag, diag_error(context->diag, context->place, "geoip needs a `target` with ECS"),
                  "only a source such as [client][ip] says one by itself: [client]");
        return false;
    }
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) is_known |= str_eq_z(above, known[i]);
    if (!is_known)
        diag_hint(context->diag,
                  diag_warning(context->diag, context_place(context, "source"),
                               "ECS has no addresses below `%.*s`", STR_ARG(above)),
                  "it has them below client, destination, host, observer, server and source");
    return path_compile(&self->target, arena_printf(context->arena, "[%.*s]", STR_ARG(above)), context->arena);
}

static bool paths_create(struct geoip *self, const struct plugin_context *context)
{
    struct str target = self->target.text;
    const char *format = str_starts(target, STR("[")) ? "%.*s%s" : "[%.*s]%s";
    bool ok = true;
    for (int k = 0; k < FIELDS; k++) {
        const char *name = self->is_ecs ? rows[k].ecs : rows[k].legacy;
        if (!name) continue;
        struct str text = arena_printf(context->arena, format, STR_ARG(target), name);
        ok &= path_compile(&self->paths[k], text, context->arena);
    }
    assert(ok);
    return ok;
}

static void *database_load(void *opaque, struct str content, const void *old, struct buf *problem)
{
    (void)opaque;
    (void)old;
    return geo_database_open(content, problem);
}

static void database_close(void *table) { geo_database_close(table); }

static const struct live_file_type database_file = {
    .noun = "database", .load = database_load, .destroy = database_close, .bytes_max = GEO_DATABASE_BYTES_MAX};

static bool file_create(struct geoip *self, const struct plugin_context *context)
{
    struct buf problem = {0};
    const char *path = arena_copy_z(
        context->arena, self->database.len ? self->database : str_of(PRESETS[self->default_database_type.value]));
    self->file = (struct live_file){
        .type = &database_file, .opaque = self, .id = context->id, .path = path, .interval_s = LOOK_INTERVAL_S};
    if (!self->database.len && access(path, R_OK) != 0) {
        struct message *message =
            diag_warning(context->diag, context->place, "there is no database `%s`: events are only tagged", path);
        diag_hint(context->diag, message, "give `database`, or let geoipupdate fetch it");
        return true; /* it may come while this runs */
    }
    bool ok = live_file_open(&self->file, event_now().seconds, &problem);
    if (!ok)
        diag_error(context->diag, context_place(context, "database"), "the database `%s` cannot be used: %.*s", path,
                   STR_ARG(buf_str(&problem)));
    buf_fini(&problem);
    return ok;
}

static bool geoip_create(void *opaque, const struct plugin_context *context)
{
    struct geoip *self = opaque;
    self->is_ecs = context->ecs != ECS_DISABLED;
    bool ok = fields_create(self, context);
    ok = target_create(self, context) && ok;
    return ok && paths_create(self, context) && file_create(self, context);
}

static void geoip_destroy(void *opaque)
{
    struct geoip *self = opaque;
    live_file_close(&self->file);
}

/* ---- apply ---- */

static bool known(const struct geo_entry *entry, enum geo_field field, struct arena *arena, struct value *value)
{
    const char *traits[GEO_STEPS_MAX] = {"traits", rows[field].names[0], NULL};
    if (geo_value(entry, rows[field].names, arena, value)) return true;
    return field >= AUTONOMOUS_SYSTEM_NUMBER && geo_value(entry, traits, arena, value);
}

/* Latitude and longitude together. */
static bool location_of(const struct geo_entry *entry, struct arena *arena, struct value *value)
{
    struct value latitude, longitude;
    if (!known(entry, LATITUDE, arena, &latitude) || !known(entry, LONGITUDE, arena, &longitude)) return false;
    *value = value_map(arena, 2);
    map_set(value->map, arena, key_of(STR("lat")), latitude);
    map_set(value->map, arena, key_of(STR("lon")), longitude);
    return true;
}

static struct value network_of(const struct ip_network *network, struct arena *arena)
{
    char text[IP_TEXT_MAX];
    struct str first = ip_print(&network->first, text);
    return value_string(arena_printf(arena, "%.*s/%u", STR_ARG(first), network->prefix));
}

/* `US-WA`, of the codes of country and region. */
static bool region_of(const struct geo_entry *entry, struct arena *arena, struct value *value)
{
    struct value country, region;
    if (!known(entry, COUNTRY_CODE2, arena, &country) || !known(entry, REGION_CODE, arena, &region)) return false;
    if (country.kind != VALUE_STRING || region.kind != VALUE_STRING) return false;
    struct str text =
        arena_printf(arena, "%.*s-%.*s", STR_ARG(value_text(&country)), STR_ARG(value_text(&region)));
    *value = value_string(text);
    return true;
}

static bool field_value(const struct geo_entry *entry, enum geo_field field, const struct ip *ip, struct arena *arena,
                        struct value *value)
{
    char text[IP_TEXT_MAX];
    switch (field) {
    case IP: *value = value_string(arena_copy(arena, ip_print(ip, text))); return true;
    case LOCATION: return location_of(entry, arena, value);
    case NETWORK: *value = network_of(&entry->network, arena); return true;
    case REGION_ISO_CODE: return region_of(entry, arena, value);
    default: break;
    }
    if (known(entry, field, arena, value)) return true;
    if (!(BIT(field) & BOOLEANS)) return false;
    *value = value_bool(false); /* databases have only those that are true */
    return true;
}

/* A city without a place says nothing. */
static bool is_empty(const struct geo_entry *entry, struct arena *arena)
{
    struct value value;
    return geo_database_kind(entry->database) == GEO_CITY && !known(entry, LATITUDE, arena, &value) &&
           !known(entry, LONGITUDE, arena, &value);
}

static bool apply_text(const struct geoip *self, const struct geo_database *database, struct str text,
                       struct event *event)
{
    struct geo_entry entry;
    struct ip ip;
    enum geo_kind kind = geo_database_kind(database);
    uint32_t wanted = self->wanted ? self->wanted : preset_fields(kind, self->is_ecs);
    bool any = false;
    if (!ip_read(text, &ip) || !geo_find(database, &ip, &entry) || is_empty(&entry, event->arena)) return false;
    for (int k = 0; k < FIELDS; k++) {
        struct value value;
        bool fits = !(BIT(k) & BOOLEANS) || kind == GEO_ANONYMOUS || kind == GEO_ENTERPRISE;
        if (!(wanted & BIT(k)) || !self->paths[k].count || !fits) continue;
        if (field_value(&entry, (enum geo_field)k, &ip, event->arena, &value))
            any |= path_set(&self->paths[k], event, value) == PATH_SET;
    }
    return any;
}

static bool apply_event(const struct geoip *self, const struct geo_database *database, struct event *event)
{
    const struct value *source = path_get(&self->source, event);
    if (source && source->kind == VALUE_ARRAY) source = source->array->count ? source->array->items : NULL;
    if (!value_is_string(source)) return false;
    struct str text = str_trimmed(value_text(source));
    if (!text.len) return false;
    if (apply_text(self, database, text, event)) return true;
    const struct value *target = path_get(&self->target, event);
    if (!target || target->kind == VALUE_NULL) path_set(&self->target, event, value_map(event->arena, 0));
    return false;
}

static void geoip_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct geoip *self = opaque;
    const struct geo_database *database = live_file_current(&self->file, batch->now.seconds);
    uint32_t matched = out->matched, failed = out->failed;
    SELECTION_EACH(batch, in, event)
    {
        if (!database) outcome_failed(out, event, STR("_geoip_expired_database"));
        else if (apply_event(self, database, event)) outcome_matched(out, event);
        else outcome_failed_tags(out, event, self->tag_on_failure);
    }
    counter_add(&self->matches, out->matched - matched);
    counter_add(&self->failures, out->failed - failed);
}

static void geoip_fields(const void *opaque, struct field_set *fields)
{
    const struct geoip *self = opaque;
    fields_read(fields, &self->source);
    fields_may_put(fields, &self->target, TYPE_OBJECT);
    for (int k = 0; k < FIELDS; k++)
        if (self->paths[k].count && (!self->wanted || self->wanted & BIT(k)))
            fields_may_put(fields, &self->paths[k], rows[k].type);
}

static uint32_t geoip_metrics(void *opaque, struct metric_row *metrics, uint32_t capacity)
{
    struct geoip *self = opaque;
    const struct metric_row all[] = {{"matches", &self->matches},
                                     {"failures", &self->failures},
                                     {"reloads", &self->file.reloads},
                                     {"reload_failures", &self->file.failures}};
    if (capacity < sizeof all / sizeof *all) return 0;
    memcpy(metrics, all, sizeof all);
    return sizeof all / sizeof *all;
}

const struct filter_type filter_geoip = {
    .name = "geoip",
    .summary = "Adds what a MaxMind database knows of an address.",
    .size = sizeof(struct geoip),
    .options = geoip_options,
    .create = geoip_create,
    .apply = geoip_apply,
    .destroy = geoip_destroy,
    .metrics = geoip_metrics,
    .fields = geoip_fields,
    .is_ecs = true,
};
