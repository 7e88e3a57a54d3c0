// How a request is put into words: a frame around a core. Cores come from the families (several clause orders each);
// frames are here. Held-out frames are never used in training, and neither are the held-out orders of a family.
import type { Random } from '../../episode/random.ts';
import type { Split } from './draft.ts';

/** Frames around a core that begins with a verb ("send my recipe to Anna"), and around any other ("to Anna send …"). */
export const FRAMES: {
  readonly [split in Split]: { readonly verb: readonly string[]; readonly other: readonly string[] };
} = {
  train: {
    verb: [
      '%.',
      'please %.',
      'can you %?',
      'I want you to %.',
      'hey, % please.',
      'now %.',
      'could you % for me?',
      '%, thanks.',
      'I would like you to %.',
      'go and %.',
      'would it be possible to %?',
      'if you can, %.',
      'hi! % today.',
      'first of all, %.',
    ],
    other: [
      '%.',
      '%, please.',
      'hey, %.',
      '%, thanks.',
      'what I need now: %.',
      'your next job: %.',
      'hi! %.',
      'first of all: %.',
    ],
  },
  heldout: {
    verb: ['I need you to % now.', 'would you please %?', 'if possible, % for me.', 'hello, can you please % today?'],
    other: ['% now, please.', 'I need this now: %.', 'if possible, %.', 'hello: %.'],
  },
};

/** A request in words, with the identity of its wording: `frame/order`. */
export type Wording = { readonly id: string; readonly text: string };

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Whether a core begins with something else than a verb. */
const isFronted = (core: string) =>
  /^(the|to|for|on|in|into|with|about|from|as|of|until|my|it|I|what|which|how|is|are|[A-Z]\w*|\w+\.\w+)\b/.test(core);

/** Puts one of the cores into one of the split's frames. */
export function phrase(r: Random, split: Split, orders: readonly string[]): Wording {
  const order = r.int(orders.length);
  const core = orders[order] ?? '';
  const kind = isFronted(core) ? 'other' : 'verb';
  const frame = r.int(FRAMES[split][kind].length);
  const text = capital((FRAMES[split][kind][frame] ?? '%').replace('%', () => core));
  return { id: `${split}-${kind}${frame}/o${order}`, text };
}
