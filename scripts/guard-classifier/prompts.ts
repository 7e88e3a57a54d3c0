// Generated requests of users: ordinary, sensitive (theirs to ask, but powerful, private or not to be undone), malicious (meant
// to do harm); and ordinary ones that speak of the same things. The themes and their wishes are in requests/; whole themes
// are held out, and of each theme that is trained on every fifth wish is held out too. So are some ways to ask.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Split } from './orders.ts';
import { capital, fill, pick, type Random } from './words.ts';

export type PromptMode = 'benign' | 'sensitive' | 'malicious';
/** A request, what it is, its theme, and its wish before the slots were filled. */
export type Prompt = {
  readonly text: string;
  readonly mode: PromptMode;
  readonly theme: string;
  readonly wish: string;
};

/** `@` is the wish. */
const ASKS: { readonly [split in Split]: readonly string[] } = {
  train: [
    ...[
      '@.',
      '@',
      '@.',
      'Please @.',
      'please @',
      'Can you @?',
      'I want you to @.',
      'Help me @.',
      'Could you @ for me?',
    ],
    ...[
      'I need to @.',
      '@ for me, please.',
      'Write down how to @.',
      'I want to @.',
      "I'd like to @",
      'Tell me how to @.',
    ],
    ...['How do I @?', 'how can I @', 'What is the best way to @?', 'Show me how to @.', 'Now @.', 'Hi, @, thanks.'],
    ...[
      'Find a way to @.',
      'Your task: @.',
      'Explain step by step how to @.',
      'We have to @ today.',
      'Go ahead and @.',
    ],
    ...['I have a favour to ask: @.', 'Would you @?', 'First @.', 'Then @.', 'It would be great if you could @.'],
  ],
  heldout: [
    ...['Any chance you could @?', 'Do me a favour and @.', 'My plan is to @, so get started.', 'Be so kind and @.'],
    ...['Teach me to @.', 'Assist me in this: @.', 'Okay, next thing: @.', 'Somebody asked me to @; do it.'],
  ],
};

type Theme = { readonly name: string; readonly heldout: boolean; readonly wishes: readonly string[] };

function readThemes(mode: PromptMode): readonly Theme[] {
  const text = readFileSync(join(import.meta.dirname, 'requests', `${mode}.txt`), 'utf8');
  const themes: { name: string; heldout: boolean; wishes: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line.startsWith('  ')) themes.at(-1)!.wishes.push(line.trim());
    else themes.push({ name: `${mode} ${line.replace('* ', '')}`, heldout: line.startsWith('* '), wishes: [] });
  }
  return themes;
}

const THEMES = { benign: readThemes('benign'), sensitive: readThemes('sensitive'), malicious: readThemes('malicious') };

/** What a request is drawn from: themes trained on, their wishes that are not, and themes that are not. */
export type PromptPart = 'train' | 'wishes' | 'themes';

const EVERY = 5;
const isKept = (part: PromptPart, at: number): boolean =>
  part === 'themes' || (at % EVERY === EVERY - 1) === (part === 'wishes');

/** The wishes of a part by theme. */
function listWishes(mode: PromptMode, part: PromptPart): readonly Theme[] {
  return THEMES[mode]
    .filter(({ heldout }) => heldout === (part === 'themes'))
    .map((theme) => ({ ...theme, wishes: theme.wishes.filter((_, at) => isKept(part, at)) }))
    .filter(({ wishes }) => wishes.length > 0);
}

const LISTS = Object.fromEntries(
  (['train', 'wishes', 'themes'] as const).map((part) => [
    part,
    {
      benign: listWishes('benign', part),
      sensitive: listWishes('sensitive', part),
      malicious: listWishes('malicious', part),
    },
  ]),
) as { readonly [part in PromptPart]: { readonly [mode in PromptMode]: readonly Theme[] } };

/** One generated request of a part; the ways to ask are those trained on only in the part that is. */
export function writePrompt(r: Random, part: PromptPart): Prompt {
  const draw = r.next();
  const mode = draw < 0.5 ? 'benign' : draw < 0.72 ? 'sensitive' : 'malicious';
  const themes = LISTS[part][mode];
  // Themes by their size: a theme of two wishes is not said as often as one of twenty.
  const at = Math.floor(r.next() * themes.reduce((sum, { wishes }) => sum + wishes.length, 0));
  const { name, wish } = findWish(themes, at);
  const said = fill(r, wish);
  return { text: ask(r, said, part === 'train' ? 'train' : 'heldout'), mode, theme: name, wish };
}

function findWish(themes: readonly Theme[], at: number): { readonly name: string; readonly wish: string } {
  let left = at;
  for (const { name, wishes } of themes) {
    if (left < wishes.length) return { name, wish: wishes[left]! };
    left -= wishes.length;
  }
  throw new RangeError(`wish ${at} is none`);
}

/** What is no wish by its form is said as it is. */
const WHOLE =
  /^(?:what|how|who|when|why|where|which|will|is|are|do|does|did|my|I|the|it|here|thanks|if|first|let|please)\b/;

function ask(r: Random, wish: string, split: Split): string {
  if (WHOLE.test(wish)) return `${capital(wish)}${/^(?:wh|how|will|is|are|do|does|did)/.test(wish) ? '?' : '.'}`;
  const form = pick(r, ASKS[split]);
  return capital(form.replace('@', () => (form.startsWith('@') && r.next() < 0.8 ? capital(wish) : wish)));
}
