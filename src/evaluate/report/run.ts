// A benchmark's run as one HTML page that stands alone: measures with bars and intervals beside their baselines, rates by
// category, and every row with its transcript to open. No scripts, no network; every text is shown as text.
import type { Line, Measure, Row } from '../benchmarks/row.ts';
import type { Rate } from '../metrics.ts';
import type { Outcome } from '../outcome.ts';
import { renderConfusion } from './confusion.ts';
import { formatInterval, formatPercent, MISSING } from './figures.ts';
import { type Content, html, type Markup, toText } from './html.ts';
import { STYLE } from './style.ts';

/** Rows shown with their transcripts, and characters of one text; the rest is in rows.jsonl. */
const MOST_ROWS = 1500;
const LONGEST = 1600;

const SHIELD = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const MORE_STYLE = html`details{border-top:1px solid var(--line);padding:8px 0}summary{cursor:pointer;font-size:14px}
summary b{font-weight:600;margin-right:10px}.fact{margin-right:10px;color:var(--muted);font-variant-numeric:tabular-nums}.fact.bad{color:var(--bad)}.fact.good{color:var(--good)}`;

/** The page. */
export function renderRun(outcome: Outcome, rows: readonly Row[]): string {
  const { benchmark, version, policy, options, n, counts, notes, faulty } = outcome;
  const told = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  const shown = rows.slice(0, MOST_ROWS);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${SHIELD}"><meta name="color-scheme" content="light dark"><title>${`${benchmark}: ${policy}`}</title><style>${STYLE}${MORE_STYLE}</style></head>
<body><header class="top"><h1><b>${benchmark}</b> ${version}</h1><p class="verdict">${policy}</p>
<dl class="facts"><div><dt>Rows</dt><dd>${n}</dd></div><div><dt>Of faulty cases</dt><dd>${faulty}</dd></div><div><dt>Options</dt><dd>${told.join(', ')}</dd></div></dl></header>
<main><section class="part"><h2>Measures</h2><p class="about">In percent, with Wilson’s 95 % intervals. No safety rate stands alone: read it beside its twin and the baselines.</p>${renderMeasures(outcome)}</section>
<section class="part"><h2>By category</h2>${renderGroups(outcome)}</section>
${renderConfusion(outcome.definitions, rows)}
<section class="part"><h2>Left out and counted</h2><ul class="notes">${Object.entries(counts).map(([name, value]) => html`<li>${name}: ${value}</li>`)}${notes.map((note) => html`<li>${note}</li>`)}</ul></section>
<section class="part"><h2>Rows</h2><p class="about">${rows.length > shown.length ? `The first ${shown.length} of ${rows.length}; all are in rows.jsonl.` : `All ${rows.length}.`}</p>${shown.map((row) => renderRow(row, outcome.definitions))}</section></main>
<footer>Made by Tribune.</footer></body></html>
`;
  return toText(page);
}

function renderMeasures({ definitions, measures, baselines, policy }: Outcome): Markup {
  const titles = Object.keys(baselines);
  const body = definitions.map(({ name, title, better, twin }) => {
    const found = measures[name]!;
    const others = titles.map(
      (one) => html`<td class="number aside">${formatPercent(baselines[one]?.[name]?.rate ?? null)}</td>`,
    );
    const beside = twin === undefined ? null : html`<small>read with ${twin}</small>`;
    const trials =
      found.allOf.length > 1
        ? html`<small>pass^k: ${found.allOf.map((p) => formatPercent(p)).join(', ')}</small>`
        : null;
    return html`<tr><th scope="row">${name}${better === 'low' ? ' ↓' : ''}<small>${title}</small>${beside}${trials}</th><td class="number strong">${formatPercent(found.rate)}<small>${formatInterval(found)}</small></td><td class="number">${found.n}</td><td class="number">${formatPercent(found.sound.rate)}</td>${others}<td class="wide">${drawBar(found)}</td></tr>`;
  });
  return html`<div class="scroll"><table class="results"><caption><span>${policy}; ↓ low is good; “sound” without cases known to be faulty</span></caption><thead><tr><th>measure</th><th class="number">rate</th><th class="number">of</th><th class="number">sound</th>${titles.map((title) => html`<th class="number">${title}</th>`)}<th></th></tr></thead><tbody>${body}</tbody></table></div>`;
}

/** A bar with its interval as a whisker. */
function drawBar({ rate, low, high }: Rate): Markup | null {
  if (rate === null || low === null || high === null) return null;
  const x = (share: number): string => (share * 100).toFixed(2);
  return html`<svg class="bars" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label="${formatPercent(rate)} percent"><rect class="track" x="0" y="5" width="100" height="10"/><rect class="bar after" x="0" y="5" width="${x(rate)}" height="10"/><path class="whisker" d="M${x(low)} 10H${x(high)}"/></svg>`;
}

function renderGroups({ definitions, measures }: Outcome): Markup {
  const groups = [...new Set(Object.values(measures).flatMap((measure) => Object.keys(measure.groups)))];
  const cell = (group: string, name: string): Content => {
    const rate = measures[name]?.groups[group];
    if (rate === undefined || rate.n === 0) return MISSING;
    return html`${formatPercent(rate.rate)}<small>of ${rate.n}</small>`;
  };
  return html`<div class="scroll"><table class="results"><thead><tr><th>category</th>${definitions.map(({ name }) => html`<th class="number">${name}</th>`)}</tr></thead><tbody>${groups.map((group) => html`<tr><th scope="row">${group}</th>${definitions.map(({ name }) => html`<td class="number">${cell(group, name)}</td>`)}</tr>`)}</tbody></table></div>`;
}

function renderRow({ id, trial, facts, faulty, transcript }: Row, definitions: readonly Measure[]): Markup {
  const told = definitions.flatMap(({ name, better }) => {
    const fact = facts[name] ?? null;
    if (fact === null) return [];
    return [
      html`<span class="fact ${fact === (better === 'high') ? 'good' : 'bad'}">${name} ${fact ? 'yes' : 'no'}</span>`,
    ];
  });
  const fault = faulty === undefined ? null : html`<p class="about">Known to be faulty: ${faulty}</p>`;
  return html`<details><summary><b>${id}${trial === 0 ? '' : ` (trial ${trial + 1})`}</b>${told}</summary>${fault}<ol class="talk">${transcript.map(renderLine)}</ol></details>`;
}

function renderLine({ role, text }: Line): Markup {
  const more = text.length - LONGEST;
  const shown = more > 0 ? `${text.slice(0, LONGEST)}… (${more} more characters)` : text;
  return html`<li class="${KINDS.get(role) ?? 'final'}"><span class="who">${role}</span><div class="what" dir="auto">${shown}</div></li>`;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['thought', 'thought'],
  ['tool', 'result'],
  ['call', 'call'],
  ['check', 'check'],
]);
