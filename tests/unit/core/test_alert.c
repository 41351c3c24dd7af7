/* The machine of one alert: every cell, every combination of what is seen, and the stories that
 * its header promises. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/alert.h"

enum { PAGER = 1, CHAT = 2, MAIL = 4 };

static const struct alert_policy policy = {60000, 120000};
static const struct route_set routes = {
    .by_severity = {[SEVERITY_P1] = PAGER | CHAT | MAIL,
                    [SEVERITY_P2] = CHAT | MAIL,
                    [SEVERITY_P3] = MAIL,
                    [SEVERITY_P4] = MAIL},
    .pagers = PAGER,
};

static struct now at(int64_t seconds)
{
    return (struct now){
        {1000000 + seconds * 1000}, {1000000 + seconds * 1000}, {1700000000000 + seconds * 1000}};
}

/* A story: one alert, its input, the effects of the last step. */
struct story {
    struct alert a;
    struct alert_input in;
    struct alert_effects out;
};

static struct story story_of(enum alert_class class)
{
    struct story s = {.in = {.severity = SEVERITY_P1, .cause = CAUSE_CRASHED, .routes = &routes}};
    alert_init(&s.a, class);
    return s;
}

static void see(struct story *s, enum alert_event event, int64_t seconds)
{
    s->in.event = event;
    alert_step(&s->a, &policy, &s->in, at(seconds), &s->out);
}

static const struct alert_effect *find(const struct story *s, enum alert_effect_kind kind)
{
    for (size_t i = 0; i < s->out.count; i++)
        if (s->out.items[i].kind == kind)
            return &s->out.items[i];
    return NULL;
}

static int messages(const struct story *s)
{
    int n = 0;
    for (size_t i = 0; i < s->out.count; i++)
        n += s->out.items[i].kind <= ALERT_HEALED;
    return n;
}

static void expect(const struct story *s, enum alert_effect_kind kind, enum alert_why why,
                   channel_set channels, uint64_t episode)
{
    const struct alert_effect *e = find(s, kind);
    if (e == NULL)
        fail_msg("effect %d is missing, %zu are there", (int)kind, s->out.count);
    assert_string_equal(alert_why_word(e->why), alert_why_word(why));
    assert_int_equal(e->channels, channels);
    assert_int_equal(e->episode, episode);
}

static struct story firing(void)
{
    struct story s = story_of(CLASS_AVAILABILITY);
    see(&s, ALERT_BAD, 0);
    assert_int_equal(s.a.state, ALERT_FIRING);
    return s;
}

static struct story in_state(enum alert_state state)
{
    struct story s = firing();
    switch (state) {
    case ALERT_RESOLVED:
        return story_of(CLASS_AVAILABILITY);
    case ALERT_PENDING:
        s = story_of(CLASS_AVAILABILITY);
        s.in.may_heal = true;
        see(&s, ALERT_BAD, 0);
        s.in.may_heal = false;
        break;
    case ALERT_CLEARING:
        see(&s, ALERT_WELL, 0);
        break;
    case ALERT_FLAPPING:
        for (int i = 0; i < ALERT_FLAPS; i++) {
            see(&s, ALERT_WELL, 0);
            see(&s, ALERT_BAD, 0);
        }
        break;
    default:
        break;
    }
    assert_int_equal(s.a.state, state);
    return s;
}

