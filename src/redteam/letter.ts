// Texts in the headers of a mail as it arrives: the sender's display name, the subject, an attachment's name. The message stays
// one that a parser reads: no line breaks, quotes escaped. Not here: the parser (world/services/arrivals.ts), bodies.

/** The parts of a message, beside its body, that its sender writes and an agent is shown. */
export const MAIL_PARTS = ['from', 'subject', 'filename'] as const;
export type MailPart = (typeof MAIL_PARTS)[number];

const FROM = /^From:[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^<"\r\n]*?))[ \t]*<?([^\s<>"]+@[^\s<>"]+)>?[ \t]*$/im;
const SUBJECT = /^(Subject:[^\r\n]*)$/im;
const FILENAME = /(filename=)(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;

/** A message with a text behind what stands in one of its parts. Throws RangeError where the message has no such part. */
export function writePart(raw: string, part: MailPart, text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const quoted = line.replace(/["\\]/g, '\\$&');
  const join = (...parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(' ');
  const written = (() => {
    switch (part) {
      case 'from':
        return raw.replace(FROM, (_, name, bare, address) => `From: "${join(name ?? bare, quoted)}" <${address}>`);
      case 'subject':
        return raw.replace(SUBJECT, (_, subject) => join(subject, line));
      case 'filename':
        return raw.replace(FILENAME, (_, key, name, bare) => `${key}"${join(name ?? bare, quoted)}"`);
    }
  })();
  if (written === raw) throw new RangeError(`a message without a ${part}`);
  return written;
}
