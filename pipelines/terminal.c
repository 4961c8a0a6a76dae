/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/terminal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "core/text/utf8.h"

#define SCREEN_TAKE "\x1b[?1049h\x1b[?25l\x1b[?7l" /* the other screen, no cursor, no wrapping */
#define SCREEN_GIVE "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"

enum { ROWS_PRESET = 24, COLUMNS_PRESET = 80, ESCAPE_WAIT_MS = 25 };

/* The process has one terminal, and its signals know no other way to it. */
static struct {
    struct termios before;
    bool has_keys; /* standard input is the terminal */
    volatile sig_atomic_t is_open;
    int pipe[2]; /* a byte for each signal */
} terminal;

/* ---- a secret ---- */

bool terminal_read_secret(const char *prompt, char *line, size_t size, struct str *value)
{
    struct termios before, quiet;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        fputs(prompt, stderr);
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    char *got = fgets(line, (int)size, stdin);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    *value = got ? str_of(line) : (struct str){0};
    if (str_ends(*value, STR("\n"))) value->len--;
    if (str_ends(*value, STR("\r"))) value->len--;
    return got != NULL;
}

bool terminal_has_colours(int fd)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");
    return isatty(fd) && !(no && *no) && !(kind && !strcmp(kind, "dumb"));
}

/* Without what a terminal would obey: JSON leaves DEL and the controls U+0080 to U+009F as they
 * are. */
void terminal_put_clean(struct str text, struct buf *out)
{
    for (size_t i = 0, len; i < text.len; i += len) {
        uint32_t code = utf8_decode(str_from(text, i), &len);
        bool is_control = !len || code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (!len) {
            len = 1;
            code = (unsigned char)text.ptr[i];
        }
        if (is_control)
            buf_printf(out, "\\u%04x", code);
        else
            buf_append(out, str_slice(text, i, i + len));
    }
}

/* ---- the screen ---- */

static void put(struct str text)
{
    while (text.len) {
        ssize_t written = write(STDOUT_FILENO, text.ptr, text.len);
        if (written < 0 && errno != EINTR && errno != EAGAIN) return; /* the terminal is gone */
        if (written > 0) text = str_from(text, (size_t)written);
    }
}

/* Only calls that a signal's handler may make. */
static void screen_give(void)
{
    if (!terminal.is_open) return;
    terminal.is_open = 0;
    put(STR(SCREEN_GIVE));
    if (terminal.has_keys) tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void screen_take(void)
{
    struct termios raw = terminal.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (terminal.has_keys) tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    terminal.is_open = 1;
    put(STR(SCREEN_TAKE));
}

/* ---- signals ---- */

static void signal_told(int number)
{
    int error = errno;
    char byte = (char)number;
    (void)!write(terminal.pipe[1], &byte, 1);
    errno = error;
}

static void signal_crash(int number)
{
    screen_give();
    signal(number, SIG_DFL);
    raise(number);
}

static const int told[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* Without SA_RESTART: a signal also ends a wait for the network. */
static void signals_set(const int *numbers, size_t count, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < count; i++) sigaction(numbers[i], &action, NULL);
}

/* ^Z: the shell gets its screen; we come back when it says so. */
static void stop_until_continued(void)
{
    screen_give();
    raise(SIGSTOP);
    screen_take();
}

bool terminal_open(void)
{
    assert(!terminal.is_open);
    if (!isatty(STDOUT_FILENO)) return false;
    terminal.has_keys = tcgetattr(STDIN_FILENO, &terminal.before) == 0;
    if (pipe2(terminal.pipe, O_CLOEXEC | O_NONBLOCK)) return false;
    signals_set(told, sizeof told / sizeof *told, signal_told);
    signals_set(crashes, sizeof crashes / sizeof *crashes, signal_crash);
    atexit(screen_give);
    screen_take();
    return true;
}

void terminal_close(void)
{
    screen_give();
    signals_set(told, sizeof told / sizeof *told, SIG_DFL);
    signals_set(crashes, sizeof crashes / sizeof *crashes, SIG_DFL);
    close(terminal.pipe[0]);
    close(terminal.pipe[1]);
}

struct terminal_size terminal_size(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
        return (struct terminal_size){ROWS_PRESET, COLUMNS_PRESET};
    return (struct terminal_size){size.ws_row, size.ws_col};
}

void terminal_show(struct str text)
{
    struct buf screen = {0};
    buf_append_z(&screen, "\x1b[H");
    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        buf_append(&screen, str_slice(text, 0, len));
        text = str_from(text, len + (end != NULL));
        /* no line end behind the last: it would move the screen up */
        buf_append_z(&screen, text.len ? "\x1b[0m\x1b[K\r\n" : "\x1b[0m\x1b[K");
    }
    buf_append_z(&screen, "\x1b[J");
    put(buf_str(&screen)); /* at once, so that it does not flicker */
    buf_fini(&screen);
}

/* ---- keys ---- */

static bool key_read(char *key)
{
    struct pollfd poll_key = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&poll_key, 1, ESCAPE_WAIT_MS) > 0 && read(STDIN_FILENO, key, 1) == 1;
}

/* `ESC [ A` and the like; an escape alone is that key. */
static enum terminal_event escape_read(char *key)
{
    static const struct {
        char letter;
        enum terminal_event event;
    } rows[] = {{'A', TERMINAL_UP},
                {'B', TERMINAL_DOWN},
                {'C', TERMINAL_RIGHT},
                {'D', TERMINAL_LEFT},
                {'Z', TERMINAL_TAB_BACK}};
    char next;
    if (!key_read(&next) || (next != '[' && next != 'O') || !key_read(&next)) return TERMINAL_KEY;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (next == rows[i].letter) return rows[i].event;
    while (is_digit(next) || next == ';')
        if (!key_read(&next)) break;
    *key = 0;
    return TERMINAL_KEY;
}

static enum terminal_event signal_event(void)
{
    char number = 0;
    if (read(terminal.pipe[0], &number, 1) != 1) return TERMINAL_TIME;
    if (number == SIGTSTP) stop_until_continued();
    bool is_shown = number == SIGTSTP || number == SIGWINCH || number == SIGCONT;
    return is_shown ? TERMINAL_RESIZED : TERMINAL_ENDED;
}

enum terminal_event terminal_wait(int ms, char *key)
{
    struct pollfd polls[] = {{.fd = terminal.pipe[0], .events = POLLIN},
                             {.fd = terminal.has_keys ? STDIN_FILENO : -1, .events = POLLIN}};
    int ready = poll(polls, 2, ms);
    if (ready < 0 && errno != EINTR) return TERMINAL_ENDED;
    if (ready <= 0 && errno != EINTR) return TERMINAL_TIME;
    if (polls[0].revents || ready < 0) return signal_event();
    if (read(STDIN_FILENO, key, 1) != 1) return TERMINAL_ENDED;
    if (*key == '\t') return TERMINAL_TAB;
    return *key == '\x1b' ? escape_read(key) : TERMINAL_KEY;
}