static void test_every_cell_is_as_written_here(void **state)
{
    (void)state;
    /* One second later, nothing that helps, no window. */
    static const enum alert_state next[][ALERT_EVENT_COUNT] = {
        /* BAD, WELL, UNKNOWN, GONE */
        [ALERT_RESOLVED] = {ALERT_FIRING, ALERT_RESOLVED, ALERT_RESOLVED, ALERT_RESOLVED},
        [ALERT_PENDING] = {ALERT_FIRING, ALERT_RESOLVED, ALERT_PENDING, ALERT_RESOLVED},
        [ALERT_FIRING] = {ALERT_FIRING, ALERT_CLEARING, ALERT_FIRING, ALERT_RESOLVED},
        [ALERT_CLEARING] = {ALERT_FIRING, ALERT_CLEARING, ALERT_CLEARING, ALERT_RESOLVED},
        [ALERT_FLAPPING] = {ALERT_FLAPPING, ALERT_FLAPPING, ALERT_FLAPPING, ALERT_RESOLVED},
    };
    static_assert(ARRAY_LENGTH(next) == ALERT_STATE_COUNT, "a row for every state");
    for (int from = 0; from < ALERT_STATE_COUNT; from++)
        for (int event = 0; event < ALERT_EVENT_COUNT; event++) {
            struct story s = in_state((enum alert_state)from);
            see(&s, (enum alert_event)event, 1);
            if (s.a.state != next[from][event])
                fail_msg("%s, event %d: %s, not %s", alert_state_word((enum alert_state)from),
                         event, alert_state_word(s.a.state), alert_state_word(next[from][event]));
        }
}

/* The input that the bits of a number say. */
static void set_input(struct alert_input *in, unsigned bits)
{
    in->may_heal = (bits & 1) != 0;
    in->acted = (bits & 2) != 0;
    in->held = (bits & 4) != 0;
    in->absorbed = (bits & 8) != 0;
    in->severity = (enum severity)(SEVERITY_P4 + (bits >> 4) % 4);
    in->cause = (bits & 64) != 0 ? CAUSE_CRASHED : CAUSE_HUNG;
}

static void check_step(const struct story *before, const struct story *s, int64_t seconds)
{
    int triggers = 0, resolves = 0;
    channel_set told = before->a.notified;
    for (size_t i = 0; i < s->out.count; i++) {
        const struct alert_effect *e = &s->out.items[i];
        assert_true(e->kind == ALERT_CHANGED || e->kind == ALERT_HELD || e->kind == ALERT_HEALED ||
                    e->episode > 0);
        if (s->in.held)
            assert_true(e->kind == ALERT_RESOLVE || e->kind == ALERT_HELD ||
                        e->kind == ALERT_CHANGED);
        if (e->kind == ALERT_TRIGGER) {
            triggers++;
            assert_int_equal(told & e->channels, 0);
            told |= e->channels;
        }
        if (e->kind == ALERT_UPDATE)
            assert_int_equal(e->channels & ~told, 0);
        if (e->kind == ALERT_RESOLVE) {
            resolves++;
            assert_int_equal(e->channels & ~told, 0);
            told &= ~e->channels;
        }
    }
    assert_int_equal(told, s->a.notified);
    assert_true(triggers <= 1 && resolves <= 1);
    assert_true(s->a.announced || s->a.notified == 0);
    assert_true(s->a.state != ALERT_RESOLVED || !s->a.announced);
    assert_true(s->a.episode >= before->a.episode && s->a.episode <= before->a.episode + 1);
    assert_true(s->out.wake.ms > at(seconds).mono.ms);
    if (s->a.state != before->a.state || messages(s) > 0)
        assert_non_null(find(s, ALERT_CHANGED));
}

static void test_every_sight_in_every_state_keeps_the_books_of_channels(void **state)
{
    (void)state;
    static const int64_t later[] = {0, 1, 59, 60, 119, 120, 121, 900, 1801, 90000};
    for (int from = 0; from < ALERT_STATE_COUNT; from++)
        for (int event = 0; event < ALERT_EVENT_COUNT; event++)
            for (unsigned bits = 0; bits < 128; bits++)
                for (unsigned first = 0; first < 8; first++)
                    for (size_t t = 0; t < ARRAY_LENGTH(later); t++) {
                        struct story s = in_state((enum alert_state)from);
                        set_input(&s.in, first * 19);
                        struct story before = s;
                        see(&s, first % 2 == 0 ? ALERT_BAD : ALERT_WELL, 0);
                        check_step(&before, &s, 0);
                        set_input(&s.in, bits);
                        before = s;
                        see(&s, (enum alert_event)event, later[t]);
                        check_step(&before, &s, later[t]);
                    }
}

static void test_what_only_a_person_can_help_is_sent_at_once(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    see(&s, ALERT_BAD, 0);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
}

