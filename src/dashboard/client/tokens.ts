// The tokens of an episode as the update saw them: what was read, what the grammar forced, what the policy chose and how likely it
// took it to be, and how much each weighs. One stop of the keyboard: the arrow keys go from one own token to the next.
import { formatNumber } from '../../evaluate/report/figures.ts';
import type { TokenRecord } from '../../train/tokens.ts';
import { get } from './api.ts';
import { button, type Child, el, reveal, show } from './dom.ts';
import { sayGain } from './group.ts';
import { drawTable } from './table.ts';

type Wanted = { readonly run: string; readonly file: string; readonly id: string };

/** The part of the page that shows tokens when asked to. */
export function openTokens(wanted: Wanted, there: boolean): HTMLElement {
  const host = el('div');
  const ask = async (): Promise<void> => {
    try {
      show(host, drawTokens(await get<TokenRecord>('tokens', wanted)));
    } catch (fault) {
      show(host, el('p', { class: 'failed' }, fault instanceof Error ? fault.message : String(fault)));
    }
  };
  show(
    host,
    there
      ? button('Show its tokens', () => void ask())
      : el(
          'p',
          { class: 'faint' },
          'Not kept: training keeps them for the steps it records (0, 10, 20 …), an evaluation does not.',
        ),
  );
  return el('section', { 'aria-label': 'Tokens' }, el('h3', {}, 'Tokens'), host);
}

/** One own token, everything known of it. */
type Own = {
  readonly at: number;
  readonly text: string;
  readonly logp: number;
  readonly allowed: number | null;
  readonly weight: number;
  readonly advantage: number | null;
};

function listOwn({ own, texts, logps, allowed, weights, advantage, advantages }: TokenRecord): readonly Own[] {
  return own.map((at, index) => ({
    at,
    text: texts[at] ?? '',
    logp: logps[index] ?? 0,
    allowed: allowed[index] ?? null,
    weight: weights[index] ?? 0,
    advantage: advantages?.[index] ?? advantage,
  }));
}

const isForced = ({ allowed }: Own): boolean => allowed === 1;

/** How an own token looks: forced, masked though chosen, or by how likely it was. */
function toneOf(token: Own): string {
  if (isForced(token)) return 'forced';
  const p = Math.exp(token.logp);
  const tone = p >= 0.9 ? 'p4' : p >= 0.5 ? 'p3' : p >= 0.1 ? 'p2' : 'p1';
  return `chose ${tone}${token.weight === 0 ? ' masked' : ''}`;
}

const sayShare = (p: number): string => (p >= 0.9995 ? '>99.9 %' : p < 0.001 ? '<0.1 %' : `${(p * 100).toFixed(1)} %`);

function drawTokens(record: TokenRecord): Child {
  const own = listOwn(record);
  const chosen = own.filter((token) => !isForced(token));
  const unit = Math.min(...own.map(({ weight }) => weight).filter((weight) => weight > 0));
  const readout = el('p', { class: 'readout', role: 'status' });
  const spans = new Map<number, HTMLElement>();
  let current = -1;
  const tell = (index: number): void => {
    spans.get(own[current]?.at ?? -1)?.classList.remove('current');
    current = Math.min(own.length - 1, Math.max(0, index));
    const token = own[current];
    if (token === undefined) return;
    const span = spans.get(token.at);
    span?.classList.add('current');
    span?.scrollIntoView({ block: 'nearest' });
    show(readout, describe(token, record, unit));
  };
  const control = new Set(record.control);
  const numbers = new Map(own.map(({ at }, index) => [at, index]));
  const parts = record.texts.map((text, at) => {
    const index = numbers.get(at);
    const token = index === undefined ? undefined : own[index];
    const kind = `${token === undefined ? 'read' : toneOf(token)}${control.has(at) ? ' control' : ''}`;
    const span = el('span', { class: `token ${kind}` }, reveal(text));
    if (index !== undefined) span.addEventListener('click', () => tell(index));
    spans.set(at, span);
    return span;
  });
  const moves: { readonly [key: string]: () => number } = {
    ArrowRight: () => current + 1,
    ArrowLeft: () => current - 1,
    Home: () => 0,
    End: () => own.length - 1,
  };
  const field = el(
    'div',
    { class: 'tokens', tabindex: 0, role: 'group', 'aria-label': describeAll(record, own), dir: 'auto' },
    parts,
  );
  field.addEventListener('keydown', (event) => {
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (move === undefined) return;
    event.preventDefault();
    tell(move());
  });
  show(readout, 'Click a token of the policy’s own, or use the arrow keys, to see its figures.');
  return [
    el('p', { class: 'about' }, describeAll(record, own)),
    drawKey(),
    field,
    readout,
    el(
      'details',
      {},
      el('summary', {}, `The ${chosen.length} chosen tokens as a table`),
      drawTable(
        'Chosen tokens',
        ['Place', 'Token', 'Probability', 'ln p', 'Of', 'Weight', 'Advantage'],
        chosen.map((token) => drawRow(token, record, unit)),
        { numbersFrom: 2 },
      ),
    ),
  ];
}

