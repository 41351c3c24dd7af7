/* Maintenance windows as an iCalendar file, byte by byte. calendar.py reads it as others do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "api/calendar.h"
#include "base/mem.h"

static const struct calendar plain = {.instance = "resus-1"};

static wall_ms at(const char *text)
{
    wall_ms t;
    assert_int_equal(wall_parse(text, &t), 0);
    return t;
}

static struct calendar_event event(void)
{
    static const char *const services[] = {"cache", "sessions"};
    return (struct calendar_event){.window = "weekly",
                                   .date = "2026-12-06",
                                   .title = "Maintenance: cache, sessions",
                                   .phase = WINDOW_ANNOUNCED,
                                   .impact = WINDOW_OUTAGE,
                                   .sequence = 2,
                                   .changed = at("2026-12-04T02:00:00Z"),
                                   .starts = at("2026-12-06T02:00:00Z"),
                                   .ends = at("2026-12-06T04:00:00Z"),
                                   .services = services,
                                   .service_count = 2};
}

static const char *written(const struct calendar *calendar, const struct calendar_event *e,
                           struct buf *out)
{
    *out = BUF_LIMIT(CALENDAR_MAX);
    assert_int_equal(calendar_write(calendar, e, e == NULL ? 0 : 1, out), 0);
    return buf_text(out);
}

static void an_event_is_written_as_here(void **state)
{
    (void)state;
    const struct calendar whole = {"resus-1", "ops@example.org", "https://resus.example.org/"};
    struct calendar_event e = event();
    struct buf out;
    e.details = "Restart; then a check.\nQuestions: \\ops";
    assert_string_equal(written(&whole, &e, &out),
                        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Resus//maintenance//EN\r\n"
                        "CALSCALE:GREGORIAN\r\nBEGIN:VEVENT\r\n"
                        "UID:weekly/2026-12-06@resus-1\r\nSEQUENCE:2\r\n"
                        "DTSTAMP:20261204T020000Z\r\nDTSTART:20261206T020000Z\r\n"
                        "DTEND:20261206T040000Z\r\nSTATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\n"
                        "SUMMARY:Maintenance: cache\\, sessions\r\n"
                        "DESCRIPTION:Restart\\; then a check.\\nQuestions: \\\\ops\r\n"
                        "ORGANIZER:mailto:ops@example.org\r\nURL:https://resus.example.org/\r\n"
                        "X-MAINTNOTE-PROVIDER:resus-1\r\nX-MAINTNOTE-ACCOUNT:resus-1\r\n"
                        "X-MAINTNOTE-MAINTENANCE-ID:weekly/2026-12-06@resus-1\r\n"
                        "X-MAINTNOTE-IMPACT:OUTAGE\r\nX-MAINTNOTE-STATUS:CONFIRMED\r\n"
                        "X-MAINTNOTE-OBJECT-ID:cache\r\nX-MAINTNOTE-OBJECT-ID:sessions\r\n"
                        "END:VEVENT\r\nEND:VCALENDAR\r\n");
    assert_null(strstr(buf_text(&out), "METHOD"));
    buf_free(&out);
}

static void without_windows_it_is_an_empty_calendar(void **state)
{
    (void)state;
    struct buf out;
    assert_string_equal(written(&plain, NULL, &out),
                        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Resus//maintenance//EN\r\n"
                        "CALSCALE:GREGORIAN\r\nEND:VCALENDAR\r\n");
    buf_free(&out);
}

static void every_phase_and_impact_has_its_words(void **state)
{
    (void)state;
    static const char *const phases[WINDOW_PHASE_COUNT][2] = {
        {"\nSTATUS:TENTATIVE\r", "X-MAINTNOTE-STATUS:TENTATIVE\r"},
        {"\nSTATUS:CONFIRMED\r", "X-MAINTNOTE-STATUS:CONFIRMED\r"},
        {"\nSTATUS:CONFIRMED\r", "X-MAINTNOTE-STATUS:IN-PROCESS\r"},
        {"\nSTATUS:CONFIRMED\r", "X-MAINTNOTE-STATUS:IN-PROCESS\r"},
        {"\nSTATUS:CONFIRMED\r", "X-MAINTNOTE-STATUS:COMPLETED\r"},
        {"\nSTATUS:CANCELLED\r", "X-MAINTNOTE-STATUS:CANCELLED\r"},
    };
    static const char *const impacts[WINDOW_IMPACT_COUNT] = {
        "X-MAINTNOTE-IMPACT:OUTAGE\r", "X-MAINTNOTE-IMPACT:DEGRADED\r",
        "X-MAINTNOTE-IMPACT:REDUCED-REDUNDANCY\r", "X-MAINTNOTE-IMPACT:NO-IMPACT\r"};
    for (int i = 0; i < WINDOW_PHASE_COUNT; i++) {
        struct calendar_event e = event();
        struct buf out;
        e.phase = (enum window_phase)i;
        assert_non_null(strstr(written(&plain, &e, &out), phases[i][0]));
        assert_non_null(strstr(buf_text(&out), phases[i][1]));
        buf_free(&out);
    }
    for (int i = 0; i < WINDOW_IMPACT_COUNT; i++) {
        struct calendar_event e = event();
        struct buf out;
        e.impact = (enum window_impact)i;
        assert_non_null(strstr(written(&plain, &e, &out), impacts[i]));
        buf_free(&out);
    }
}

static void the_id_stays_when_times_and_texts_change(void **state)
{
    (void)state;
    char before[CALENDAR_UID_SIZE];
    char after[CALENDAR_UID_SIZE];
    struct calendar_event e = event();
    (void)calendar_uid(&plain, &e, before);
    e.starts.ms += 3600000;
    e.sequence++;
    e.title = "Other";
    e.phase = WINDOW_CANCELLED;
    assert_string_equal(calendar_uid(&plain, &e, after), before);
    e.date = "2026-12-13";
    assert_string_not_equal(calendar_uid(&plain, &e, after), before);
}

/* A line break in a text would begin a property of the writer's choice. */
static void no_text_ends_its_line(void **state)
{
    (void)state;
    struct calendar_event e = event();
    struct buf out;
    e.title = "a\r\nMETHOD:REQUEST\rb\nc\td\x1b\xff\xe2\x80\xa8";
    assert_non_null(
        strstr(written(&plain, &e, &out), "\nSUMMARY:a\\nMETHOD:REQUEST?b\\nc?d????\r\n") != NULL
            ? buf_text(&out)
            : strstr(buf_text(&out), "\nSUMMARY:a\\nMETHOD:REQUEST?b\\nc?d???\r\n"));
    buf_free(&out);
    static const char *const bad[] = {"a\r\nb", "a b", "a\"b", "a\nb", "\xc3\xa4", "\x7f"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        const struct calendar people = {.instance = "x", .organizer = bad[i]};
        const struct calendar link = {.instance = "x", .link = bad[i]};
        out = BUF_LIMIT(CALENDAR_MAX);
        assert_int_equal(calendar_write(&people, &e, 1, &out), -EINVAL);
        assert_int_equal(calendar_write(&link, &e, 1, &out), -EINVAL);
        assert_int_equal(out.length, 0);
        buf_free(&out);
    }
}

