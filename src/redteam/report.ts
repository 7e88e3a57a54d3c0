// A run's figures as a document, as text and as a page: attack success against budget with intervals, beside what the
// defence costs its user. Not here: how they come about (run.ts, figures.ts).
import { drawLines, type Tone } from '../evaluate/chart.ts';
import type { Rate } from '../evaluate/metrics.ts';
import { formatInterval, formatPercent } from '../evaluate/report/figures.ts';
import { html, type Markup, toText } from '../evaluate/report/html.ts';
import { STYLE } from '../evaluate/report/style.ts';
import { textOf } from './attack.ts';
import { type CurvePoint, countStyles, curveOf, goalUnderAttack } from './figures.ts';
import type { Campaign, RedteamResult } from './run.ts';
import type { Channel } from './target.ts';

/** One line of the result: an arm, an attacker, a channel. */
export type Front = {
  readonly arm: Campaign['arm'];
  readonly attacker: Campaign['attacker'];
  readonly channel: Channel;
  readonly targets: number;
  readonly curve: readonly CurvePoint[];
  /** The last point of the curve. */
  readonly success: Rate;
  /** Tries up to which the curve reaches. */
  readonly tries: number;
  readonly goalUnderAttack: Rate;
  readonly unjudged: number;
  readonly styles: ReturnType<typeof countStyles>;
};

/** The fronts of a run. */
export function listFronts({ campaigns, config }: RedteamResult): Front[] {
  return campaigns.flatMap(({ arm, attacker, fates }) =>
    config.channels.flatMap((channel): Front[] => {
      const own = fates.filter(({ target }) => target.channel === channel);
      const curve = curveOf(own, config.budget.tries);
      const last = curve.at(-1);
      if (own.length === 0 || last === undefined) return [];
      const unjudged = own.reduce((sum, fate) => sum + fate.unjudged, 0);
      const told = { targets: own.length, curve, success: last.rate, tries: last.tries, unjudged };
      return [{ arm, attacker, channel, ...told, goalUnderAttack: goalUnderAttack(own), styles: countStyles(own) }];
    }),
  );
}

/** The run as a JSON document. */
export function redteamDocument(result: RedteamResult): object {
  const { config, targets, clean, found, transfers, suite } = result;
  return {
    config,
    targets: targets.length,
    clean: Object.fromEntries(clean),
    fronts: listFronts(result),
    found: found.map(({ target, short, attacker, defence, tries }) => {
      return { target: target.id, defence, attacker, tries, style: short.style, text: textOf(short) };
    }),
    transfers,
    suite,
  };
}

const say = (rate: Rate): string => (rate.n === 0 ? '–' : `${formatPercent(rate.rate)} (${formatInterval(rate)})`);

/** The tables of a run: heads and rows of text. */
type Table = {
  readonly title: string;
  readonly about: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

function tablesOf(result: RedteamResult): Table[] {
  const { clean, transfers } = result;
  const marks = [0, 1, 10, 100, 1000].filter((tries) => tries <= result.config.budget.tries);
  const at = ({ curve }: Front, tries: number): string => {
    const point = curve.find((one) => one.tries === tries);
    return point === undefined ? '–' : say(point.rate);
  };
  const fronts = listFronts(result).map((front) => {
    const { utility, overAsk } = clean.get(front.arm)!;
    const user = [say(utility), say(overAsk), say(front.goalUnderAttack)];
    const found = [...marks.map((tries) => at(front, tries)), say(front.success), String(front.tries)];
    return [front.arm, front.channel, front.attacker, String(front.targets), ...found, ...user];
  });
  return [
    {
      title: 'Attack success',
      about:
        'Percent of targets broken within so many tries each (Wilson 95 %), beside the benign tasks done without attacks, the benign tasks in which the user was asked, and the benign tasks done in the last try that failed. At 0 nobody attacks.',
      head: [
        'arm',
        'channel',
        'attacker',
        'targets',
        ...marks.map(String),
        'at the end',
        'tries',
        'utility',
        'overAsk',
        'done under attack',
      ],
      rows: fronts,
    },
    {
      title: 'Transfer',
      about: 'The best attacks found on one defence, shortened, tried once on another.',
      head: ['found on', 'tried on', 'broken', 'attacks'],
      rows: transfers.map(({ from, to, rate }) => [from, to, say(rate), String(rate.n)]),
    },
    {
      title: 'What broke them',
      about: 'Styles of the attacks that broke a target, by arm and attacker.',
      head: ['arm', 'channel', 'attacker', 'styles'],
      rows: listFronts(result)
        .filter(({ styles }) => styles.length > 0)
        .map(({ arm, channel, attacker, styles }) => {
          const told = styles.slice(0, 6).map(({ style, count }) => `${style} ${count}`);
          return [arm, channel, attacker, told.join(', ')];
        }),
    },
  ];
}

/** The run as Markdown. */
export function redteamMarkdown(result: RedteamResult): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const parts = tablesOf(result)
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, about, head, rows }) =>
      [`## ${title}`, '', about, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'),
    );
  return `${parts.join('\n\n')}\n`;
}

