#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"

#define SIZE_MAX_CELLS 10000
#define ESCAPE_WAIT_MS 50 /* the rest of a key's sequence comes at once */

static size_t from_environment(const char *name)
{
    const char *text = getenv(name);
    int64_t value;
    return text != NULL && parse_int(text, 1, SIZE_MAX_CELLS, &value, NULL) == 0 ? (size_t)value
                                                                                 : 0;
}

struct terminal_size terminal_size(int fd)
{
    struct winsize w = {0};
    if (isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return (struct terminal_size){w.ws_col, w.ws_row};
    return (struct terminal_size){from_environment("COLUMNS"), from_environment("LINES")};
}

/* ---- the screen ----------------------------------------------------------------------------- */

static struct termios before;
static volatile sig_atomic_t inside;

static void put(const char *text)
{
    size_t length = strlen(text);
    for (ssize_t n; length > 0 && (n = write(STDOUT_FILENO, text, length)) > 0;) {
        text += n;
        length -= (size_t)n;
    }
}

/* The alternate screen, no cursor, long lines cut; and back. */
#define SCREEN_ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l"
#define SCREEN_LEAVE "\x1b[?7h\x1b[?25h\x1b[?1049l"

void terminal_leave(void)
{
    if (!inside)
        return;
    inside = 0;
    put(SCREEN_LEAVE);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

/* Only what may be called in a signal's handler: write(2) and tcsetattr(3). */
static void on_end(int number)
{
    int kept = errno;
    terminal_leave();
    errno = kept;
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* There so that a wait for a key ends. */
static void on_resize(int number)
{
    (void)number;
}

bool terminal_enter(void)
{
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 ||
        tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    static const int ends[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    struct sigaction act = {.sa_handler = on_end};
    (void)sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        (void)sigaction(ends[i], &act, NULL);
    act.sa_handler = on_resize; /* without SA_RESTART */
    (void)sigaction(SIGWINCH, &act, NULL);
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    inside = 1;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0) {
        inside = 0;
        return false;
    }
    put(SCREEN_ENTER);
    return true;
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* 1 with a byte, 0 when none came in time or a signal came, -1 at the end of the input. */
static int next_byte(int wait_ms, char *ret)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int n = poll(&in, 1, wait_ms);
    if (n == 0 || (n < 0 && errno == EINTR))
        return 0;
    ssize_t got = n < 0 ? -1 : read(STDIN_FILENO, ret, 1);
    return got == 1 ? 1 : got < 0 && errno == EINTR ? 0 : -1;
}

static enum terminal_key escape(void)
{
    static const struct {
        const char *sequence;
        enum terminal_key key;
    } rows[] = {
        {"[A", KEY_UP},       {"[B", KEY_DOWN},       {"OA", KEY_UP},   {"OB", KEY_DOWN},
        {"[5~", KEY_PAGE_UP}, {"[6~", KEY_PAGE_DOWN}, {"[H", KEY_HOME}, {"[F", KEY_END},
        {"[1~", KEY_HOME},    {"[4~", KEY_END},       {"OH", KEY_HOME}, {"OF", KEY_END},
    };
    char text[8] = "";
    size_t length = 0;
    while (length + 1 < sizeof text) {
        char c;
        if (next_byte(ESCAPE_WAIT_MS, &c) != 1)
            break;
        text[length++] = c;
        bool begins = length == 1 && (c == '[' || c == 'O');
        if (!begins && (c == '~' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            break;
    }
    if (length == 0)
        return KEY_QUIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (str_equal(text, rows[i].sequence))
            return rows[i].key;
    return KEY_OTHER;
}

enum terminal_key terminal_key(int wait_ms)
{
    char c;
    int got = next_byte(wait_ms, &c);
    if (got <= 0)
        return got == 0 ? KEY_NONE : KEY_QUIT;
    switch (c) {
    case 'q':
    case 'Q':
    case '\x03':
        return KEY_QUIT;
    case 'k':
        return KEY_UP;
    case 'j':
        return KEY_DOWN;
    case 'g':
        return KEY_HOME;
    case 'G':
        return KEY_END;
    case ' ':
        return KEY_PAGE_DOWN;
    case 'b':
        return KEY_PAGE_UP;
    case '\x1b':
        return escape();
    default:
        return KEY_OTHER;
    }
}
