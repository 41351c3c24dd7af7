/* All that a hostile host and a hostile Redis report to the doctor, up to its findings: sections between
 * lines of "--". Whatever they are, the findings are texts, each with its fix. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/facts.h"
#include "host/process_facts.h"
#include "host/systemctl.h"
#include "support.h"

#define LOG "/var/log/redis/redis-server.log"

static struct service_settings services[2] = {{.id = "redis",
                                               .unit = "redis-server",
                                               .control = CONTROL_SSH,
                                               .log_file = LOG,
                                               .ssh = {.host = "10.0.0.5", .port = 22, .user = "a"},
                                               .redis = {.host = "10.0.0.5", .port = 6379}},
                                              {.id = "other",
                                               .unit = "valkey-server",
                                               .control = CONTROL_SYSTEMD,
                                               .commands_extended = true,
                                               .log_file = LOG}};
static struct settings settings = {.path = "/etc/resus/resus.yaml",
                                   .services = services,
                                   .service_count = 2,
                                   .audit = {.file = "/var/log/resus/audit.log"}};

static void count_line(void *context, const struct journal_line *line)
{
    struct doctor_look *look = context;
    look->lines++;
    look->redis_lines += line->message[0] == '8';
}

/* Each part as its own piece of memory: a byte too far is found. */
static void read_host(struct doctor_facts *f, int part, const char *text, size_t length)
{
    switch (part) {
    case 0:
        systemctl_parse_status(text, length, &f->unit);
        unit_file_parse_status(text, length, &f->unit_file);
        break;
    case 1:
        systemctl_parse_show(text, length, &f->unit);
        unit_file_parse_show(text, length, &f->unit_file);
        break;
    case 2:
        process_facts_parse(text, length, f->unit.main_pid, &f->main_process);
        break;
    case 3:
        sudo_list_parse(text, length, &f->sudo);
        break;
    case 4:
        (void)journal_parse(text, length, count_line, &f->journal);
        break;
    case 5:
        (void)redis_log_parse(text, length, count_line, &f->log_file);
        break;
    case 6:
        info_parse(text, length, &f->info);
        break;
    case 7:
        f->log_path_known = str_copy_clean(f->log_path, sizeof f->log_path, text, length);
        break;
    case 8:
        f->bind_known = str_copy_clean(f->bind, sizeof f->bind, text, length);
        break;
    case 9:
        (void)str_copy_clean(f->redis_user, sizeof f->redis_user, text, length);
        break;
    case 10:
        f->stranger = reply_classify_error(text, length);
        f->ping.reply = f->stranger;
        break;
    default:
        (void)str_copy_clean(f->log_file.error, sizeof f->log_file.error, text, length);
        break;
    }
}

static void begin(struct doctor_facts *f, uint8_t mode)
{
    static const struct doctor_look good = {.asked = true, .end = HOST_EXITED};
    *f = (struct doctor_facts){
        .service = &services[mode % 2], .settings = &settings, .on_host = true};
    services[0].commands_extended = (mode & 2) != 0;
    f->status = f->active = f->process = f->sudo_list = f->journal = f->log_file = good;
    if ((mode & 4) != 0) {
        f->status.end = HOST_TIMED_OUT;
        (void)str_copy(f->status.error, sizeof f->status.error, "no answer in time");
    }
    f->log_file.exit_code = (mode & 8) != 0;
    f->root = (mode & 16) != 0;
    f->command_ms = mode;
    facts_unit_reset(&f->unit);
    facts_info_reset(&f->info);
    f->ping.reply = REPLY_PONG;
    for (size_t i = 0; i < DOCTOR_COMMAND_COUNT; i++)
        f->allowed[i] = (enum tri)((mode + i) % 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct doctor_facts facts; /* 180 KB */
    struct input in = input_of(data, size);
    size_t i;
    json_t *item;
    begin(&facts, input_byte(&in));
    for (int part = 0; in.left > 0; part++) {
        struct input section = input_section(&in);
        char *text = input_text(section);
        read_host(&facts, part, text, section.left);
        mem_free(text);
    }
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    PROMISE(json_array_size(items) > 0);
    json_array_foreach(items, i, item) {
        PROMISE(json_text_or(item, "check", "")[0] != '\0');
        PROMISE(json_text_or(item, "message", "")[0] != '\0');
    }
    return 0;
}
