// One episode as a conversation, turn by turn: thoughts, calls, questions, what tools returned with what was planted in it marked,
// what each turn earned; the verdict and the reward; what was true. Around it: its group (group.ts), the guard's word (judged.ts),
// its tokens (tokens.ts), its replay (replay.ts). Everything is text.
import type { Call } from '../../episode/action.ts';
import type { Episode, Observation, Step } from '../../episode/episode.ts';
import { formatNumber } from '../../evaluate/report/figures.ts';
import type { EpisodeDetail, ScenarioNotes } from '../shape.ts';
import { button, type Child, el, show } from './dom.ts';
import { drawGroup, sayGain } from './group.ts';
import { openJudged } from './judged.ts';
import type { Place } from './main.ts';
import { openReplay, type Replay } from './replay.ts';
import { openTokens } from './tokens.ts';

export type TalkOptions = {
  readonly run: string;
  readonly detail: EpisodeDetail;
  readonly place: Place;
  /** Back to the list. */
  close(): void;
  /** Another member of the group, to be read beside this one. */
  readonly beside: EpisodeDetail | null;
  /** Reads another member of the group, by the byte it begins at. */
  read(at: number): void;
  /** Puts another member beside this one; null: none. */
  compare(at: number | null): void;
};

/** Shows an episode. */
export function openTalk(host: HTMLElement, { run, detail, place, beside, close, read, compare }: TalkOptions): void {
  const { episode, scenario, siblings, row } = detail;
  const here = { run, file: row.file, at: row.at };
  const replay = openReplay({ ...here, root: place.state.root }, episode.steps.length, episode.id);
  const slots = episode.steps.map(() => el('div'));
  const turns = drawTurns(detail, (at) => [slots[at] ?? null, drawHere(at, replay)]);
  show(
    host,
    el(
      'div',
      { class: 'bar tight' },
      button('← List', close, { class: 'back' }),
      button('All of this scenario', () => place.go('episodes', { run, scenario: episode.scenario })),
      el('span', { class: 'faint' }, 'n and p: next and previous turn'),
    ),
    el('h2', { class: 'title' }, episode.id),
    el(
      'p',
      { class: 'faint' },
      `${episode.policy} · ${episode.family} · ${episode.prompt} request, ${episode.response} tool text · seed ${episode.seed} · ${row.file}.jsonl line ${row.line}`,
    ),
    el('div', { class: 'request' }, el('span', { class: 'who' }, 'User'), el('p', { dir: 'auto' }, episode.request)),
    el('p', { class: 'faint' }, `Tools: ${episode.tools.join(', ')}`),
    openJudged(here, detail.guarded, slots),
    beside === null
      ? [el('ol', { class: 'talk' }, turns), tellEnd(episode)]
      : el(
          'div',
          { class: 'pair' },
          drawColumn(detail, turns),
          drawColumn(
            beside,
            drawTurns(beside, () => null),
          ),
        ),
    drawVerdict(detail),
    drawGroup({ siblings, here: row.at, beside: beside?.row.at ?? null, read, compare }),
    drawNotes(scenario),
    openTokens({ run, file: row.file, id: episode.id }, detail.tokens),
    replay.element,
  );
  host.onkeydown = (event) => stepThrough(event, turns);
}

/** The turns of an episode; `more` is put at the end of each. */
function drawTurns({ episode, scenario }: EpisodeDetail, more: (at: number) => Child): readonly HTMLElement[] {
  const injected = (scenario?.injected ?? []).filter(({ kind }) => kind === 'attack').map(({ text }) => text);
  return episode.steps.map((step, at) => drawTurn(step, injected, more(at)));
}

/** One of two episodes side by side. */
function drawColumn({ episode, row, siblings }: EpisodeDetail, turns: readonly HTMLElement[]): HTMLElement {
  const advantage = siblings.find(({ at }) => at === row.at)?.advantage ?? null;
  return el(
    'section',
    { 'aria-label': `Member ${row.member}` },
    el('h3', {}, `#${row.member}`),
    el('p', { class: 'faint' }, `reward ${formatNumber(row.reward)}, advantage ${sayGain(advantage)}, ${row.outcome}`),
    el('ol', { class: 'talk' }, turns),
    tellEnd(episode),
  );
}

const tellEnd = ({ error }: Episode): Child =>
  error && el('p', { class: 'failed' }, `Broke off (${error.origin}): ${error.message}`);

/** A way from a turn to the world as it was after it. */
function drawHere(at: number, replay: Replay): HTMLElement {
  return button(`World after turn ${at + 1}`, () => replay.goTo(at + 1), { class: 'quiet here' });
}

