/* A temporary folder of a test and its files. Failures fail the test. */
#ifndef RESUS_TEST_FOLDER_H
#define RESUS_TEST_FOLDER_H

#include <sys/types.h>

struct test_folder {
    char path[64];
};

void test_folder_make(struct test_folder *folder);
/* With everything in it. */
void test_folder_remove(struct test_folder *folder);
/* "path/name" in one of a few static buffers. */
const char *test_folder_path(const struct test_folder *folder, const char *name);
void test_folder_write(const struct test_folder *folder, const char *name, const char *text,
                       mode_t mode);
/* Runs a program to its end with its output thrown away; it must exit with 0. `argv` ends with
 * NULL. */
void test_run(const char *const *argv);

#endif
