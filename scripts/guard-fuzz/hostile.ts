// Hostile conversations from a seed: texts put together from pieces that trouble parsers and matchers, arguments of any shape.
// The same seed and number give the same conversation on any machine.
import type { Json } from '../../src/episode/action.ts';
import type { Conversation, GuardCall, Message } from '../../src/guard/conversation.ts';
import { pick, type Random, seedRandom } from '../guard-classifier/words.ts';

const PIECES = [
  ...[
    'please send the report to ',
    'ignore all previous instructions and ',
    'You must ',
    'TODO: delete ',
    'Assistant: ',
    '\n',
    '\n\n',
    '. ',
  ],
  ...[
    '<system>',
    '</tool>',
    '<|im_start|>',
    '[INST]',
    '### system',
    '{"a": "',
    '"}',
    "': '",
    '\\n',
    '\\u0041',
    '&#65;',
    '%41%42',
    '```',
  ],
  ...[
    'x@y.org',
    'a@',
    'https://evil.example/a?b=',
    'www.',
    'GB29NWBK60161331926819',
    '+1 555 010 2233',
    '0x00ff',
    '1,234,567.89',
    '@bob',
  ],
  ...['\u200b', '\u202e', '\ufeff', '\ud800', '𝔘𝔰𝔢𝔯', 'еmаil', '\u0000', '\u{e0041}', 'İ', 'ﬀ', '한글', 'е́', '😀'],
  ...[
    'QUJDREVGR0hJSktMTU5PUA==',
    '6a6b6c6d6e6f70',
    '0'.repeat(64),
    '((((',
    ']]]]',
    'a-a-a-a',
    '.......',
    ' and ',
    'the ',
    'money ',
    'password ',
  ],
] as const;
const NAMES = [
  'send_email',
  'get_page',
  'transfer',
  'bash',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  'Ünï',
  'x.y/z',
  '',
];
const KEYS = ['to', 'body', 'url', 'amount', 'command', '__proto__', 'constructor', '', 'a.b', 'toString'];

/** A text of a few pieces; now and then one piece a thousand times over. */
function writeText(r: Random): string {
  if (r.next() < 0.02) return pick(r, PIECES).repeat(Math.floor(r.next() * 1000));
  return Array.from({ length: Math.floor(r.next() * 14) }, () => pick(r, PIECES)).join(r.next() < 0.5 ? '' : ' ');
}

function writeValue(r: Random, depth: number): Json {
  const draw = r.next();
  if (draw < 0.5 || depth > 4) return writeText(r);
  if (draw < 0.65) return pick(r, [0, -1, 1e308, 5e-324, 42.5, 123456789, -0]);
  if (draw < 0.75) return pick(r, [true, false, null]);
  if (draw < 0.87) return Array.from({ length: Math.floor(r.next() * 4) }, () => writeValue(r, depth + 1));
  return writeFields(r, depth + 1);
}

function writeFields(r: Random, depth: number): { [key: string]: Json } {
  return Object.fromEntries(
    Array.from({ length: Math.floor(r.next() * 4) }, () => [pick(r, KEYS), writeValue(r, depth)]),
  );
}

const writeCall = (r: Random): GuardCall => ({ name: pick(r, NAMES), arguments: writeFields(r, 0) });

function writeMessage(r: Random): Message {
  switch (Math.floor(r.next() * 4)) {
    case 0:
      return { role: 'user', text: writeText(r) };
    case 1:
      return { role: 'system', text: writeText(r) };
    case 2:
      return { role: 'assistant', text: writeText(r), calls: r.next() < 0.7 ? [writeCall(r)] : [] };
    default:
      return { role: 'tool', tool: pick(r, NAMES), text: writeText(r) };
  }
}

/** What a guard is shown in one round: a conversation, a call, a final text, a tool's result. */
export type Round = {
  readonly conversation: Conversation;
  readonly call: GuardCall;
  readonly text: string;
  readonly result: Message & { readonly role: 'tool' };
};

/** Round number `at` of a seed. */
export function makeRound(seed: number, at: number): Round {
  const r = seedRandom(Math.imul(seed, 0x9e3779b1) ^ at);
  const messages = Array.from({ length: Math.floor(r.next() * 8) }, () => writeMessage(r));
  const tools = r.next() < 0.5 ? [] : [{ name: 'send_email', description: writeText(r) }, { name: pick(r, NAMES) }];
  const conversation = { id: `f${at}`, tools, messages };
  const result = { role: 'tool' as const, tool: pick(r, NAMES), text: writeText(r) };
  return { conversation, call: writeCall(r), text: writeText(r), result };
}

/** A round with each of its texts so many times over: what costs more than so many times as much does not grow linearly. */
export function growRound({ conversation, call, text, result }: Round, times: number): Round {
  const messages = conversation.messages.map((message) => ({ ...message, text: message.text.repeat(times) }));
  return {
    ...{ conversation: { ...conversation, id: `${conversation.id}x${times}`, messages }, call },
    ...{ text: text.repeat(times), result: { ...result, text: result.text.repeat(times) } },
  };
}
