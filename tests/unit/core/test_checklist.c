/* The checklist of a maintenance window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/checklist.h"

static const wall_ms noon = {1800000000000};

static void the_usual_list_has_its_items_by_stage(void **state)
{
    (void)state;
    struct checklist list;
    checklist_usual(&list);
    assert_int_equal(list.count, 16);
    assert_int_equal(checklist_left(&list, CHECKLIST_BEFORE), 6);
    assert_int_equal(checklist_left(&list, CHECKLIST_DURING), 4);
    assert_int_equal(checklist_left(&list, CHECKLIST_AFTER), 6);
    for (size_t i = 0; i < list.count; i++) {
        assert_true(strlen(list.items[i].text) > 5);
        assert_true(i == 0 || list.items[i].stage >= list.items[i - 1].stage);
        assert_false(list.items[i].done);
        assert_string_equal(list.items[i].who, "");
        assert_int_equal(list.items[i].when.ms, WALL_NONE.ms);
    }
    assert_string_equal(checklist_stage_word(CHECKLIST_BEFORE), "before");
    assert_string_equal(checklist_stage_word(CHECKLIST_DURING), "during");
    assert_string_equal(checklist_stage_word(CHECKLIST_AFTER), "after");
}

static void a_tick_keeps_who_when_and_the_note(void **state)
{
    (void)state;
    struct checklist list;
    checklist_usual(&list);
    assert_int_equal(checklist_mark(&list, 3, true, "alice", "dump.rdb\n2 GB", noon, NULL), 0);
    const struct checklist_item *item = &list.items[2];
    assert_true(item->done);
    assert_string_equal(item->who, "alice");
    assert_string_equal(item->note, "dump.rdb 2 GB");
    assert_int_equal(item->when.ms, noon.ms);
    assert_int_equal(checklist_left(&list, CHECKLIST_BEFORE), 5);
    wall_ms later = wall_add(noon, 1000);
    assert_int_equal(checklist_mark(&list, 3, false, "bob", NULL, later, NULL), 0);
    assert_false(item->done);
    assert_string_equal(item->who, "bob");
    assert_string_equal(item->note, "dump.rdb 2 GB");
    assert_int_equal(item->when.ms, later.ms);
    assert_int_equal(checklist_left(&list, CHECKLIST_BEFORE), 6);
    assert_int_equal(checklist_mark(&list, 16, true, "bob", "", later, NULL), 0);
    assert_int_equal(checklist_left(&list, CHECKLIST_AFTER), 5);
}

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    struct checklist list;
    struct error err = {0};
    char note[CHECKLIST_NOTE_SIZE + 1];
    checklist_usual(&list);
    struct checklist before = list;
    assert_int_equal(checklist_mark(&list, 0, true, "alice", NULL, noon, &err), -ENOENT);
    assert_int_equal(checklist_mark(&list, 17, true, "alice", NULL, noon, &err), -ENOENT);
    assert_string_equal(err.text, "there is no item 17: the checklist has 16");
    memset(note, 'x', sizeof note);
    note[CHECKLIST_NOTE_SIZE] = '\0';
    assert_int_equal(checklist_mark(&list, 1, true, "alice", note, noon, &err), -EINVAL);
    assert_string_equal(err.text, "a note has at most 255 bytes");
    assert_int_equal(checklist_add(&list, CHECKLIST_AFTER, "", &err), -EINVAL);
    assert_int_equal(checklist_add(&list, CHECKLIST_AFTER, "  ", &err), -EINVAL);
    assert_int_equal(checklist_add(&list, CHECKLIST_AFTER, note, &err), -EINVAL);
    assert_string_equal(err.text, "an item has 1 to 127 bytes");
    assert_memory_equal(&before, &list, sizeof list);
    note[CHECKLIST_NOTE_SIZE - 1] = '\0';
    assert_int_equal(checklist_mark(&list, 1, true, "alice", note, noon, &err), 0);
}

static void items_are_added_to_their_stage_until_the_list_is_full(void **state)
{
    (void)state;
    struct checklist list = {0};
    struct error err = {0};
    assert_int_equal(checklist_add(&list, CHECKLIST_AFTER, "look", NULL), 0);
    assert_int_equal(checklist_add(&list, CHECKLIST_BEFORE, "save", NULL), 0);
    assert_int_equal(checklist_add(&list, CHECKLIST_DURING, "change", NULL), 0);
    assert_int_equal(checklist_add(&list, CHECKLIST_BEFORE, "notify", NULL), 0);
    static const char *const order[] = {"save", "notify", "change", "look"};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
        assert_string_equal(list.items[i].text, order[i]);
    while (list.count < CHECKLIST_ITEMS_MAX)
        assert_int_equal(checklist_add(&list, CHECKLIST_DURING, "more", NULL), 0);
    assert_int_equal(checklist_add(&list, CHECKLIST_DURING, "more", &err), -ENOSPC);
    assert_string_equal(err.text, "a checklist has at most 64 items");
    assert_string_equal(list.items[CHECKLIST_ITEMS_MAX - 1].text, "look");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_list_has_its_items_by_stage),
        cmocka_unit_test(a_tick_keeps_who_when_and_the_note),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(items_are_added_to_their_stage_until_the_list_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
