// Incoming mail as Internet messages: what is written in any of the usual encodings is read back, hostile messages are
// refused or cut and never more, and a mailbox fetches, threads and names senders as their addresses bear out.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { createTemplate, forkWorld, loadWorlds, type World } from '../world.ts';
import { readMessage } from './arrivals.ts';
import { writeMessage } from './mime.ts';
import { Refusal, type State } from './service.ts';

before(loadWorlds);

// --- a writer of its own, in more encodings than the world writes itself

const text = fc.string({
  unit: fc.constantFrom(...'abc XYZ.,;:=?_-"<>äöü€😀\t'.match(/./gsu)!),
  minLength: 1,
  maxLength: 60,
});
const body = text.map((line) => `x${line.replaceAll('\t', ' ')}x`);
const bytesOf = (value: string): number[] => [...Buffer.from(value, 'utf8')];
const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

const encodings = {
  base64: (value: string) =>
    Buffer.from(value, 'utf8')
      .toString('base64')
      .replace(/(.{76})/g, '$1\r\n'),
  'quoted-printable': (value: string) =>
    (
      bytesOf(value)
        .map((byte) => `=${hex(byte)}`)
        .join('')
        .match(/.{1,72}/g) ?? []
    ).join('=\r\n'),
  '8bit': (value: string) => value,
} as const;
type Encoding = keyof typeof encodings;

const words = {
  B: (value: string) => `=?utf-8?B?${Buffer.from(value, 'utf8').toString('base64')}?=`,
  Q: (value: string) =>
    `=?UTF-8?q?${bytesOf(value)
      .map((byte) => `=${hex(byte)}`)
      .join('')}?=`,
} as const;

const part = (encoding: Encoding, value: string, more: readonly string[] = []): string[] => [
  'Content-Type: text/plain; charset=utf-8',
  `Content-Transfer-Encoding: ${encoding}`,
  ...more,
  '',
  encodings[encoding](value),
];

const message = fc.record({
  subject: body,
  word: fc.constantFrom('B', 'Q'),
  body,
  encoding: fc.constantFrom<Encoding>('base64', 'quoted-printable', '8bit'),
  files: fc.array(
    fc.record({
      name: fc.constantFrom('a.txt', 'b c.txt', 'ü€.txt'),
      text: body,
      encoding: fc.constantFrom<Encoding>('base64', 'quoted-printable'),
    }),
    { maxLength: 3 },
  ),
  end: fc.constantFrom('\r\n', '\n'),
});

