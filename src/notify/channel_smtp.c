/* Mail: plain text, threaded by alert. It is sent by notify/mail.c; here it is written. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "notify/channel.h"
#include "notify/mail_text.h"
#include "notify/text.h"

#define ROOT_BYTES 16

static int load(struct channel *c, const char **ret_key, struct error *err)
{
    *ret_key = "password_file";
    return c->settings.password_file[0] == '\0'
               ? 0
               : channel_read_secret(c->settings.password_file, &c->key, err);
}

static int address_header(struct buf *to, const char *name, const char *before, const char *address,
                          const char *after, struct error *err)
{
    char value[SETTINGS_MAILBOX_MAX + 96];
    (void)str_format(value, sizeof value, "%s%s%s", before, address, after);
    return mail_header(to, name, value, err);
}

static int recipients(const struct channel_settings *s, struct buf *to)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < s->to.count; i++) /* checked when the settings were read */
        r = buf_printf(to, "%s%s", i == 0 ? "To: " : ",\r\n ", s->to.addresses[i]);
    return r == 0 ? buf_printf(to, "\r\n") : r;
}

/* All mails of an alert hang on one id that none of them has: so the first may get lost, and the
 * order does not count. */
static int thread(const struct channel *c, const char *key, const char *domain, struct buf *to)
{
    unsigned char hash[ROOT_BYTES];
    char hex[2 * ROOT_BYTES + 1];
    if (key[0] == '\0')
        return 0;
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)key, strlen(key), NULL, 0);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return buf_printf(to, "In-Reply-To: <%s.%s@%s>\r\nReferences: <%s.%s@%s>\r\n", hex, c->instance,
                      domain, hex, c->instance, domain);
}

static int part(struct buf *body, const char *header, const char *text)
{
    int r = buf_printf(body, "%sContent-Transfer-Encoding: quoted-printable\r\n\r\n", header);
    return r == 0 ? mail_quoted_printable(body, text) : r;
}

/* No line of quoted-printable text has it. */
#define BOUNDARY "=_resus"

/* The calendar is an attachment, and no invitation: it has no METHOD, so mail programs do not enter it
 * by themselves. */
static int parts(struct buf *body, const char *text, const char *calendar)
{
    struct buf lines = BUF_LIMIT(MESSAGE_CALENDAR_MAX);
    int r = 0;
    for (const char *p = calendar; r == 0 && *p != '\0'; p++)
        r = *p == '\r' ? 0 : buf_append(&lines, p, 1); /* line ends are those of the mail */
    if (r == 0)
        r = buf_printf(body, "Content-Type: multipart/mixed; boundary=\"" BOUNDARY
                             "\"\r\n\r\n--" BOUNDARY "\r\n");
    if (r == 0)
        r = part(body, "Content-Type: text/plain; charset=utf-8\r\n", text);
    if (r == 0)
        r = buf_printf(body, "\r\n--" BOUNDARY "\r\n");
    if (r == 0)
        r = part(body,
                 "Content-Type: text/calendar; charset=utf-8\r\n"
                 "Content-Disposition: attachment; filename=\"maintenance.ics\"\r\n",
                 buf_text(&lines));
    if (r == 0)
        r = buf_printf(body, "\r\n--" BOUNDARY "--\r\n");
    buf_free(&lines);
    return r;
}

static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    struct buf text = BUF_LIMIT(CHANNEL_BODY_MAX / 4); /* three times as long when quoted */
    char headline[TEXT_HEADLINE_MAX];
    const char *domain = strchr(c->settings.from, '@') + 1;
    text_headline(m, headline);
    int r = mail_date(body, now);
    if (r == 0)
        r = address_header(body, "From", "Resus <", c->settings.from, ">", err);
    if (r == 0)
        r = recipients(&c->settings, body);
    if (r == 0)
        r = mail_header(body, "Subject", headline, err);
    if (r == 0)
        r = buf_printf(body, "Message-ID: <%s.%s@%s>\r\n", delivery, c->instance, domain);
    if (r == 0)
        r = thread(c, m->key, domain, body);
    if (r == 0)
        r = buf_printf(body, "Auto-Submitted: auto-generated\r\n"
                             "X-Auto-Response-Suppress: All\r\n"
                             "MIME-Version: 1.0\r\n");
    if (r == 0)
        r = text_plain(m, c->settings.log_lines, &text);
    if (r == 0 && m->calendar[0] == '\0')
        r = part(body, "Content-Type: text/plain; charset=utf-8\r\n", buf_text(&text));
    else if (r == 0)
        r = parts(body, buf_text(&text), m->calendar);
    buf_free(&text);
    if (r < 0 && (err == NULL || err->code == 0))
        return error_set(err, r, "the mail is too long");
    return r;
}

const struct channel_kind channel_smtp = {
    .type = CHANNEL_SMTP,
    .timeout_ms = 60000, /* a server may look for viruses before it replies */
    .load = load,
    .render = render,
};
