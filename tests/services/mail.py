# SPDX-License-Identifier: MIT
"""mail.py - ums-local's channel email against an SMTP server (aiosmtpd), which keeps a Maildir.

scripts/run starts ums-local and the bridge; mails are read from the Maildir. No mail transport
agent of the distribution's: installing one would take the place of the machine's own.
"""
import email.header
import email.policy
import email.utils
import mailbox
import socket
import sys

from stage import ROOT, Model, Process, expect, patiently
from cases import free_port
from texts import FAMILY, RTL, long_text

sys.path.insert(0, str(ROOT / "tests" / "clients"))
from rig import Rig  # noqa: E402

DESK = "desk@ums.test"
WHO = "Zoë %s %s" % (RTL.split(",")[0], FAMILY)
ADDRESS = "zoe@mail.test"


class Server:
    """An SMTP server with a Maildir, in a folder."""

    def __init__(self, tmp):
        self.tmp, self.port, self.box = tmp, free_port(), tmp / "maildir"
        self.process = None
        self.start()

    def start(self):
        self.process = Process("smtp", [
            sys.executable, "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:%d" % self.port, "-c",
            "aiosmtpd.handlers.Mailbox", str(self.box)], self.tmp, self.is_up)

    def is_up(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def mails(self):
        box = mailbox.Maildir(self.box, create=False)
        return [email.message_from_bytes(box.get_bytes(k), policy=email.policy.default)
                for k in box.keys()]

    def mail(self, message_id):
        """The mail of a message, once it is there."""
        got = patiently(lambda: [m for m in self.mails() if m["Message-ID"] == "<%s@ums.test>" % (
            message_id)])
        expect(len(got) == 1, "%d mails of %s" % (len(got), message_id))
        return got[0]


def address(mail, name):
    """(display name, address) of a header. The parser of `mail` itself would leave the space
    between two encoded words in a name (RFC 2047, 6.2)."""
    said, where = email.utils.parseaddr(dict(mail.raw_items())[name])
    return str(email.header.make_header(email.header.decode_header(said))), where


class MailStage:
    """scripts/run with a relay, and a client in front."""
    files = ()

    def __init__(self, build, tmp):
        self.smtp = Server(tmp)
        self.rig = Rig("lighttpd", {
            "BUILD_DIR": str(build),
            "UMS_LOCAL_OPTIONS": "--smtp smtp://127.0.0.1:%d --mail-from %s" % (
                self.smtp.port, DESK)})
        self.model = None
        try:
            self.rig.__enter__()
            self.rig.api("/contacts", {"name": WHO, "email": ADDRESS})
            self.model = Model(self.rig.url, "auto")
        except BaseException:
            self.end()
            raise

    def send(self, **arguments):
        return self.model.do("send_message", channel="email", **arguments)

    def status(self, message_id):
        """What became of a message, once that is known."""
        def settled():
            got = self.model.do("get_delivery_status", message_ids=[message_id])
            one = got["deliveries"][0]["recipients"][0]
            return one if one["state"] != "queued" else None
        return patiently(settled)

    def end(self):
        if self.model is not None:
            self.model.close()
        self.rig.end()
        if hasattr(self.rig, "out"):
            self.rig.out.close()
        self.smtp.process.stop()
        why = "; ".join(self.rig.problems())
        self.rig.clean()
        return why or None


def mail_arrives(s):
    """4,000 characters with emoji and right-to-left text, a subject and a name like that."""
    text, subject = long_text(), "Grüße %s %s" % (FAMILY, RTL)
    sent = s.send(to=[ADDRESS], subject=subject, text=text)
    mail = s.smtp.mail(sent["message_id"])
    expect(mail["Subject"] == subject, "another subject: %r" % mail["Subject"])
    body = mail.get_content()
    expect("\n" not in body.replace("\r\n", ""), "a line end that is no CRLF (RFC 2045, 6.8)")
    expect(body.replace("\r\n", "\n").encode() == text.encode(), "another text")
    expect(address(mail, "To") == (WHO, ADDRESS), address(mail, "To"))
    expect(address(mail, "From")[1] == DESK, address(mail, "From"))
    expect((mail["X-RcptTo"], mail["X-MailFrom"]) == (ADDRESS, DESK), "another envelope")
    expect(s.status(sent["message_id"])["state"] == "sent", s.status(sent["message_id"]))


def mail_once(s):
    """The same key is one mail."""
    call = {"to": [ADDRESS], "subject": "once", "text": "x", "idempotency_key": "once"}
    first = s.send(**call)
    expect(s.send(**call)["idempotent_replay"], "no replay")
    s.smtp.mail(first["message_id"])
    last = s.send(to=[ADDRESS], subject="last", text="x")
    s.smtp.mail(last["message_id"])
    expect([m["Subject"] for m in s.smtp.mails()].count("once") == 1, "two mails")


def mail_answer(s):
    """An answer refers to what it answers; a file is a link below the text."""
    first = s.send(to=[ADDRESS], subject="one", text="x")
    second = s.send(to=[ADDRESS], subject="two", text="y", reply_to=first["message_id"],
                    attachments=[{"name": "Plan.pdf", "url": "https://files.test/plan.pdf"}])
    mail = s.smtp.mail(second["message_id"])
    expect(mail["In-Reply-To"] == "<%s@ums.test>" % first["message_id"], mail["In-Reply-To"])
    expect(mail.get_content().startswith("y\r\n") and
           "- Plan.pdf: https://files.test/plan.pdf" in mail.get_content(), mail.get_content())


def mail_is_one_mail(s):
    """Neither subject nor text can add a header, a recipient or a command."""
    s.model.refused("send_message", "validation", to=[ADDRESS], channel="email", text="x",
                    subject="a\r\nBcc: eve@mail.test")
    text = ".\r\nQUIT\r\n.x\nBcc: eve@mail.test"
    sent = s.send(to=[ADDRESS], subject="=?UTF-8?Q?=0D=0ABcc:_eve@mail.test?=", text=text)
    mail = s.smtp.mail(sent["message_id"])
    expect(mail["Bcc"] is None and mail["X-RcptTo"] == ADDRESS, str(mail))
    expect(mail["Subject"] == "=?UTF-8?Q?=0D=0ABcc:_eve@mail.test?=", mail["Subject"])
    expect(mail.get_content() == ".\r\nQUIT\r\n.x\r\nBcc: eve@mail.test", mail.get_content())


def mail_relay_is_gone(s):
    """Without its relay a message fails and says why; with it again others go."""
    s.smtp.process.stop()
    try:
        sent = s.send(to=[ADDRESS], subject="lost", text="x")
        got = s.status(sent["message_id"])
    finally:
        s.smtp.start()
    expect((got["state"], got["code"]) == ("failed", "relay_unreachable"), got)
    sent = s.send(to=[ADDRESS], subject="again", text="x")
    expect(s.smtp.mail(sent["message_id"])["Subject"] == "again", "it does not go")


STAGE = MailStage