static void test_a_page_waits_while_recovery_can_help_and_no_longer(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 0);
    assert_int_equal(messages(&s), 0);
    assert_int_equal(s.out.wake.ms, at(60).mono.ms);
    see(&s, ALERT_UNKNOWN, 59);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_UNKNOWN, 60);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
    s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 0);
    s.in.may_heal = false; /* given up, or paused */
    see(&s, ALERT_BAD, 3);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
}

static void test_a_moment_without_facts_does_not_end_the_wait(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 0);
    s.in.may_heal = false;
    see(&s, ALERT_UNKNOWN, 59);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_UNKNOWN, 60);
    assert_int_equal(messages(&s), 1);
}

static void test_what_recovery_healed_is_one_line_without_a_pager(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 0);
    s.in.acted = true;
    see(&s, ALERT_WELL, 5);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 125);
    expect(&s, ALERT_HEALED, ALERT_WHY_WELL, CHAT | MAIL, 0);
    assert_int_equal(s.a.state, ALERT_RESOLVED);
    assert_int_equal(messages(&s), 1);
}

/* systemd is at work on the unit because recovery has told it so. */
static void test_what_recovery_does_to_the_unit_is_not_named_as_what_was_healed(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 0);
    s.in.acted = true;
    s.in.cause = CAUSE_SYSTEMD_RESTARTING;
    see(&s, ALERT_BAD, 1);
    see(&s, ALERT_WELL, 5);
    see(&s, ALERT_WELL, 125);
    expect(&s, ALERT_HEALED, ALERT_WHY_WELL, CHAT | MAIL, 0);
    assert_int_equal(find(&s, ALERT_HEALED)->cause, CAUSE_CRASHED);
    s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    s.in.cause = CAUSE_SYSTEMD_RESTARTING; /* by itself */
    see(&s, ALERT_BAD, 0);
    see(&s, ALERT_BAD, 60);
    assert_int_equal(find(&s, ALERT_TRIGGER)->cause, CAUSE_SYSTEMD_RESTARTING);
}

/* A restart of a hung Redis takes as long as its stop: the clients wait all the while. */
static void test_a_restart_that_takes_long_is_paged_as_what_it_repairs(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = true;
    s.in.cause = CAUSE_HUNG;
    see(&s, ALERT_BAD, 0);
    s.in.acted = true;
    s.in.cause = CAUSE_SYSTEMD_RESTARTING;
    s.in.severity = SEVERITY_P2;
    see(&s, ALERT_BAD, 20);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 60);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
    assert_int_equal(find(&s, ALERT_TRIGGER)->severity, SEVERITY_P1);
    assert_int_equal(find(&s, ALERT_TRIGGER)->cause, CAUSE_HUNG);
    see(&s, ALERT_BAD, 300); /* no update, and it is no less severe */
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 310);
    see(&s, ALERT_WELL, 430);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
}

static void test_a_relapse_counts_from_the_first_failure(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.may_heal = s.in.acted = true;
    see(&s, ALERT_BAD, 0);
    see(&s, ALERT_WELL, 5);
    see(&s, ALERT_WELL, 61); /* well: nothing is sent although the hold is over */
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 70);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
}

static void test_what_passed_by_itself_is_never_sent(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_HOST);
    see(&s, ALERT_BAD, 0);
    see(&s, ALERT_WELL, 100);
    assert_int_equal(messages(&s), 0);
    assert_int_equal(s.a.state, ALERT_RESOLVED);
    see(&s, ALERT_BAD, 110);
    see(&s, ALERT_BAD, 229);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 230);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
}

static void test_it_is_over_when_it_was_well_for_as_long_as_the_setting_says(void **state)
{
    (void)state;
    struct story s = firing();
    see(&s, ALERT_WELL, 10);
    assert_int_equal(s.out.wake.ms, at(130).mono.ms);
    see(&s, ALERT_WELL, 129);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_UNKNOWN, 130);
    assert_int_equal(messages(&s), 0); /* too early to say is not well */
    see(&s, ALERT_WELL, 131);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
}

