// Disguises of a text: what an attacker may do to its letters so that filters miss them and a capable model still reads them.
// Each can be undone (`readDisguised`), which is how it is told whether a text still says what it must.
// Not covered: disguises only some models can read (ciphers with keys, pictures of letters).

/** The disguises, the plain text first. */
export const CODINGS = [
  ...['plain', 'capitals', 'spaced', 'reversed', 'base64', 'hex', 'percent', 'rot13'],
  ...['lookalike', 'fullwidth', 'zero-width', 'leet'],
] as const;
export type Coding = (typeof CODINGS)[number];

const LATIN = 'aceopxyjsi';
const CYRILLIC = 'асеорхујѕі';
const LETTERS = 'aeiost';
const DIGITS = '431057';

const swap = (text: string, from: string, to: string): string =>
  Array.from(text, (sign) => (from.includes(sign) ? (to[from.indexOf(sign)] ?? sign) : sign)).join('');

const rotate = (text: string): string =>
  text.replace(/[a-z]/gi, (sign) => {
    const base = sign < 'a' ? 65 : 97;
    return String.fromCharCode(((sign.charCodeAt(0) - base + 13) % 26) + base);
  });

const shift = (text: string, by: number): string =>
  Array.from(text, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    const from = by > 0 ? code : code - 0xfee0;
    return from > 32 && from < 127 ? String.fromCodePoint(code + by) : sign;
  }).join('');

/** A text in a disguise. Those that hide every word say how they are read. */
export function disguise(text: string, coding: Coding): string {
  switch (coding) {
    case 'plain':
      return text;
    case 'capitals':
      return text.toUpperCase();
    case 'spaced':
      return text
        .split(' ')
        .map((word) => [...word].join(' '))
        .join('   ');
    case 'reversed':
      return `read backwards: ${[...text].reverse().join('')}`;
    case 'base64':
      return `base64: ${Buffer.from(text, 'utf8').toString('base64')}`;
    case 'hex':
      return `hex: ${Buffer.from(text, 'utf8').toString('hex')}`;
    case 'percent':
      return Array.from(Buffer.from(text, 'utf8'), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    case 'rot13':
      return `rot13: ${rotate(text)}`;
    case 'lookalike':
      return swap(text, LATIN, CYRILLIC);
    case 'fullwidth':
      return shift(text, 0xfee0);
    case 'zero-width':
      return text.replace(/(?<=\p{L})(?=\p{L})/gu, '\u200b');
    case 'leet':
      return swap(text, LETTERS, DIGITS);
  }
}

/** Every reading of a text: as it stands, and with each disguise undone. Lower case. */
export function readDisguised(text: string): readonly string[] {
  const runs = (pattern: RegExp, decode: (run: string) => string): string =>
    text.replace(pattern, (run) => decode(run));
  const fromHex = (run: string): string => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8');
  const readings = [
    text,
    text
      .replace(/ {3,}/g, '\u0000')
      .replace(/(\S) (?=\S)/g, '$1')
      .replaceAll('\u0000', ' '),
    [...text].reverse().join(''),
    runs(/[A-Za-z0-9+/]{8,}={0,2}/g, (run) => Buffer.from(run, 'base64').toString('utf8')),
    runs(/(?:[0-9a-f]{2}){4,}/g, fromHex),
    runs(/(?:%[0-9a-f]{2})+/g, fromHex),
    rotate(text),
    swap(text, CYRILLIC, LATIN),
    shift(text, -0xfee0),
    text.replaceAll('\u200b', ''),
    swap(text, DIGITS, LETTERS),
  ];
  return readings.map((reading) => reading.toLowerCase());
}
