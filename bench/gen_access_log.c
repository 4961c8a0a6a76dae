/* SPDX-License-Identifier: Apache-2.0 */
/* gen_access_log LINES [SEED]: an access log in Apache's combined format on standard output, about 225
 * bytes a line, the same for the same seed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint32_t roll(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % sides;
}

#define PICK(list_) list_[roll(sizeof list_ / sizeof *list_)]

static const char *const paths[] = {
    "/", "/robots.txt", "/favicon.ico", "/images/logo.png", "/articles/dynamic-dns-with-dhcp/",
    "/blog/geekery/solving-good-or-bad-problems.html", "/presentations/monitoring-2013/images/dashboard3.png",
    "/api/v1/orders/4711/items?expand=product&page=2", "/projects/keynav/", "/reset.css",
    "/style2.css", "/search?q=syslog+facility+severity&lang=en", "/downloads/release-1.4.2.tar.gz"};
static const char *const referrers[] = {
    "-", "http://www.example.org/", "http://search.example.com/results?q=log+aggregation+pipeline&start=10",
    "http://semi.example.net/presentations/monitoring-2013/", "https://news.example.com/item?id=123456"};
static const char *const agents[] = {
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.example.com/bot.html)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A5376e Safari/8536.25",
    "curl/7.88.1"};
static const char *const methods[] = {"GET", "GET", "GET", "GET", "GET", "POST", "HEAD", "PUT"};
static const int codes[] = {200, 200, 200, 200, 200, 200, 304, 301, 404, 500};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int main(int argc, char **argv)
{
    long lines = argc > 1 ? atol(argv[1]) : 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (lines <= 0) {
        fprintf(stderr, "usage: gen_access_log LINES [SEED]\n");
        return 2;
    }
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (long i = 0; i < lines; i++) {
        long second = i / 50; /* fifty lines a second, as a busy server writes them */
        int code = codes[roll(10)];
        printf("%u.%u.%u.%u - %s [%02ld/%s/2015:%02ld:%02ld:%02ld +0000] \"%s %s HTTP/1.%u\" %d ",
               1 + roll(223), roll(256), roll(256), roll(256), roll(20) ? "-" : "frank",
               1 + second / 86400 % 28, months[second / 86400 / 28 % 12], second / 3600 % 24,
               second / 60 % 60, second % 60, PICK(methods), PICK(paths), roll(8) ? 1u : 0u, code);
        if (code == 304)
            printf("-");
        else
            printf("%u", roll(200000));
        printf(" \"%s\" \"%s\"\n", PICK(referrers), PICK(agents));
    }
    return fflush(stdout) ? 1 : 0;
}