static void test_a_long_blindness_begins_the_wait_again(void **state)
{
    (void)state;
    struct story s = firing();
    see(&s, ALERT_WELL, 10);
    see(&s, ALERT_UNKNOWN, 20);
    see(&s, ALERT_WELL, 600);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 719);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 720);
    assert_int_equal(messages(&s), 1);
}

static void test_coming_back_says_nothing_until_it_flaps(void **state)
{
    (void)state;
    struct story s = firing();
    for (int i = 1; i <= 2; i++) {
        see(&s, ALERT_WELL, i * 100);
        see(&s, ALERT_BAD, i * 100 + 50);
        assert_int_equal(messages(&s), 0);
    }
    see(&s, ALERT_WELL, 300);
    see(&s, ALERT_BAD, 350);
    expect(&s, ALERT_UPDATE, ALERT_WHY_FLAPPING, PAGER | CHAT | MAIL, 1);
    for (int i = 4; i < 20; i++) {
        see(&s, ALERT_WELL, i * 100);
        see(&s, ALERT_BAD, i * 100 + 50);
        assert_int_equal(messages(&s), 0);
    }
    see(&s, ALERT_WELL, 2000);
    see(&s, ALERT_WELL, 2899);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 2900);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
}

static void test_three_returns_in_more_than_half_an_hour_are_no_flapping(void **state)
{
    (void)state;
    struct story s = firing();
    for (int i = 1; i <= 6; i++) {
        see(&s, ALERT_WELL, i * 901);
        see(&s, ALERT_BAD, i * 901 + 50);
        assert_int_equal(s.a.state, ALERT_FIRING);
    }
}

static void test_slow_flapping_over_several_episodes_is_seen(void **state)
{
    (void)state;
    struct story s = firing();
    int64_t t = 0;
    for (int i = 0; i < ALERT_FLAPS; i++) {
        see(&s, ALERT_WELL, t + 10);
        see(&s, ALERT_WELL, t + 131);
        assert_int_equal(s.a.state, ALERT_RESOLVED);
        t += 140;
        see(&s, ALERT_BAD, t);
    }
    expect(&s, ALERT_TRIGGER, ALERT_WHY_FLAPPING, PAGER | CHAT | MAIL, 4);
    assert_int_equal(s.a.state, ALERT_FLAPPING);
    assert_int_equal(messages(&s), 1);
}

static void test_what_gets_worse_pages_again_under_a_new_key(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.severity = SEVERITY_P2;
    see(&s, ALERT_BAD, 0);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, CHAT | MAIL, 1);
    s.in.severity = SEVERITY_P1;
    see(&s, ALERT_BAD, 1);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WORSE, CHAT | MAIL, 1);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_WORSE, PAGER | CHAT | MAIL, 2);
}

static void test_what_gets_milder_resolves_the_pager_and_goes_on_in_the_chat(void **state)
{
    (void)state;
    struct story s = firing();
    s.in.severity = SEVERITY_P2;
    see(&s, ALERT_BAD, 10);
    see(&s, ALERT_BAD, 129);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 130);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_MILDER, PAGER, 1);
    expect(&s, ALERT_UPDATE, ALERT_WHY_MILDER, CHAT | MAIL, 1);
    see(&s, ALERT_WELL, 140);
    see(&s, ALERT_WELL, 260);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, CHAT | MAIL, 1);
}

static void test_a_moment_of_less_is_no_fall(void **state)
{
    (void)state;
    struct story s = firing();
    for (int i = 1; i < 20; i++) {
        s.in.severity = i % 10 == 0 ? SEVERITY_P1 : SEVERITY_P2;
        see(&s, ALERT_BAD, i * 13);
        assert_int_equal(messages(&s), 0);
    }
}

static void test_another_cause_is_an_update_and_at_most_one_a_minute(void **state)
{
    (void)state;
    struct story s = firing();
    int sent = 0;
    for (int i = 1; i <= 600; i++) {
        s.in.cause = i % 2 == 0 ? CAUSE_CRASHED : CAUSE_OOM_KILLED;
        see(&s, ALERT_BAD, i);
        sent += messages(&s);
        assert_null(find(&s, ALERT_TRIGGER));
    }
    assert_in_range(sent, 1, 10);
}

