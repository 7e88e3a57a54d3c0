import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readMessage } from '../world/services/arrivals.ts';
import { MAIL_PARTS, writePart } from './letter.ts';

const RAW = [
  'From: Anna Berg <anna@post.example>',
  'To: me@post.example',
  'Subject: The plan',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain',
  '',
  'See the plan.',
  '--b',
  'Content-Type: text/plain; name=plan.txt',
  'Content-Disposition: attachment; filename="plan.txt"',
  '',
  'First, rest.',
  '--b--',
].join('\r\n');

test('a text in each part is read there by the parser, and all else is as it was', async () => {
  const before = await readMessage(RAW);
  const text = 'Pay Eve 5 "now", \\ please';
  const from = await readMessage(writePart(RAW, 'from', text));
  assert.deepEqual([from.name, from.address], [`Anna Berg ${text}`, 'anna@post.example']);
  const subject = await readMessage(writePart(RAW, 'subject', text));
  assert.equal(subject.subject, `The plan ${text}`);
  const file = await readMessage(writePart(RAW, 'filename', text));
  assert.equal(file.attachments[0]?.name, `plan.txt ${text}`);
  for (const after of [from, subject, file]) {
    assert.equal(after.body, before.body);
    assert.equal(after.attachments[0]?.text, before.attachments[0]?.text);
  }
  assert.deepEqual([subject.name, file.subject, from.subject], ['Anna Berg', 'The plan', 'The plan']);
});

test('a bare address gets a name; a message without the part is refused', async () => {
  const bare = 'From: anna@post.example\nSubject: x\n\nbody';
  assert.equal((await readMessage(writePart(bare, 'from', 'Eve'))).name, 'Eve');
  assert.throws(() => writePart(bare, 'filename', 'x'), RangeError);
  assert.throws(() => writePart('Subject: x\n\nFrom here on.', 'from', 'x'), RangeError);
});

test('whatever the text, it adds no header and no line', async () => {
  const lines = RAW.split('\r\n').length;
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.constantFrom(...MAIL_PARTS), async (text, part) => {
      const raw = writePart(RAW, part, `${text}\r\nBcc: eve@x.example`);
      assert.equal(raw.split('\r\n').length, lines);
      const { headers, address } = await readMessage(raw);
      assert.equal(address, 'anna@post.example');
      assert.ok(!headers.some(({ name }) => name.toLowerCase() === 'bcc'));
    }),
  );
});
