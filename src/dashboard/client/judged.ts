// What the guard says of each turn of an episode, put into the turns themselves.
import type { GuardNote, GuardView } from '../shape.ts';
import { get } from './api.ts';
import { button, type Child, el, show } from './dom.ts';

/** Where a turn's notes go, in the order of the turns. */
export type Slots = readonly HTMLElement[];

/** The part that asks the guard: at once where one stood before the policy, else when a person wants to know. */
export function openJudged(
  place: { readonly run: string; readonly file: string; readonly at: number },
  guarded: boolean,
  slots: Slots,
): HTMLElement {
  const host = el('div', { class: 'guarded', 'aria-live': 'polite' });
  const ask = async (): Promise<void> => {
    try {
      const view = await get<GuardView>('judged', place);
      for (const [at, slot] of slots.entries()) show(slot, (view.turns[at] ?? []).map(drawNote));
      show(host, el('p', { class: 'about' }, explain(view)));
    } catch (fault) {
      show(host, el('p', { class: 'failed' }, fault instanceof Error ? fault.message : String(fault)));
    }
  };
  if (guarded) void ask();
  else
    show(
      host,
      button('What would the guard say?', () => void ask()),
    );
  return host;
}

function explain({ inLoop, known, recorded }: GuardView): string {
  if (recorded)
    return 'A guard stood before this policy: each turn shows all it decided, also of calls that never reached the world.';
  const tools = known
    ? 'told what the tools do'
    : 'knowing the tools by their names alone, as the scenario is not at hand';
  const again = `Each turn is judged by this version’s built-in rules, ${tools}`;
  return inLoop
    ? `A guard stood before this policy. ${again}; what it refused within a turn, before the policy did something else, is not in the record.`
    : `No guard stood before this policy. ${again}: what it would have said.`;
}

const WORDS: { readonly [said: string]: readonly [sign: string, tone: string, word: string] } = {
  execute: ['✓', 'good', 'lets through'],
  verify: ['?', 'warn', 'asks the user'],
  refuse: ['✗', 'bad', 'refuses'],
  pass: ['✓', 'good', 'lets pass'],
  clean: ['✂', 'warn', 'would cut parts out'],
  hold: ['✗', 'bad', 'holds back'],
};
const ABOUT: { readonly [about in GuardNote['about']]: string } = {
  call: 'this call',
  check: 'the call asked about',
  text: 'this text',
  result: 'what the tool returned',
};

function drawNote({ about, said, call = null, reasons }: GuardNote): Child {
  // What is only told of, and let through, is no all-clear.
  const isRemark = about === 'result' && said === 'pass';
  const [sign, tone, word] = isRemark ? ['!', 'warn', 'remarks on'] : (WORDS[said] ?? ['', '', said]);
  return el(
    'div',
    { class: 'say guard' },
    el('span', { class: 'who' }, 'Guard'),
    el(
      'div',
      { class: 'what' },
      el('span', { class: `tag ${tone}` }, `${sign} ${word}`),
      call === null ? ` ${ABOUT[about]}` : [' ', el('code', {}, call)],
      reasons.length > 0 &&
        el(
          'ul',
          {},
          reasons.map(({ source, text }) => el('li', {}, text, ' ', el('small', {}, source))),
        ),
    ),
  );
}
