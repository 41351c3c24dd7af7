/* `top`: the overview on a screen of its own, drawn again and again. */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/overview.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_overview.h"
#include "io/clock.h"

#define TOP_INTERVAL_MS 2000
#define TOP_ANSWER_MS 5000 /* a daemon that hangs leaves the keys dead for no longer */
#define TOP_ROWS 24
#define TOP_COLUMNS 80
#define AROUND_ROWS 3 /* head of the table, a blank line, the line of keys */

#define CURSOR_HOME "\x1b[H"
#define ERASE_LINE_END "\x1b[K"
#define ERASE_BELOW "\x1b[J"

struct top {
    const struct invocation *in;
    struct overview_filter filter;
    json_t *all, *shown;   /* cleaned; NULL: never heard of */
    wall_ms heard;         /* when that was */
    struct error trouble;  /* of the last question; code 0: none */
    size_t first, visible; /* the first row that is shown, and how many fit */
};

static size_t row_count(const struct top *t)
{
    return json_array_size(json_object_get(t->shown, "items"));
}

/* What was heard before stays on the screen, with the time of it. */
static void ask_again(struct top *t)
{
    struct question q = {.op = "services"};
    struct ask_trouble trouble = {0};
    t->trouble = (struct error){0};
    if (ask_quietly(t->in, &q, 1, TOP_ANSWER_MS, NULL, NULL, &trouble) < 0) {
        t->trouble = trouble.error;
        return;
    }
    if (q.status >= 400) {
        (void)error_set(&t->trouble, -q.status, "%s",
                        json_text_or(q.body, "message", "the daemon refused the question"));
        ask_free(&q, 1);
        return;
    }
    json_decref(t->all);
    json_decref(t->shown);
    t->all = page_clean(q.body);
    t->shown = overview_select(t->all, &t->filter);
    t->heard = clock_wall();
    ask_free(&q, 1);
}

/* ---- drawing -------------------------------------------------------------------------------- */

static void scroll_into_range(struct top *t)
{
    size_t rows = row_count(t), most = rows > t->visible ? rows - t->visible : 0;
    t->first = t->first > most ? most : t->first;
}

static void put_trouble(struct page *p, const struct top *t)
{
    char *clean = t->trouble.code == 0 ? NULL : page_clean_text(t->trouble.text);
    if (clean != NULL) {
        page_tone(p, TONE_BAD, "%s", clean);
        page_put(p, "\n");
    }
    mem_free(clean);
}

static void put_foot(struct page *p, const struct top *t)
{
    size_t rows = row_count(t), last = t->first + t->visible;
    page_put(p, "\n");
    page_tone(p, TONE_DIM, "q quits");
    if (rows > t->visible)
        page_tone(p, TONE_DIM, "; arrows scroll: %zu to %zu of %zu", t->first + 1,
                  last < rows ? last : rows, rows);
}

static size_t lines_of(const struct page *p)
{
    size_t lines = 0;
    for (size_t i = 0; i < p->text.length; i++)
        lines += p->text.data[i] == '\n';
    return lines;
}

/* The whole screen as one text. Wrapped lines would push the rest down: the columns are chosen to
 * fit, and what else is long is cut by the terminal, whose wrapping is off meanwhile. */
static void picture(struct top *t, struct page *p, struct terminal_size size)
{
    put_trouble(p, t);
    if (t->shown == NULL) {
        put_foot(p, t);
        return;
    }
    view_counts(p, json_object_get(t->all, "items"));
    size_t used = lines_of(p) + AROUND_ROWS;
    t->visible = size.rows > used ? size.rows - used : 1;
    scroll_into_range(t);
    if (row_count(t) == 0)
        page_put(p, "  none of them is in the list that was asked for\n");
    else
        view_overview_rows(p, json_object_get(t->shown, "items"), size.columns, t->first,
                           t->visible);
    put_foot(p, t);
}

static void draw(struct top *t)
{
    struct terminal_size size = terminal_size(STDOUT_FILENO);
    if (size.columns == 0)
        size.columns = TOP_COLUMNS;
    if (size.rows == 0)
        size.rows = TOP_ROWS;
    struct page p =
        page_new(page_colour(STDOUT_FILENO), t->shown == NULL ? clock_wall() : t->heard);
    struct page screen = page_new(false, p.now);
    picture(t, &p, size);
    page_put(&screen, CURSOR_HOME);
    const char *text = buf_text(&p.text);
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        page_put(&screen, "%.*s" ERASE_LINE_END "\r\n", (int)(end - text), text);
    page_put(&screen, "%s" ERASE_LINE_END ERASE_BELOW, text);
    page_print(&screen, stdout);
    buf_free(&p.text);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void scroll(struct top *t, enum terminal_key key)
{
    size_t rows = row_count(t);
    switch (key) {
    case KEY_UP:
        t->first -= t->first > 0 ? 1 : 0;
        break;
    case KEY_DOWN:
        t->first++;
        break;
    case KEY_PAGE_UP:
        t->first -= t->first > t->visible ? t->visible : t->first;
        break;
    case KEY_PAGE_DOWN:
        t->first += t->visible;
        break;
    case KEY_HOME:
        t->first = 0;
        break;
    case KEY_END:
        t->first = rows;
        break;
    default:
        break;
    }
    scroll_into_range(t);
}

static void live(struct top *t)
{
    mono_ms next = mono_add(clock_mono(), TOP_INTERVAL_MS);
    draw(t);
    for (;;) {
        int64_t left = mono_since(next, clock_mono());
        enum terminal_key key = terminal_key(left > 0 ? (int)left : 0);
        if (key == KEY_QUIT)
            return;
        scroll(t, key);
        if (mono_since(next, clock_mono()) <= 0) {
            ask_again(t);
            next = mono_add(clock_mono(), TOP_INTERVAL_MS);
        }
        draw(t);
    }
}

static int run_top(const struct invocation *in)
{
    struct top t = {.in = in};
    struct error err = {0};
    if (overview_filter_read(in, &t.filter, &err) < 0)
        return usage_error(in, err.text);
    /* What is wrong from the beginning is said as for any other verb. */
    bool terminal = !in->json && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    if (!terminal)
        return verb_overview_list(in);
    struct question q = {.op = "services"};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status == 0 && q.status >= 400) {
        ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
        ask_free(&q, 1);
    }
    if (status != 0)
        return status;
    ask_free(&q, 1);
    ask_again(&t);
    if (!terminal_enter())
        return verb_overview_list(in);
    live(&t);
    terminal_leave();
    json_decref(t.all);
    json_decref(t.shown);
    return CLI_DONE;
}

const struct verb verbs_top[] = {
    {"top", GROUP_WATCH, "top [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "a live list, the worst first, with key figures",
     "Keys: q quits; arrows, Page Up, Page Down, Home and End scroll. Where standard\n"
     "output is no terminal the list is printed once.\n",
     .free_word = true, .options = TAKES(STATE) | TAKES(GROUP) | TAKES(TAG), .run = run_top},
    {0},
};