/** n and p go from turn to turn. */
function stepThrough(event: KeyboardEvent, turns: readonly HTMLElement[]): void {
  const by = event.key === 'n' ? 1 : event.key === 'p' ? -1 : 0;
  if (by === 0 || event.target instanceof HTMLInputElement) return;
  const at = turns.findIndex((turn) => turn.contains(document.activeElement));
  const next = turns[Math.min(turns.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function drawTurn(
  { index, think, decision, action, ended, observation, reward }: Step,
  injected: readonly string[],
  more: Child,
): HTMLElement {
  const earned = Object.entries(reward ?? {}).map(([term, value]) =>
    el('span', { class: `tag ${value < 0 ? 'bad' : 'good'}` }, `${term} ${value > 0 ? '+' : ''}${formatNumber(value)}`),
  );
  return el(
    'li',
    { class: 'turn', tabindex: 0, 'aria-label': `Turn ${index + 1}` },
    el(
      'div',
      { class: 'turnhead' },
      el('span', { class: 'faint' }, `Turn ${index + 1}`),
      decision !== null && el('span', { class: `decision ${decision}` }, decision),
      earned,
    ),
    think !== null && drawLine('Thinks', 'thought', think),
    drawAction(action),
    !ended && drawLine('Turn', 'failed', 'did not end'),
    drawObservation(observation, injected),
    more,
  );
}

function drawLine(who: string, kind: string, ...content: readonly Child[]): HTMLElement {
  return el(
    'div',
    { class: `say ${kind}` },
    el('span', { class: 'who' }, who),
    el('div', { class: 'what', dir: 'auto' }, content),
  );
}

function drawAction(action: Step['action']): HTMLElement {
  switch (action.kind) {
    case 'call':
      return drawLine('Calls', 'call', drawCall(action.call));
    case 'check':
      return drawLine('Asks first', 'check', drawCall(action.call));
    case 'final':
      return drawLine('Says', 'final', action.text);
    case 'malformed':
      return drawLine('Malformed', 'failed', action.text, el('small', {}, action.reason));
  }
}

function drawCall({ name, arguments: values }: Call): HTMLElement {
  const shown = Object.entries(values).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return el('code', {}, el('b', {}, name), `(${shown.join(', ')})`);
}

function drawObservation(observation: Observation, injected: readonly string[]): Child {
  switch (observation.kind) {
    case 'result':
    case 'error': {
      const failed = observation.kind === 'error';
      const who = failed ? 'Tool error' : 'Tool';
      const origin = observation.origin === undefined ? null : el('small', {}, `from ${observation.origin}`);
      return [
        drawLine(who, failed ? 'result failed' : 'result', markInjected(observation.text, injected), origin),
        drawSaid(observation.said),
      ];
    }
    case 'answer':
      return [drawLine('User', 'answer', observation.approved ? 'Yes, do that.' : 'No.'), drawSaid(observation.said)];
    case 'message':
      return drawLine('User', 'answer', observation.text);
    case 'end':
      return null;
  }
}

const drawSaid = (said: string | undefined): Child => (said === undefined ? null : drawLine('User', 'answer', said));

/** The text, with what was planted in it marked. Of two that begin at one place the longer counts. */
function markInjected(text: string, injected: readonly string[]): Child {
  const wanted = injected.filter((one) => one !== '').toSorted((a, b) => b.length - a.length);
  const parts: Child[] = [];
  let from = 0;
  while (from < text.length) {
    const places = wanted.map((one) => ({ one, at: text.indexOf(one, from) })).filter(({ at }) => at >= 0);
    const found = places.toSorted((a, b) => a.at - b.at)[0];
    parts.push(text.slice(from, found?.at ?? text.length));
    if (found) parts.push(el('mark', {}, el('span', { class: 'flag' }, 'injected'), found.one));
    from = found ? found.at + found.one.length : text.length;
  }
  return parts;
}

const sayFact = (fact: unknown): string =>
  fact === null
    ? '–'
    : fact === true
      ? 'yes'
      : fact === false
        ? 'no'
        : Array.isArray(fact)
          ? fact.join(', ') || 'none'
          : String(fact);

function drawVerdict({ episode, row }: EpisodeDetail): Child {
  const { verdict, reward } = episode;
  const facts = Object.entries(verdict ?? {}).map(([name, fact]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, sayFact(fact))),
  );
  const terms = Object.entries(reward?.terms ?? {}).map(([term, value]) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, term),
      el('td', { class: `number ${value < 0 ? 'bad' : ''}` }, `${value > 0 ? '+' : ''}${formatNumber(value)}`),
    ),
  );
  const word = { right: '✓ Right behaviour', wrong: '✗ Wrong behaviour', unjudged: '– Not judged' }[row.outcome];
  return [
    el('h3', { class: row.outcome }, word),
    el('p', { class: 'about' }, `The true label calls for ${row.due}; the episode amounts to ${row.did}.`),
    verdict === null ? el('p', { class: 'faint' }, 'No verdict is stored.') : el('dl', { class: 'facts' }, facts),
    reward !== null &&
      el(
        'table',
        { class: 'terms' },
        el('caption', {}, `Reward ${formatNumber(reward.total)} (${reward.preset})`),
        el('tbody', {}, terms),
      ),
  ];
}

function drawNotes(scenario: ScenarioNotes | null): Child {
  if (scenario === null)
    return el(
      'p',
      { class: 'faint' },
      'The scenario is not at hand: this version does not make it again from its id, and no file of scenarios here has it (--suite FILE). So injected texts are not marked and nothing can be replayed.',
    );
  const calls = (title: string, list: readonly Call[]): Child =>
    list.length > 0 && [
      el('dt', {}, title),
      el(
        'dd',
        {},
        list.map((call) => el('div', {}, drawCall(call))),
      ),
    ];
  return [
    el('h3', {}, 'What was true'),
    el(
      'dl',
      { class: 'notes' },
      calls('The user approves', scenario.approves),
      calls('Needs the user’s word', scenario.gated),
      scenario.injected.map(({ text, kind, style }) => [
        el('dt', {}, `${kind} (${style})`),
        el('dd', { dir: 'auto' }, text),
      ]),
      scenario.goals.map(({ name, sql, equals }) => [
        el('dt', {}, `goal ${name}`),
        el('dd', {}, el('code', {}, sql), ` = ${JSON.stringify(equals)}`),
      ]),
      scenario.harms.map(({ name, sql, equals }) => [
        el('dt', {}, `harm ${name}`),
        el('dd', {}, el('code', {}, sql), ` = ${JSON.stringify(equals)}`),
      ]),
    ),
  ];
}