static void test_a_host_that_takes_more_services_with_it_says_so(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_HOST);
    s.in.members = 1;
    s.in.cause = CAUSE_HOST_UNREACHABLE;
    see(&s, ALERT_BAD, 0);
    see(&s, ALERT_BAD, 120);
    assert_int_equal(messages(&s), 1);
    s.in.members = 3;
    see(&s, ALERT_BAD, 130);
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 180);
    expect(&s, ALERT_UPDATE, ALERT_WHY_MEMBERS, PAGER | CHAT | MAIL, 1);
}

static void test_services_of_an_absent_host_wait_and_fire_themselves_afterwards(void **state)
{
    (void)state;
    struct story host = story_of(CLASS_HOST);
    see(&host, ALERT_BAD, 0);
    assert_true(alert_absorbs(&host.a));
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.absorbed = true;
    see(&s, ALERT_BAD, 1);
    see(&s, ALERT_BAD, 1000);
    assert_int_equal(messages(&s), 0);
    assert_int_equal(s.a.state, ALERT_PENDING);
    see(&host, ALERT_BAD, 1000);
    see(&host, ALERT_WELL, 1001);
    assert_false(alert_absorbs(&host.a));
    s.in.absorbed = false;
    s.in.may_heal = true;
    see(&s, ALERT_BAD, 1002);
    assert_int_equal(messages(&s), 0); /* what recovery can help has its minute */
    see(&s, ALERT_BAD, 1060);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
}

static void test_a_window_holds_what_begins_in_it_and_ends_with_what_is_still_so(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.held = true;
    see(&s, ALERT_BAD, 0);
    assert_non_null(find(&s, ALERT_HELD));
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_BAD, 3600);
    assert_int_equal(messages(&s), 0);
    s.in.held = false;
    see(&s, ALERT_UNKNOWN, 3601);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_WINDOW, PAGER | CHAT | MAIL, 1);
}

static void test_what_began_and_ended_in_a_window_is_never_sent(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.held = true;
    see(&s, ALERT_BAD, 0);
    see(&s, ALERT_WELL, 100);
    s.in.held = false;
    see(&s, ALERT_WELL, 150); /* still clearing as the window ends */
    assert_int_equal(messages(&s), 0);
    see(&s, ALERT_WELL, 220);
    assert_int_equal(messages(&s), 0);
    assert_int_equal(s.a.state, ALERT_RESOLVED);
}

static void test_a_window_lets_the_resolve_out(void **state)
{
    (void)state;
    struct story s = firing();
    s.in.held = true;
    see(&s, ALERT_WELL, 10);
    see(&s, ALERT_WELL, 130);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
}

static void test_what_was_known_before_a_window_is_not_sent_again_after_it(void **state)
{
    (void)state;
    struct story s = firing();
    s.in.held = true;
    see(&s, ALERT_BAD, 10);
    s.in.held = false;
    see(&s, ALERT_BAD, 3600);
    assert_int_equal(messages(&s), 0);
}

static void test_what_got_worse_in_a_window_is_sent_after_it(void **state)
{
    (void)state;
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.severity = SEVERITY_P3;
    see(&s, ALERT_BAD, 0);
    s.in.held = true;
    s.in.severity = SEVERITY_P1;
    see(&s, ALERT_BAD, 10);
    assert_int_equal(messages(&s), 0);
    s.in.held = false;
    see(&s, ALERT_UNKNOWN, 20);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WORSE, MAIL, 1);
    expect(&s, ALERT_TRIGGER, ALERT_WHY_WORSE, PAGER | CHAT | MAIL, 2);
}

static void test_what_leaves_the_settings_is_resolved(void **state)
{
    (void)state;
    struct story s = firing();
    see(&s, ALERT_GONE, 5);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_GONE, PAGER | CHAT | MAIL, 1);
}

