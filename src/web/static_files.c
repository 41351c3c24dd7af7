#include "web/static_files.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"
#include "io/file.h"
#include "io/log.h"
#include "web/header.h"
#include "web/pages.h"
#include "web/reply.h"

#define PATH_LONGEST 1024
#define TAG_SIZE 24
#define INDEX "/index.html"
/* Vite puts a hash of the content into the names in this folder: they never change. */
#define HASHED "/assets/"
/* The console's page of a service. */
#define SERVICE_PAGES "/services/"
#define FOREVER "public, max-age=31536000, immutable"
#define ASK_AGAIN "no-cache"

enum form { FORM_PLAIN, FORM_GZIP, FORM_BROTLI, FORM_COUNT };

struct file {
    char *path; /* "/assets/index-1a2b3c.js" */
    const char *type;
    struct buf forms[FORM_COUNT]; /* empty = not there */
    char tags[FORM_COUNT][TAG_SIZE];
};

struct static_files {
    struct file files[STATIC_FILES_MAX];
    size_t count, bytes;
    const struct file *index;
};

static const char no_console[] =
    "<!doctype html>\n<html lang=\"en\">\n<head><meta "
    "charset=\"utf-8\"><title>Resus</title></head>\n"
    "<body>\n<h1>Resus</h1>\n<p>The daemon runs; its console is not installed here.</p>\n"
    "<p>A build with Node (<code>./dev build</code>) or the package brings it. The API is there: "
    "<a href=\"/api/services\">/api/services</a>, <a "
    "href=\"/openapi.json\">/openapi.json</a>.</p>\n"
    "</body>\n</html>\n";

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

static const struct {
    const char *ending, *coding;
} forms[FORM_COUNT] = {
    [FORM_PLAIN] = {"", NULL},
    [FORM_GZIP] = {".gz", "gzip"},
    [FORM_BROTLI] = {".br", "br"},
};

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t tail = strlen(ending);
    return length > tail && str_equal(text + length - tail, ending);
}

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (ends_with(path, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

static enum form form_of(const char *name)
{
    for (int form = FORM_GZIP; form < FORM_COUNT; form++)
        if (ends_with(name, forms[form].ending))
            return (enum form)form;
    return FORM_PLAIN;
}

/* ── loading ── */

static const struct file *find(const struct static_files *c, const char *path)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_equal(c->files[i].path, path))
            return &c->files[i];
    return NULL;
}

static struct file *find_or_add(struct static_files *c, const char *path)
{
    struct file *file = (struct file *)(uintptr_t)find(c, path); /* c itself is not const */
    if (file != NULL || c->count == STATIC_FILES_MAX)
        return file;
    file = &c->files[c->count];
    file->path = mem_strdup(path);
    if (file->path == NULL)
        return NULL;
    file->type = type_of(path);
    for (int form = 0; form < FORM_COUNT; form++)
        file->forms[form] = BUF_LIMIT(STATIC_FILE_MAX);
    c->count++;
    return file;
}

static void make_tag(const struct buf *bytes, char *tag)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    (void)EVP_Digest(bytes->data, bytes->length, digest, NULL, EVP_sha256(), NULL);
    (void)str_copy(tag, TAG_SIZE, "\"");
    for (size_t i = 0; i < 8; i++)
        (void)str_append(tag, TAG_SIZE, "%02x", digest[i]);
    (void)str_append(tag, TAG_SIZE, "\"");
}

static int load_file(struct static_files *c, const char *full, const char *path, struct error *err)
{
    char plain[PATH_LONGEST];
    enum form form = form_of(path);
    (void)str_copy_n(plain, sizeof plain, path, strlen(path) - strlen(forms[form].ending));
    struct file *file = find_or_add(c, plain);
    if (file == NULL)
        return error_set(err, -ENOBUFS, "the console in %s has more than %d files", full,
                         STATIC_FILES_MAX);
    int r = file_read(full, &file->forms[form], err);
    if (r < 0)
        return r;
    c->bytes += file->forms[form].length;
    if (c->bytes > STATIC_BYTES_MAX)
        return error_set(err, -EFBIG, "the console's files are larger than %zu bytes",
                         STATIC_BYTES_MAX);
    make_tag(&file->forms[form], file->tags[form]);
    return 0;
}

/* Regular files and folders; links and names with a dot in front are passed over. */
static int load_folder(struct static_files *c, const char *root, const char *below, int depth,
                       struct error *err)
{
    char full[PATH_LONGEST];
    char path[PATH_LONGEST];
    struct stat st;
    int r = 0;
    if (!str_format(full, sizeof full, "%s%s", root, below))
        return error_set(err, -ENAMETOOLONG, "a path in %s is too long", root);
    DIR *folder = opendir(full);
    if (folder == NULL)
        return error_set_errno(err, -errno, "cannot open %s", full);
    for (struct dirent *d; r == 0 && (d = readdir(folder)) != NULL;) {
        if (d->d_name[0] == '.')
            continue;
        if (!str_format(path, sizeof path, "%s/%s", below, d->d_name) ||
            !str_format(full, sizeof full, "%s%s", root, path))
            r = error_set(err, -ENAMETOOLONG, "a path in %s is too long", root);
        else if (lstat(full, &st) == 0 && S_ISREG(st.st_mode))
            r = load_file(c, full, path, err);
        else if (S_ISDIR(st.st_mode) && depth < STATIC_DEPTH_MAX)
            r = load_folder(c, root, path, depth + 1, err);
    }
    (void)closedir(folder);
    return r;
}

