/* The data folder: opened without following a link, locked, and what may be done in it by name. */
#ifndef RESUS_PLACEMENT_FOLDER_H
#define RESUS_PLACEMENT_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "placement/placement.h"

#define FOLDER_TEXT_MAX 4096 /* of a small file */

struct folder {
    int fd;
    const struct placement_place *place;
    struct placement_error *err;
};

/* What has a name. */
enum kind { KIND_ABSENT, KIND_FILE, KIND_FOLDER, KIND_UNSAFE };

enum placement_result folder_open(const struct placement_place *place, struct folder *ret,
                                  struct placement_error *err);
void folder_close(struct folder *f);
/* Fills the text; returns `result`. */
enum placement_result refuse(const struct folder *f, enum placement_result result,
                             const char *format, ...) __attribute__((format(printf, 3, 4)));
/* errno as text: PLACEMENT_FAILED, or PLACEMENT_NO_ROOM. */
enum placement_result failed(const struct folder *f, const char *what, const char *name);

/* Is a process with this folder as its working folder there? Processes of other users are not seen. */
bool folder_running(const struct folder *f);
/* A link, a file of another owner and what is neither file nor folder are KIND_UNSAFE. */
enum kind kind_of(int fd, const char *name);
bool same_file(int a, const char *a_name, int b, const char *b_name);
/* -1 and PLACEMENT_UNSAFE or PLACEMENT_FAILED. */
enum placement_result open_folder(const struct folder *f, int at, const char *name, bool make,
                                  int *ret);
/* Each leaves a state that is equal when it is repeated. */
enum placement_result link_to(const struct folder *f, int from, const char *name, int to,
                              const char *as);
enum placement_result remove_file(const struct folder *f, int at, const char *name);
enum placement_result move_over(const struct folder *f, int from, const char *name, int to,
                                const char *as);
enum placement_result sync_folder(const struct folder *f, int fd);
/* Writes a small file under a name of its own, syncs it and renames it. */
enum placement_result write_text(const struct folder *f, int at, const char *name,
                                 const char *text);
/* "" when it is not there. */
enum placement_result read_text(const struct folder *f, int at, const char *name,
                                char text[FOLDER_TEXT_MAX]);

/* Calls `each` for every name in the folder, in no order, until one does not answer PLACEMENT_OK. */
typedef enum placement_result each_name(void *context, const char *name);
enum placement_result each_file(const struct folder *f, int fd, each_name *each, void *context);

#endif
