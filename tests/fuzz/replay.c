/* Runs a target once over each file that it is given (of a folder: over all in it), with any
 * compiler: every input that was ever worth keeping stays a test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

#define FILES_MAX 2000
#define BYTES_MAX (1024 * 1024)

static char *paths[FILES_MAX];
static int count;

static void add(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    PROMISE(count < FILES_MAX && (paths[count] = malloc(size)) != NULL);
    (void)snprintf(paths[count++], size, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
}

static void find(const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        add("", path);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            add(path, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

static void run(const char *path)
{
    static uint8_t bytes[BYTES_MAX];
    FILE *file = fopen(path, "rb");
    PROMISE(file != NULL);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    PROMISE(ferror(file) == 0 && fgetc(file) == EOF);
    (void)fclose(file);
    uint8_t *copy = malloc(length == 0 ? 1 : length); /* a byte too far is found */
    PROMISE(copy != NULL);
    memcpy(copy, bytes, length);
    (void)LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        find(argv[i]);
    (void)printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        (void)printf("# %s\n", paths[i]);
        (void)fflush(stdout);
        run(paths[i]);
        const char *slash = strrchr(paths[i], '/');
        (void)printf("ok %d - %s\n", i + 1, slash == NULL ? paths[i] : slash + 1);
        free(paths[i]);
    }
    return count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