static int load_pages(struct static_files *c, struct error *err)
{
    for (size_t i = 0; i < page_count; i++) {
        struct file *file = find_or_add(c, pages[i].path);
        if (file == NULL)
            return error_set(err, -ENOMEM, "out of memory");
        int r = buf_append(&file->forms[FORM_PLAIN], pages[i].data, pages[i].length);
        if (r < 0)
            return error_set_errno(err, r, "cannot keep the page %s", pages[i].path);
        make_tag(&file->forms[FORM_PLAIN], file->tags[FORM_PLAIN]);
    }
    return 0;
}

/* A compressed form alone is of no use: not everybody takes it. */
static void drop_bare_forms(struct static_files *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->files[i].forms[FORM_PLAIN].length == 0)
            c->files[i].path[0] = '\0';
}

int static_files_load(const char *folder, struct static_files **ret, struct error *err)
{
    struct stat st;
    struct static_files *c = mem_calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = load_pages(c, err);
    if (r == 0 && stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        r = load_folder(c, folder, "", 0, err);
    if (r < 0) {
        static_files_free(c);
        return r;
    }
    drop_bare_forms(c);
    c->index = find(c, INDEX);
    *ret = c;
    return 0;
}

void static_files_free(struct static_files *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++) {
        mem_free(c->files[i].path);
        for (int form = 0; form < FORM_COUNT; form++)
            buf_free(&c->files[i].forms[form]);
    }
    mem_free(c);
}

/* ── answering ── */

static enum form choose(const struct file *file, struct request *x)
{
    char accept[256];
    if (!request_header(x, HEADER_ACCEPT_ENCODING, accept, sizeof accept))
        return FORM_PLAIN;
    for (int form = FORM_BROTLI; form > FORM_PLAIN; form--)
        if (file->forms[form].length > 0 && header_accepts(accept, forms[form].coding))
            return (enum form)form;
    return FORM_PLAIN;
}

/* The page of a service asks how it is before anything else: the browser may begin with that while
 * it still reads the page. */
static void add_preloads(char *lines, size_t size, const char *path)
{
    const char *id = str_starts(path, SERVICE_PAGES) ? path + strlen(SERVICE_PAGES) : "";
    if (!service_id_good(id))
        return;
    (void)str_append(lines, size,
                     "Link: </api/services/%s/status>; rel=preload; as=fetch; crossorigin, "
                     "</api/services/%s/health>; rel=preload; as=fetch; crossorigin\r\n",
                     id, id);
}

static void answer_file(const struct file *file, struct request *x)
{
    char lines[768];
    char list[512];
    enum form form = choose(file, x);
    const char *tag = file->tags[form];
    bool known =
        request_header(x, HEADER_IF_NONE_MATCH, list, sizeof list) && header_matches(list, tag);
    (void)str_format(
        lines, sizeof lines, "ETag: %s\r\nCache-Control: %s\r\nVary: Accept-Encoding\r\n%s%s%s",
        tag, str_starts(file->path, HASHED) ? FOREVER : ASK_AGAIN,
        form == FORM_PLAIN ? "" : "Content-Encoding: ",
        form == FORM_PLAIN ? "" : forms[form].coding, form == FORM_PLAIN ? "" : "\r\n");
    add_preloads(lines, sizeof lines, request_info(x)->path);
    const struct answer answer = {.status = known ? 304 : 200,
                                  .type = file->type,
                                  .lines = lines,
                                  .body = file->forms[form].data,
                                  .length = known ? 0 : file->forms[form].length};
    request_answer(x, &answer);
}

static void answer_without(struct request *x)
{
    const struct answer answer = {.status = 200,
                                  .type = "text/html; charset=utf-8",
                                  .lines = "Cache-Control: no-store\r\n",
                                  .body = no_console,
                                  .length = sizeof no_console - 1};
    request_answer(x, &answer);
}

/* "/services/redis" is a place in the console, "/favicon.ico" a file. */
static bool is_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && strchr(slash, '.') != NULL;
}

void static_files_answer(const struct static_files *c, struct request *x)
{
    const struct request_info *request = request_info(x);
    const struct file *file = find(c, request->path);
    if (!str_equal(request->method, "GET"))
        reply_error(x, 405, "method_not_allowed", "The path is there, the method is not.",
                    "Allow: GET\r\n");
    else if (file != NULL && request->path[0] != '\0')
        answer_file(file, x);
    else if (is_file_name(request->path))
        reply_error(x, 404, "not_found", "There is no such file.", NULL);
    else if (c->index != NULL)
        answer_file(c->index, x);
    else
        answer_without(x);
}