function drawKey(): HTMLElement {
  const keys = [
    ['read', 'read: prompt, tools, results'],
    ['forced', 'forced by the grammar: one choice'],
    ['chose p1', 'chosen, under 10 %'],
    ['chose p2', '10 – 50 %'],
    ['chose p3', '50 – 90 %'],
    ['chose p4', 'over 90 %'],
    ['chose p4 masked', 'chosen but masked in the loss'],
    ['read control', 'control token: no text spells it'],
  ] as const;
  return el(
    'ul',
    { class: 'legend tokenkey' },
    keys.map(([kind, word]) =>
      el('li', {}, el('span', { class: `token ${kind}`, 'aria-hidden': 'true' }, 'ab'), ` ${word}`),
    ),
  );
}

const sayAllowed = ({ allowed }: Own, { vocabulary }: TokenRecord): string =>
  `${(allowed ?? vocabulary).toLocaleString('en')} of ${vocabulary.toLocaleString('en')}`;

const sayWeight = ({ weight }: Own, unit: number): string =>
  weight === 0 ? '0' : `${formatNumber(weight)}${weight > 1.5 * unit ? ` (${Math.round(weight / unit)} ×)` : ''}`;

function describe(token: Own, record: TokenRecord, unit: number): Child {
  const { at, text, logp, weight, advantage } = token;
  const head = [el('b', {}, text === '\n' ? 'line end' : text), ` token ${at + 1} of ${record.texts.length}. `];
  if (isForced(token)) return [head, 'Forced: the grammar allowed nothing else, so it teaches nothing.'];
  const taught =
    advantage === null
      ? 'The episode has no advantage, so nothing is learned from it.'
      : weight === 0
        ? token.allowed === null
          ? 'Not weighed in the loss.'
          : 'Masked in the loss: it did badly, but is hardly ever chosen anyway.'
        : `Weight in the step’s loss ${sayWeight(token, unit)}, advantage ${sayGain(advantage)}: made ${advantage > 0 ? 'more' : 'less'} likely.`;
  return [
    head,
    `Probability ${sayShare(Math.exp(logp))} (ln p ${formatNumber(logp)}) among ${sayAllowed(token, record)} allowed. ${taught}`,
  ];
}

function describeAll({ texts, advantage }: TokenRecord, own: readonly Own[]): string {
  const chosen = own.filter((token) => !isForced(token));
  const masked = chosen.filter(({ weight }) => weight === 0).length;
  const sum = chosen.reduce((total, { logp }) => total + logp, 0);
  const learned = advantage === null ? 'no advantage: nothing was learned from it' : `advantage ${sayGain(advantage)}`;
  return `${texts.length} tokens: ${texts.length - own.length} read, ${own.length - chosen.length} forced, ${chosen.length} chosen (ln p ${formatNumber(sum)} together, ${masked} masked in the loss); ${learned}.`;
}

function drawRow(token: Own, record: TokenRecord, unit: number): HTMLElement {
  const number = (text: string): HTMLElement => el('td', { class: 'number' }, text);
  return el(
    'tr',
    {},
    el('td', { class: 'faint' }, token.at + 1),
    el('th', { scope: 'row' }, el('code', {}, token.text)),
    number(sayShare(Math.exp(token.logp))),
    number(formatNumber(token.logp)),
    number(sayAllowed(token, record)),
    number(sayWeight(token, unit)),
    number(sayGain(token.advantage)),
  );
}
