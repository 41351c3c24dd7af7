/* The parts of a mail as RFC 5322 and MIME have them: header fields that hold no surprise, and a
 * text of any bytes in lines that every server takes. Pure. */
#ifndef RESUS_NOTIFY_MAIL_TEXT_H
#define RESUS_NOTIFY_MAIL_TEXT_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"

/* "Name: value" with its line end. -EINVAL when the value has a control byte (CR, LF, NUL...): it
 * could begin another field. Text beyond ASCII becomes words of RFC 2047. */
int mail_header(struct buf *to, const char *name, const char *value,
                struct error *err) ATTR_MUST_USE;
/* "Date: Mon, 30 Nov 2026 02:10:03 +0000" */
int mail_date(struct buf *to, wall_ms when) ATTR_MUST_USE;
/* UTF-8 text with LF line ends as quoted-printable, CRLF, lines of at most 76 bytes. */
int mail_quoted_printable(struct buf *to, const char *text) ATTR_MUST_USE;

#endif
