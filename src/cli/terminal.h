/* The terminal: how large it is, and reading single keys from it. */
#ifndef RESUS_CLI_TERMINAL_H
#define RESUS_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct terminal_size {
    size_t columns, rows; /* 0: no limit, or not known */
};

/* Of the terminal behind `fd`; where there is none, $COLUMNS and $LINES. */
struct terminal_size terminal_size(int fd);

/* Keys one by one without echo, on the alternate screen, until terminal_leave(); also after a
 * signal that ends the program. False: standard input or output is no terminal. */
bool terminal_enter(void);
void terminal_leave(void);
enum terminal_key {
    KEY_NONE, /* nothing was pressed in time, or the window has changed */
    KEY_OTHER,
    KEY_QUIT, /* q, Escape, Ctrl-C, or nothing more can be read */
    KEY_UP,
    KEY_DOWN,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END
};
enum terminal_key terminal_key(int wait_ms);

#endif