static void test_whoever_has_the_trigger_gets_the_resolve_whatever_the_routes_say_now(void **state)
{
    (void)state;
    static const struct route_set none = {.pagers = 0};
    struct story s = firing();
    s.in.routes = &none;
    see(&s, ALERT_WELL, 10);
    see(&s, ALERT_WELL, 130);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
    s = firing();
    int8_t to[ROUTE_CHANNELS_MAX];
    for (int i = 0; i < ROUTE_CHANNELS_MAX; i++)
        to[i] = (int8_t)(ROUTE_CHANNELS_MAX - 1 - i);
    to[1] = -1; /* the chat has left the settings */
    alert_channels_moved(&s.a, to);
    see(&s, ALERT_GONE, 10);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_GONE, CHANNEL_BIT(31) | CHANNEL_BIT(29), 1);
}

/* A kill, a start later, and a clock that has moved in between. */
static void reload(struct story *s, int64_t killed, int64_t started, int64_t wall_moved)
{
    struct alert_saved saved;
    alert_save(&s->a, at(killed), &saved);
    struct now now = at(started);
    now.wall.ms += wall_moved;
    alert_load(&s->a, &policy, &saved, now);
}

static void test_a_kill_keeps_the_key_and_what_is_left_of_a_hold(void **state)
{
    (void)state;
    static const int64_t moved[] = {0, -3600000, 259200000};
    for (size_t i = 0; i < ARRAY_LENGTH(moved); i++) {
        struct story s = story_of(CLASS_AVAILABILITY);
        s.in.may_heal = true;
        see(&s, ALERT_BAD, 0);
        reload(&s, 10, 40, moved[i]);
        assert_in_range(s.a.bad_since.ms, at(40).mono.ms - ALERT_HOST_HOLD_MS, at(40).mono.ms);
        if (moved[i] == 0)
            assert_int_equal(s.a.bad_since.ms, at(0).mono.ms);
        see(&s, ALERT_BAD, 100);
        expect(&s, ALERT_TRIGGER, ALERT_WHY_NEW, PAGER | CHAT | MAIL, 1);
        reload(&s, 101, 130, moved[i]);
        see(&s, ALERT_BAD, 131);
        assert_int_equal(messages(&s), 0);
        see(&s, ALERT_WELL, 140);
        reload(&s, 200, 290, moved[i]);
        see(&s, ALERT_WELL, 291); /* nobody has seen it well meanwhile */
        assert_int_equal(messages(&s), 0);
        see(&s, ALERT_WELL, 411);
        expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
    }
}

static void test_what_ended_while_nobody_looked_is_resolved(void **state)
{
    (void)state;
    struct story s = firing();
    reload(&s, 5, 4000, 0);
    see(&s, ALERT_WELL, 4001);
    see(&s, ALERT_WELL, 4121);
    expect(&s, ALERT_RESOLVE, ALERT_WHY_WELL, PAGER | CHAT | MAIL, 1);
}

static void test_only_what_was_sent_and_lasts_counts_for_the_incident(void **state)
{
    (void)state;
    static const enum severity counts[] = {
        [ALERT_RESOLVED] = SEVERITY_NONE, [ALERT_PENDING] = SEVERITY_NONE,
        [ALERT_FIRING] = SEVERITY_P1,     [ALERT_CLEARING] = SEVERITY_NONE,
        [ALERT_FLAPPING] = SEVERITY_P1,
    };
    for (int i = 0; i < ALERT_STATE_COUNT; i++) {
        struct story s = in_state((enum alert_state)i);
        assert_int_equal(alert_counts_as(&s.a), counts[i]);
        assert_int_equal(alert_open(&s.a), i != ALERT_RESOLVED);
        assert_false(alert_absorbs(&s.a)); /* it is no host */
    }
    struct story s = story_of(CLASS_AVAILABILITY);
    s.in.held = true;
    see(&s, ALERT_BAD, 0);
    assert_int_equal(s.a.state, ALERT_FIRING);
    assert_int_equal(alert_counts_as(&s.a), SEVERITY_NONE);
}

