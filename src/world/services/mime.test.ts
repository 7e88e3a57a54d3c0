// A stored mail as an Internet message, read back by Python's own mail parser, which knows nothing of how it was written.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Letter, writeMessage } from './mime.ts';

const READER = `
import json, sys
from email import policy, message_from_bytes
out = []
for text in json.load(sys.stdin):
    m = message_from_bytes(text.encode('ascii'), policy=policy.default)
    body = m.get_body(('plain',))
    defects = [str(d) for part in m.walk() for d in part.defects]
    out.append(dict(subject=str(m['subject']), sender=m['from'].addresses[0].display_name, id=m['message-id'], date=m['date'].datetime.isoformat(),
      body=body.get_content(), defects=defects, files=[[a.get_filename(), a.get_content()] for a in m.iter_attachments()]))
json.dump(out, sys.stdout)`;

type Read = {
  readonly subject: string;
  readonly sender: string;
  readonly id: string;
  readonly body: string;
  readonly defects: readonly string[];
  readonly files: readonly (readonly [string, string])[];
};

const hasPython = spawnSync('python3', ['-c', 'import email.policy']).status === 0;

/** The parser gives a text's lines with the ends it had. */
const letters: readonly Letter[] = fc.sample(
  fc.record({
    id: fc.integer({ min: 1, max: 9999 }),
    sender: fc.constantFrom('Anna', 'Jörg Weiß', 'me'),
    recipient: fc.constantFrom('x@y.test', 'Ben'),
    subject: fc.constantFrom('', 'plan', 'Ärger: "quoted" <b>', 'x\r\nBcc: thief@evil.test', 'ü'.repeat(90)),
    body: fc.constantFrom('hi', '', '--=_mail_1--\r\n', 'From here\n.\nÄ€😀', 'x'.repeat(500)),
    attachments: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a.txt', 'ü".txt', 'b c.md', `${'é'.repeat(60)}.txt`),
        text: fc.constantFrom('A', '€\n', ''),
      }),
      { selector: ({ name }) => name, maxLength: 2 },
    ),
  }),
  { numRuns: 60, seed: 7 },
);

test("Python's parser reads every message back without a defect", { skip: hasPython ? false : 'no python3' }, () => {
  const input = JSON.stringify(letters.map((letter) => writeMessage(letter)));
  const { status, stdout, stderr } = spawnSync('python3', ['-c', READER], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const read: readonly Read[] = JSON.parse(stdout);
  assert.equal(read.length, letters.length);
  for (const [at, letter] of letters.entries()) {
    const { subject, body, sender, files, id, defects } = read[at] as Read;
    assert.deepEqual(defects, []);
    assert.equal(id, `<${letter.id}@mail.test>`);
    assert.equal(sender, letter.sender);
    // A line break in a subject is shown as blanks: no header can be forged by it.
    assert.equal(subject.replace(/\s+/g, ' '), letter.subject.replace(/\s+/g, ' '));
    assert.equal(body.trimEnd(), letter.body.replaceAll('\r\n', '\n').trimEnd());
    assert.deepEqual(
      files.map(([name, text]) => [name, text.trimEnd()]),
      letter.attachments.map(({ name, text }) => [name, text.trimEnd()]),
    );
  }
});

test('no line of a message can be forged by what stands in a mail', () => {
  const forged: Letter = {
    id: 1,
    sender: 'Eve\r\nBcc: thief@evil.test',
    recipient: 'Ben',
    subject: 'x\r\nBcc: thief@evil.test',
    body: '\r\n--=_mail_1--\r\nBcc: thief@evil.test',
    attachments: [{ name: 'a"\r\nBcc: x', text: '--=_mail_1--' }],
  };
  const lines = writeMessage(forged).split('\r\n');
  assert.ok(!lines.some((line) => line.startsWith('Bcc')));
  assert.equal(lines.filter((line) => line === '--=_mail_1--').length, 1);
  for (const line of lines) assert.match(line, /^[\x20-\x7e]{0,78}$/);
});
