/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/api_place.h"
#include <assert.h>
#include <stdio.h>
#include "pipelines/api_address.h"
#include "pipelines/terminal.h"

enum { PASSWORD_MAX = 4096, API_PORT = 9600 };

/* An instance that listens on all addresses is asked on loopback. */
static struct str host_asked(struct str host)
{
    if (str_eq(host, STR("0.0.0.0"))) return STR("127.0.0.1");
    return str_eq(host, STR("::")) ? STR("::1") : host;
}

void api_place_of_settings(struct api_place *place, const struct settings *settings)
{
    *place = (struct api_place){.host = host_asked(settings->api_host)};
    if (settings->api_auth_type.value) {
        place->user = settings->api_auth_username;
        place->password = settings->api_auth_password.text;
        place->has_user = true;
    }
    bool is_right = api_ports(settings->api_port, &place->first, &place->last);
    assert(is_right && "settings_load() has refused others");
    (void)is_right;
}

static const char *place_of_url(struct api_place *place, struct str url)
{
    if (str_starts(url, STR("https://")))
        return "an instance speaks http:// only: ask it behind its proxy";
    if (str_starts(url, STR("http://"))) url = str_from(url, 7);
    while (str_ends(url, STR("/"))) url.len--;
    if (memchr(url.ptr, '@', url.len)) return "the user is given with --user";
    if (!url.len || memchr(url.ptr, '/', url.len)) return "expected http://HOST:PORT";
    bool is_v6 = url.ptr[0] == '[';
    ptrdiff_t end = str_find(url, is_v6 ? STR("]") : STR(":"));
    if (is_v6 && end < 0) return "expected http://[ADDRESS]:PORT";
    size_t host_len = end < 0 ? url.len : (size_t)end + is_v6;
    struct str port = str_from(url, host_len);
    place->host = host_asked(str_slice(url, 0, host_len));
    place->first = place->last = API_PORT;
    if (!port.len) return NULL;
    if (port.ptr[0] != ':' || !api_ports(str_from(port, 1), &place->first, &place->last))
        return "expected a port from 1 to 65535";
    return NULL;
}

static void place_of_user(struct api_place *place, struct str user, struct arena *arena)
{
    ptrdiff_t colon = str_find(user, STR(":"));
    place->has_user = true;
    place->user = colon < 0 ? user : str_slice(user, 0, (size_t)colon);
    if (colon >= 0) {
        place->password = str_from(user, (size_t)colon + 1);
        return;
    }
    char line[PASSWORD_MAX], prompt[160];
    struct str password = {0};
    snprintf(prompt, sizeof prompt,
             "Password of %.*s (not shown): ", (int)(user.len < 100 ? user.len : 100), user.ptr);
    terminal_read_secret(prompt, line, sizeof line, &password);
    place->password = arena_copy(arena, password);
}

const struct option api_place_option_rows[] = {
    OPTION_STRING(struct api_place_options, url,
                  .help = "Where the instance's API is: http://HOST:PORT."),
    OPTION_STRING(struct api_place_options, user,
                  .help = "User of the API: NAME, or NAME:PASSWORD."),
    OPTION_END};

bool api_place_find(struct api_place *place, const struct settings *settings,
                    const struct api_place_options *options, const struct setting_list *flags,
                    struct arena *arena, struct diag *diag)
{
    api_place_of_settings(place, settings);
    const char *wrong = options->url.len ? place_of_url(place, options->url) : NULL;
    if (wrong) {
        diag_error(diag, setting_list_place(flags, "url"), "%s", wrong);
        return false;
    }
    if (options->user.len) place_of_user(place, options->user, arena);
    return true;
}
