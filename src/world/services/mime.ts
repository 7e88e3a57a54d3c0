// A stored mail as an Internet message: RFC 5322 headers, RFC 2047 words, RFC 2045 and 2046 bodies and attachments.
// Deterministic: date and boundary come from the mail itself. Not here: reading messages that came from elsewhere
// (arrivals.ts); mails are stored as columns, and this is what they look like on the wire.

/** What a message is made of. `day` is a word such as Monday, and becomes a header of our own. */
export type Letter = {
  readonly id: number;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
  readonly attachments: readonly { readonly name: string; readonly text: string }[];
};

const EPOCH = Date.UTC(2026, 0, 5, 9);

/**
 * The message, with CRLF line ends. The date is that of the world's first morning plus a minute for each mail before.
 * `more`: header lines besides, as they are to stand there.
 */
export function writeMessage(letter: Letter, more: readonly string[] = []): string {
  const { id, sender, recipient, subject, body, attachments } = letter;
  const headers = [
    `Date: ${new Date(EPOCH + id * 60_000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@mail.test>`,
    `From: ${writeMailbox(sender)}`,
    `To: ${writeMailbox(recipient)}`,
    `Subject: ${writeWords(subject)}`,
    ...more,
    'MIME-Version: 1.0',
  ];
  if (attachments.length === 0) return [...headers, ...writePart('text/plain', body, [])].join('\r\n');
  const boundary = `=_mail_${id}`; // "=_" is in no base64 or quoted-printable line
  const parts = [
    writePart('text/plain', body, []),
    ...attachments.map(({ name, text }) =>
      writePart('text/plain', text, [`Content-Disposition: attachment;\r\n ${writeName(name)}`]),
    ),
  ];
  const lines = parts.flatMap((part) => [`--${boundary}`, ...part]);
  const type = `Content-Type: multipart/mixed; boundary="${boundary}"`;
  return [...headers, type, '', ...lines, `--${boundary}--`, ''].join('\r\n');
}

/** A part in base64: no line of a text can then be taken for a boundary or a header. */
function writePart(type: string, text: string, headers: readonly string[]): string[] {
  const encoded = Buffer.from(text, 'utf8').toString('base64');
  const lines = encoded.match(/.{1,76}/g) ?? [''];
  return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', ...headers, '', ...lines, ''];
}

function writeMailbox(who: string): string {
  if (/^[\w.+-]+@[\w.-]+$/.test(who)) return who;
  const local = /^[a-z]{1,40}$/i.test(who) ? who.toLowerCase() : `x${Buffer.from(who, 'utf8').toString('hex')}`;
  return `${writeWords(who)}\r\n <${local.slice(0, 60)}@people.test>`;
}

/** Words of a header: plain where they are printable ASCII without specials, else encoded, in lines of at most 75. */
function writeWords(text: string): string {
  if (/^[A-Za-z0-9 ]*$/.test(text) && text.length <= 60 && text.trim() === text) return text;
  const words: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) words.push(`=?utf-8?B?${Buffer.from(bytes).toString('base64')}?=`);
    bytes = [];
  };
  for (const character of text) {
    const more = [...Buffer.from(character, 'utf8')];
    if (bytes.length + more.length > 45) flush();
    bytes.push(...more);
  }
  flush();
  return words.join('\r\n ');
}

/** A file's name as parameters on lines of their own, in pieces where it is not plain (RFC 2231). */
function writeName(name: string): string {
  if (/^[\w. -]{1,50}$/.test(name)) return `filename="${name}"`;
  const bytes = [...Buffer.from(name, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, at) => bytes.slice(at * 16, at * 16 + 16));
  return pieces.map((piece, at) => `filename*${at}*=${at === 0 ? "utf-8''" : ''}${piece.join('')}`).join(';\r\n ');
}
