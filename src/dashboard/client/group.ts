// The other members of an episode's group: what each did and earned, its advantage, and any of them beside the one that is read.
import { formatNumber } from '../../evaluate/report/figures.ts';
import type { Sibling } from '../shape.ts';
import { button, type Child, el } from './dom.ts';
import { drawTable } from './table.ts';

export type GroupOptions = {
  readonly siblings: readonly Sibling[];
  /** The byte the episode that is read begins at, and the one that stands beside it. */
  readonly here: number;
  readonly beside: number | null;
  /** Reads a member instead. */
  read(at: number): void;
  /** Puts a member beside, or takes it away. */
  compare(at: number | null): void;
};

const SIGNS = { right: '✓', wrong: '✗', unjudged: '–' } as const;

/** A number with its sign. */
export const sayGain = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : ''}${formatNumber(value)}`;

/** The group as a table; nothing where there is one member alone. */
export function drawGroup({ siblings, here, beside, read, compare }: GroupOptions): Child {
  if (siblings.length < 2) return null;
  const row = ({ at, member, reward, advantage, outcome, did, ending }: Sibling): HTMLElement =>
    el(
      'tr',
      { class: at === here ? 'chosen' : '' },
      el(
        'th',
        { scope: 'row' },
        at === here
          ? `#${member}`
          : button(`#${member}`, () => read(at), { class: 'quiet', 'aria-label': `Read member #${member}` }),
      ),
      el('td', { class: outcome }, SIGNS[outcome], ` ${did}`),
      el('td', { class: 'number' }, formatNumber(reward)),
      el('td', { class: `number ${(advantage ?? 0) < 0 ? 'bad' : ''}` }, sayGain(advantage)),
      el('td', { class: 'ending', dir: 'auto' }, ending),
      el(
        'td',
        {},
        at === here
          ? null
          : button(at === beside ? 'Take away' : 'Beside', () => compare(at === beside ? null : at), {
              class: 'quiet',
              'aria-label': `${at === beside ? 'Take away' : 'Beside'}: member ${member}`,
            }),
      ),
    );
  const kept = siblings.every((one) => one.kept);
  return [
    el('h3', {}, 'Its group'),
    el(
      'p',
      { class: 'about' },
      `The same scenario, from the same bytes. The advantage is what the update multiplies each episode by${kept ? ', as it was used' : ', worked out again from the rewards'}.`,
    ),
    drawTable('Group', ['Member', 'Outcome', 'Reward', 'Advantage', 'Ends with', ''], siblings.map(row)),
  ];
}
