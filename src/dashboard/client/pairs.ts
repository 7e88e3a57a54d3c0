// Two sets of episodes, or of a benchmark's cases, of one run or of two, compared pair by pair: the same scenarios in both.
import { formatNumber, formatPercent, MISSING } from '../../evaluate/report/figures.ts';
import { CASES, type EvaluationDetail, type PairedRow, type RunLine } from '../shape.ts';
import { get } from './api.ts';
import { type Child, choice, el, show } from './dom.ts';
import type { Place } from './main.ts';
import { drawTable } from './table.ts';

/** Two sets, of this run or another, pair by pair. What is chosen second stands in the address. */
export async function drawPairs(
  host: HTMLElement,
  { run, sets }: EvaluationDetail,
  runs: readonly RunLine[],
  place: Place,
): Promise<void> {
  const { query, signal } = place;
  const pick = (from: readonly string[], ...wanted: readonly (string | null)[]): string =>
    wanted.find((one): one is string => one !== null && from.includes(one)) ?? from.at(-1) ?? '';
  let first = pick(sets, query.get('file'), 'base-heldout', CASES);
  let [secondRun, second] = [query.get('secondRun') ?? suggestOther(run, sets, runs), ''];
  let others = sets;
  const bar = el('div', { class: 'bar' });
  const result = el('div', { 'aria-live': 'polite' });
  const keep = (): void => {
    const [where, file] = [query.get('place') ?? undefined, query.get('file') ?? undefined];
    place.keep('evaluations', { run, place: where, file, secondRun, second });
  };
  const compare = async (): Promise<void> => {
    const wanted = { firstRun: run, firstFile: first, secondRun, secondFile: second };
    const found = await get<readonly PairedRow[]>('compare', wanted, signal).catch((fault: unknown) =>
      fault instanceof Error ? fault.message : String(fault),
    );
    show(result, typeof found === 'string' ? el('p', { class: 'failed' }, found) : drawCompared(found));
  };
  /** Learns what the other run has, and compares with what suits best. */
  const openOther = async (id: string, wanted: string | null): Promise<void> => {
    secondRun = id;
    if (id === run) others = sets;
    else others = (await get<EvaluationDetail>('evaluation', { run: id }, signal)).sets;
    second = pick(others, wanted, id === run ? null : first, 'aligned-heldout', CASES);
    drawBar();
    await compare();
  };
  const change = (set: () => void): void => {
    set();
    keep();
    void compare().catch(place.fail);
  };
  const drawBar = (): void =>
    show(
      bar,
      choice('First', listSets(sets), first, (value) => change(() => (first = value))),
      choice(
        'Second, of run',
        runs.filter(({ kind }) => kind !== 'study').map(({ id }) => [id, id] as const),
        secondRun,
        (value) => void openOther(value, null).then(keep, place.fail),
      ),
      choice('its set', listSets(others), second, (value) => change(() => (second = value))),
    );
  show(
    host,
    el('h2', {}, 'Compared pair by pair'),
    el(
      'p',
      { class: 'about' },
      'The same scenarios or cases in both, so the test is paired: McNemar’s exact test, corrected over the metrics (Holm), and a bootstrap interval of the difference.',
    ),
    bar,
    result,
  );
  await openOther(secondRun, query.get('second'));
}

/** What a run is naturally compared with: itself before training, the study's base, another run of the same benchmark. */
function suggestOther(run: string, sets: readonly string[], runs: readonly RunLine[]): string {
  const own = runs.find(({ id }) => id === run);
  const others = runs.filter(({ id }) => id !== run);
  const [, folder, seed] = /^(.*\/)play-.*-(\d+)$/.exec(run) ?? [];
  const base = others.find(({ id }) => folder !== undefined && id === `${folder}play-base-${seed}`);
  const same = others.find(
    ({ kind, title }) => kind === 'benchmark' && title.split(' ')[0] === own?.title.split(' ')[0],
  );
  return base?.id ?? (sets.includes(CASES) ? same?.id : undefined) ?? run;
}

const listSets = (sets: readonly string[]): readonly (readonly [string, string])[] =>
  sets.map((one) => [one, one] as const);

function drawCompared(rows: readonly PairedRow[]): Child {
  const signed = (share: number | null): string =>
    share === null ? MISSING : `${share > 0 ? '+' : share < 0 ? '−' : ''}${formatPercent(Math.abs(share))}`;
  const row = ({
    measure,
    n,
    first,
    second,
    difference,
    low,
    high,
    onlyFirst,
    onlySecond,
    p,
    holm,
  }: PairedRow): HTMLElement =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, measure, el('small', {}, `n = ${n}`)),
      [formatPercent(first), formatPercent(second)].map((text) => el('td', { class: 'number' }, text)),
      el(
        'td',
        { class: 'number strong' },
        signed(difference),
        el('small', {}, low === null ? '' : `${signed(low)} to ${signed(high)}`),
      ),
      el('td', { class: 'number' }, `${onlyFirst} : ${onlySecond}`),
      el('td', { class: 'number' }, formatNumber(p)),
      el('td', { class: 'number' }, formatNumber(holm)),
    );
  if (rows.every(({ n }) => n === 0))
    return el('p', { class: 'empty' }, 'The two have no scenario in common, so there is nothing to pair.');
  const heads = ['Metric', 'First', 'Second', 'Difference', 'Only first : only second', 'p', 'p (Holm)'];
  return drawTable('Compared', heads, rows.map(row), { kind: 'results', numbersFrom: 1 });
}