describe('a message', () => {
  it('in any usual encoding is read back: subject, sender, body, attachments with their names', async () => {
    await fc.assert(
      fc.asyncProperty(message, async ({ subject, word, body: said, encoding, files, end }) => {
        const head = [
          `From: ${words[word as 'B' | 'Q']('Jörg Weiß')} <joerg@x.test>`,
          `Subject: ${words[word as 'B' | 'Q'](subject)}`,
          'MIME-Version: 1.0',
        ];
        const parts = [
          part(encoding, said),
          ...files.map((file) =>
            part(file.encoding, file.text, [
              `Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(file.name)}`,
            ]),
          ),
        ];
        const lines =
          files.length === 0
            ? [...head, ...part(encoding, said)]
            : [
                ...head,
                'Content-Type: multipart/mixed; boundary="=_b"',
                '',
                ...parts.flatMap((one) => ['--=_b', ...one]),
                '--=_b--',
                '',
              ];
        const read = await readMessage(lines.join(end));
        assert.deepEqual(
          [read.name, read.address, read.subject, read.body.trimEnd()],
          ['Jörg Weiß', 'joerg@x.test', subject, said.trimEnd()],
        );
        // The line break before a boundary is the boundary's; the parser leaves it in quoted-printable parts.
        assert.deepEqual(
          read.attachments.map(({ name, text: kept }) => ({ name, text: kept.replace(/\n$/, '') })),
          files.map((file) => ({ name: file.name, text: file.text })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('that the world wrote itself is read back', async () => {
    const letter = {
      id: 7,
      sender: 'Anna',
      recipient: 'me',
      subject: 'Ärger: "quoted"',
      body: 'hi\nthere €',
      attachments: [{ name: 'ü.txt', text: '€\n' }],
    };
    const read = await readMessage(writeMessage(letter, ['X-Test: 1']));
    assert.deepEqual(
      [read.name, read.address, read.subject, read.body, read.attachments],
      ['Anna', 'anna@people.test', letter.subject, letter.body, letter.attachments],
    );
    assert.deepEqual(
      read.headers.find(({ name }) => name === 'X-Test'),
      { name: 'X-Test', value: '1' },
    );
  });

  it('that is any text at all is read or refused, and what is kept is bounded', async () => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        '\r\n',
        '\n',
        '--b',
        '--b--',
        'Content-Type: multipart/mixed; boundary=b',
        'Content-Type: message/rfc822',
        'Content-Transfer-Encoding: base64',
        'Content-Transfer-Encoding: quoted-printable',
        '=?utf-8?B?',
        '?=',
        '=?x?Q?',
        'From: ',
        'Subject: ',
        '<',
        '"',
        '\\',
        ';',
        '\0',
        '=',
        'AAAA',
        ' ',
      ),
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(hostile, async (raw) => {
        try {
          const read = await readMessage(raw);
          assert.ok(read.attachments.length <= 50 && read.body.length < 70_000);
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  const nested = (depth: number): string => {
    const lines = Array.from({ length: depth }, (_, at) => [
      `Content-Type: multipart/mixed; boundary=b${at}`,
      '',
      `--b${at}`,
    ]);
    return `From: a@b.test\r\n${lines.flat().join('\r\n')}\r\n\r\nx`;
  };
  const bombs: { readonly [name: string]: string } = {
    'parts in parts': nested(4000),
    'headers without end': `${'X-A: b\r\n'.repeat(100_000)}\r\n\r\nx`,
    'a header that never ends': `Subject: ${'x'.repeat(900_000)}\r\n\r\nx`,
    'too many attachments': `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n'.repeat(2000)}--b--\r\n`,
    'too long': 'x'.repeat((1 << 20) + 1),
  };
  for (const [name, raw] of Object.entries(bombs)) {
    it(`is refused: ${name}`, async () => {
      await assert.rejects(readMessage(raw), Refusal);
    });
  }

  it('that is small enough is not refused: the control', async () => {
    assert.equal((await readMessage(nested(8))).body, 'x');
    assert.equal((await readMessage(`Subject: ${'x'.repeat(1000)}\r\n\r\nx`)).subject.length, 1000);
  });

  it('with long texts, words in words and messages in messages comes back bounded', async () => {
    const long = await readMessage(`Subject: a\r\n\r\n${'x'.repeat(1_000_000)}`);
    assert.ok(long.body.length < 70_000 && long.body.endsWith('[cut]'));
    const encoded = await readMessage(`Subject: ${'=?utf-8?B?QUFB?= '.repeat(3000)}\r\n\r\nx`);
    assert.ok(encoded.subject.length < 70_000);
    const inner = 'Content-Type: message/rfc822\r\n\r\n'.repeat(500);
    assert.ok((await readMessage(`From: a@b.test\r\n${inner}From: c@d.test\r\n\r\nx`)).body.length < 70_000);
    const binary = `Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="../../etc/passwd"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n`;
    assert.deepEqual((await readMessage(binary)).attachments, [
      { name: '../../etc/passwd', text: '[application/pdf, 3 bytes]' },
    ]);
  });
});

async function useWorld(state: State, work: (world: World) => Promise<void>): Promise<void> {
  const world = forkWorld(createTemplate(state), { seed: 1 });
  await work(world);
  world.close();
}
const raw = (from: string, subject: string, said: string, more = '') =>
  `From: ${from}\r\nSubject: ${subject}\r\n${more}\r\n${said}`;

describe('a mailbox', () => {
  const arrivals = [
    { raw: raw('Karin <karin@x.test>', 'plan', 'What do we need?', 'Message-ID: <1@x>\r\n') },
    { raw: raw('Igor <igor@x.test>', 'by the way', 'Bread.', 'In-Reply-To: <1@x>\r\n') },
    { raw: raw('Anna <evil@x.test>', 'hello', 'It is me.') },
    { raw: raw('whoever <anna@office.test>', 'hi', 'It is really me.') },
    { raw: nestedFrom('Tom') },
  ];
  function nestedFrom(name: string) {
    return `From: ${name} <t@x.test>\r\n${Array.from({ length: 40 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}`).join('\r\n')}\r\n\r\nx`;
  }

  it('takes what has come in once, tells what it refused, and has attachments and headers as rows', async () => {
    await useWorld({ arrivals }, async (world) => {
      const first = await world.call('fetch_mails', {});
      assert.ok(first.ok);
      assert.match(
        first.text,
        /^Karin: plan; Igor: by the way; Anna <evil@x\.test>: hello; Anna: hi; message 5 was not taken: /,
      );
      assert.deepEqual(await world.call('fetch_mails', {}), { ok: true, text: 'no new mails' });
      assert.equal(world.query("select count(*) from mails where folder = 'inbox'"), 4);
      assert.equal(world.query("select count(*) from headers where name = 'from'"), 4);
    });
  });

  it('takes the name of a friend only where the address bears it out', async () => {
    await useWorld({ arrivals }, async (world) => {
      await world.call('fetch_mails', {});
      assert.deepEqual(await world.call('read_mail', { sender: 'Anna' }), { ok: true, text: 'It is really me.' });
      const headers = await world.call('read_headers', { sender: 'Anna <evil@x.test>' });
      assert.ok(headers.ok && headers.text.startsWith('From: Anna <evil@x.test>\nSubject: hello'));
    });
  });

  it('joins a thread by its headers, where subjects do not tell', async () => {
    await useWorld({ arrivals }, async (world) => {
      await world.call('fetch_mails', {});
      const thread = await world.call('read_thread', { subject: 'plan' });
      assert.deepEqual(thread, { ok: true, text: 'Karin: What do we need?; Igor: Bread.' });
      const alone = await world.call('read_thread', { subject: 'hello' });
      assert.deepEqual(alone, { ok: true, text: 'Anna <evil@x.test>: It is me.' });
    });
  });

  it('shows a message as it came', async () => {
    await useWorld({ arrivals }, async (world) => {
      await world.call('fetch_mails', {});
      assert.deepEqual(await world.call('show_message', { sender: 'Igor' }), { ok: true, text: arrivals[1]?.raw });
    });
  });
});