/* Each length around the limit, with characters of one to four bytes. */
static void lines_are_folded_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t c = 0; c < ARRAY_LENGTH(characters); c++)
        for (size_t count = 0; count < 200; count++) {
            char title[900];
            size_t size = strlen(characters[c]);
            for (size_t i = 0; i < count; i++)
                memcpy(title + i * size, characters[c], size);
            title[count * size] = '\0';
            struct calendar_event e = event();
            struct buf out;
            e.title = title;
            const char *line = strstr(written(&plain, &e, &out), "SUMMARY:");
            size_t seen = strlen("SUMMARY:");
            size_t room = seen;
            const char *p = line + seen;
            for (; strncmp(p, "\r\n", 2) != 0 || p[2] == ' '; p += size) {
                if (*p == '\r') {
                    /* No line is shorter than it must be. */
                    assert_true(room <= CALENDAR_LINE_MAX && room + size > CALENDAR_LINE_MAX);
                    room = 1;
                    p += 3 - size;
                    continue;
                }
                assert_memory_equal(p, characters[c], size);
                room += size;
                seen += size;
            }
            assert_true(room <= CALENDAR_LINE_MAX);
            assert_int_equal(seen, strlen("SUMMARY:") + count * size);
            buf_free(&out);
        }
}

static void lack_of_memory_or_room_is_an_error(void **state)
{
    (void)state;
    struct calendar_event e = event();
    int r = -ENOMEM;
    for (unsigned long n = 1; r != 0; n++) {
        struct buf out = BUF_LIMIT(CALENDAR_MAX);
        mem_fail_from(n);
        r = calendar_write(&plain, &e, 1, &out);
        mem_fail_from(0);
        assert_true(r == 0 || r == -ENOMEM);
        buf_free(&out);
    }
    struct buf out;
    size_t whole = (written(&plain, &e, &out), out.length);
    buf_free(&out);
    for (size_t limit = 0; limit < whole; limit++) {
        out = BUF_LIMIT(limit);
        assert_int_equal(calendar_write(&plain, &e, 1, &out), -ENOBUFS);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_written_as_here),
        cmocka_unit_test(without_windows_it_is_an_empty_calendar),
        cmocka_unit_test(every_phase_and_impact_has_its_words),
        cmocka_unit_test(the_id_stays_when_times_and_texts_change),
        cmocka_unit_test(no_text_ends_its_line),
        cmocka_unit_test(lines_are_folded_between_characters),
        cmocka_unit_test(lack_of_memory_or_room_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
