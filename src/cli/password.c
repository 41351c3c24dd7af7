#include "cli/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* Up to the newline or the end, a byte at a time: what stands after it belongs to another reader. */
static int read_line(int fd, struct buf *ret, struct error *err)
{
    char c;
    ssize_t n;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n')
        if (buf_append(ret, &c, 1) < 0)
            return error_set(err, -EFBIG, "a password has at most %d bytes", PASSWORD_INPUT_MAX);
    if (n < 0)
        return error_set_errno(err, -errno, "cannot read the password");
    if (ret->length > 0 && ret->data[ret->length - 1] == '\r')
        ret->data[--ret->length] = '\0';
    if (ret->length == 0)
        return error_set(err, -EINVAL, "the password is empty");
    if (strlen(buf_text(ret)) != ret->length)
        return error_set(err, -EINVAL, "the password has a NUL byte");
    return 0;
}

static void prompt(int tty, const char *text)
{
    (void)!write(tty, text, strlen(text));
}

static int read_quietly(int tty, const char *text, struct buf *ret, struct error *err)
{
    struct termios before, quiet;
    prompt(tty, text);
    if (tcgetattr(tty, &before) < 0)
        return error_set_errno(err, -errno, "cannot switch the terminal's echo off");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
        return error_set_errno(err, -errno, "cannot switch the terminal's echo off");
    int r = read_line(tty, ret, err);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    prompt(tty, "\n");
    return r;
}

static int ask_twice(int tty, struct buf *ret, struct error *err)
{
    struct buf again = BUF_LIMIT(PASSWORD_INPUT_MAX);
    int r = read_quietly(tty, "Password: ", ret, err);
    if (r == 0)
        r = read_quietly(tty, "Once more: ", &again, err);
    if (r == 0 && !str_equal(buf_text(ret), buf_text(&again)))
        r = error_set(err, -EINVAL, "the two passwords are not the same");
    buf_free(&again);
    return r;
}

/* `text`: asks once with it; NULL: twice. */
static int read_from(const char *file, const char *text, struct buf *ret, struct error *err)
{
    *ret = BUF_LIMIT(PASSWORD_INPUT_MAX);
    int fd = STDIN_FILENO;
    int r;
    if (file != NULL && !str_equal(file, "-"))
        fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    else if (file == NULL && isatty(STDIN_FILENO))
        fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", file == NULL ? "/dev/tty" : file);
    if (file == NULL && isatty(fd))
        r = text == NULL ? ask_twice(fd, ret, err) : read_quietly(fd, text, ret, err);
    else
        r = read_line(fd, ret, err);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    if (r < 0)
        buf_free(ret);
    return r;
}

int password_read(const char *file, struct buf *ret, struct error *err)
{
    return read_from(file, NULL, ret, err);
}

int password_read_known(const char *file, const char *text, struct buf *ret, struct error *err)
{
    return read_from(file, text, ret, err);
}