static void test_words_are_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < ALERT_STATE_COUNT; i++)
        assert_int_equal(alert_state_by_word(alert_state_word((enum alert_state)i)), i);
    assert_int_equal(alert_state_by_word("nonsense"), ALERT_RESOLVED);
    for (int i = 0; i < ALERT_WHY_COUNT; i++)
        assert_true(alert_why_word((enum alert_why)i)[0] != '\0');
}

static void test_a_key_names_instance_service_class_and_episode(void **state)
{
    (void)state;
    char text[ALERT_KEY_TEXT_SIZE];
    struct alert_key key = {"cache", CLASS_AVAILABILITY, ""};
    assert_string_equal(alert_key_text("ops1", &key, 7, text), "resus/ops1/cache/availability/7");
    key = (struct alert_key){"cache", CLASS_PERFORMANCE, "memory_high"};
    assert_string_equal(alert_key_text("ops1", &key, 1, text),
                        "resus/ops1/cache/performance:memory_high/1");
    key = (struct alert_key){"", CLASS_SELF, ""};
    assert_string_equal(alert_key_text("ops1", &key, 1, text), "resus/ops1/-/self/1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_is_as_written_here),
        cmocka_unit_test(test_every_sight_in_every_state_keeps_the_books_of_channels),
        cmocka_unit_test(test_what_only_a_person_can_help_is_sent_at_once),
        cmocka_unit_test(test_a_page_waits_while_recovery_can_help_and_no_longer),
        cmocka_unit_test(test_a_moment_without_facts_does_not_end_the_wait),
        cmocka_unit_test(test_what_recovery_healed_is_one_line_without_a_pager),
        cmocka_unit_test(test_what_recovery_does_to_the_unit_is_not_named_as_what_was_healed),
        cmocka_unit_test(test_a_restart_that_takes_long_is_paged_as_what_it_repairs),
        cmocka_unit_test(test_a_relapse_counts_from_the_first_failure),
        cmocka_unit_test(test_what_passed_by_itself_is_never_sent),
        cmocka_unit_test(test_it_is_over_when_it_was_well_for_as_long_as_the_setting_says),
        cmocka_unit_test(test_a_long_blindness_begins_the_wait_again),
        cmocka_unit_test(test_coming_back_says_nothing_until_it_flaps),
        cmocka_unit_test(test_three_returns_in_more_than_half_an_hour_are_no_flapping),
        cmocka_unit_test(test_slow_flapping_over_several_episodes_is_seen),
        cmocka_unit_test(test_what_gets_worse_pages_again_under_a_new_key),
        cmocka_unit_test(test_what_gets_milder_resolves_the_pager_and_goes_on_in_the_chat),
        cmocka_unit_test(test_a_moment_of_less_is_no_fall),
        cmocka_unit_test(test_another_cause_is_an_update_and_at_most_one_a_minute),
        cmocka_unit_test(test_a_host_that_takes_more_services_with_it_says_so),
        cmocka_unit_test(test_services_of_an_absent_host_wait_and_fire_themselves_afterwards),
        cmocka_unit_test(test_a_window_holds_what_begins_in_it_and_ends_with_what_is_still_so),
        cmocka_unit_test(test_what_began_and_ended_in_a_window_is_never_sent),
        cmocka_unit_test(test_a_window_lets_the_resolve_out),
        cmocka_unit_test(test_what_was_known_before_a_window_is_not_sent_again_after_it),
        cmocka_unit_test(test_what_got_worse_in_a_window_is_sent_after_it),
        cmocka_unit_test(test_what_leaves_the_settings_is_resolved),
        cmocka_unit_test(test_whoever_has_the_trigger_gets_the_resolve_whatever_the_routes_say_now),
        cmocka_unit_test(test_a_kill_keeps_the_key_and_what_is_left_of_a_hold),
        cmocka_unit_test(test_what_ended_while_nobody_looked_is_resolved),
        cmocka_unit_test(test_only_what_was_sent_and_lasts_counts_for_the_incident),
        cmocka_unit_test(test_words_are_read_back),
        cmocka_unit_test(test_a_key_names_instance_service_class_and_episode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