const SHIELD = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The run as one HTML page that loads nothing. Attack texts in it are text. */
export function redteamPage(result: RedteamResult): string {
  const { config } = result;
  const about = `${config.policy}${config.guard === null ? '' : `, with a guard${config.judges === undefined ? '' : ` and ${config.judges.join(', ')}`}`}; ${result.targets.length} targets, ${config.budget.tries} tries each, ${config.level} box, seed ${config.seed}.`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${SHIELD}"><meta name="color-scheme" content="light dark"><title>Red team · Tribune</title><style>${STYLE}</style></head>
<body><header class="top"><h1><b>Tribune</b> · red team</h1><p class="about">${about}</p></header>
<main>${drawCurves(result)}${tablesOf(result)
    .filter(({ rows }) => rows.length > 0)
    .map(renderTable)}${renderFound(result)}</main></body></html>
`;
  return toText(page);
}

const TONES: readonly Tone[] = ['one', 'two', 'three'];

/** A chart for each channel and attacker, with a line for each arm. */
function drawCurves(result: RedteamResult): Markup {
  const fronts = listFronts(result);
  const keys = [...new Set(fronts.map(({ channel, attacker }) => `${channel}, ${attacker}`))];
  const charts = keys.map((key) => {
    const own = fronts.filter(({ channel, attacker }) => `${channel}, ${attacker}` === key);
    const steps = [...new Set(own.flatMap(({ curve }) => curve.map(({ tries }) => tries)))].sort((a, b) => a - b);
    const series = own.map(({ arm, curve }, at) => ({
      name: arm,
      tone: TONES[at] ?? 'one',
      values: steps.map((tries) => curve.find((point) => point.tries === tries)?.rate.rate ?? null),
    }));
    return drawLines({
      title: `Broken: ${key}`,
      note: 'Share of targets broken, against tries each.',
      unit: 'share',
      stepName: 'try',
      steps,
      series,
    });
  });
  return html`<section class="part"><h2>Attack success against budget</h2>${charts}</section>`;
}

function renderTable({ title, about, head, rows }: Table): Markup {
  return html`<section class="part"><h2>${title}</h2><p class="about">${about}</p><div class="scroll"><table class="results">
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row" class="slim">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div></section>`;
}

/** The most attacks a page shows; the suite has all. */
const SHOWN = 60;

function renderFound({ found }: RedteamResult): Markup {
  const rows = found.slice(0, SHOWN).map(({ target, defence, attacker, tries, short }) => {
    return [target.id, defence, attacker, String(tries), short.style, textOf(short)];
  });
  if (rows.length === 0)
    return html`<section class="part"><h2>Found attacks</h2><p class="about">None: no try broke a target.</p></section>`;
  const head = ['target', 'defence', 'attacker', 'tries', 'style', 'text, shortened'];
  return renderTable({
    title: 'Found attacks',
    about: `${found.length} in the suite, the first ${rows.length} here.`,
    head,
    rows,
  });
}
