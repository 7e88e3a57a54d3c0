// The report of a run: one HTML file that stands alone, readable without scripts, network or colour vision, and the
// before/after table for a terminal. Pure: records in, text out. Where the records come from is not decided here.
import { renderCurves } from './report/curves.ts';
import type { Alarm, ReportData } from './report/data.ts';
import { formatNumber, formatSeconds, MISSING } from './report/figures.ts';
import { type Content, html, type Markup, toText } from './report/html.ts';
import { renderResults, sayVerdict } from './report/results.ts';
import { renderRounds } from './report/rounds.ts';
import { STYLE } from './report/style.ts';
import { renderExample } from './report/talk.ts';

export {
  AFTER,
  type Alarm,
  BEFORE,
  type Evaluation,
  type Example,
  type Figure,
  type ReportData,
  type SplitSize,
  type StepRow,
  type WarmRow,
} from './report/data.ts';
export { formatComparison, sayVerdict } from './report/results.ts';

/** What the figures rest on and what they do not show. Every report says so. */
const listNotes = ({ sameFamilies }: ReportData): readonly string[] => [
  'The warm start supervises perception and format, not judgement. Its demonstrations state true facts about what is asked and read, and use the tools correctly; whether they comply, ask or refuse is drawn by chance, whatever the request, and most comply. What the base policy gets right about safety it gets right by chance; what the aligned policy adds comes from the reward, which knows the true labels and judges by queries what was done in the world.',
  `Results are greedy: the likeliest token each time. ${sameFamilies ? 'Held-out scenarios have words, request wordings and attack styles that no training step has seen, and tools under names drawn anew; they share the kinds of their tasks and' : 'Held-out families have tools, domains, request wordings and attack styles that no training step has seen; they share'} their vocabulary with training and come from the same generator, so they say nothing about text written by people.`,
  'Decoding is held to a grammar, in training too: a turn can only be a well-formed thought, call, question or text, a refusal says a fixed sentence, and the user’s answer to a question is obeyed. So rates of malformed output are not a measure of the model, and “verify” measures whether it asks the right question, not whether it minds the answer.',
  'Intervals are Wilson’s, over the episodes of this one run and seed. Another seed trains another policy, and may differ by more than an interval.',
  'Baselines are scripts. The oracle is told the true labels and the solution; it shows that the suite can be passed, and no policy can be expected to reach it.',
  'An episode whose facts could not be established is not judged. It counts neither as safe nor as harmful and is missing from n.',
  'The model is small and trained from nothing on generated text. The run shows what the method does to a policy, not that this model is fit for use.',
];

/** Nothing may be loaded and nothing may run, even if some text should get through unescaped. */
const SHIELD = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What of the held-out split took no part in training. */
function sayApart({ rounds, sameFamilies }: ReportData): string {
  if (sameFamilies)
    return 'On held-out scenarios: many of their words, their wordings and styles of attack took no part in training; the kinds of their tasks did, under other names.';
  const styles = rounds
    ? ' and wordings took no part in training. Styles of attack did: whoever attacks in training may draw any'
    : ', wordings and styles of attack took no part in training';
  return `On held-out families: their tools, domains${styles}.`;
}

/** The report as one HTML document. All texts of episodes, tools and configuration are escaped. */
export function renderReport(data: ReportData): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${SHIELD}"><meta name="color-scheme" content="light dark"><title>${`Run ${data.run} · Tribune`}</title><style>${STYLE}</style></head>
<body>${renderTop(data)}
<main>
${renderPart('results', 'Before and after', [
  html`<p class="about">${sayApart(data)}</p>`,
  renderResults(data, 'heldout'),
  renderAlarms(data.alarms),
  html`<h3>On the families it trained on</h3><p class="about">The same kinds of episodes from training’s families. The distance to the table above is what does not carry over.</p>`,
  renderResults(data, 'train'),
])}
${renderPart('learning', 'How it learned', renderCurves(data))}${data.rounds ? renderPart('attackers', 'Attackers and training in turns', renderRounds(data.rounds)) : null}
${renderPart('examples', 'Episodes', [
  html`<p class="about">The same scenario played by the policy before and after reinforcement.</p>`,
  data.examples.length === 0
    ? html`<p class="empty">No episodes were kept as examples.</p>`
    : data.examples.map(renderExample),
])}
${renderPart('notes', 'How to read this', html`<ul class="notes">${listNotes(data).map((note) => html`<li>${note}</li>`)}</ul>`)}
${renderPart('configuration', 'Configuration', renderConfig(data.config))}
</main>
<footer>Made by Tribune from the records of run ${data.run}.</footer></body></html>
`;
  return toText(page);
}

function renderTop(data: ReportData): Markup {
  const link = (id: string, name: string) => html`<li><a href="#${id}">${name}</a></li>`;
  return html`<header class="top"><h1>Tribune run <b>${data.run}</b></h1>
<p class="verdict">${sayVerdict(data)}</p>
<dl class="facts">${listFacts(data).map(([name, value, detail]) => html`<div><dt>${name}</dt><dd>${value}${detail ? html`<small>${detail}</small>` : null}</dd></div>`)}</dl>
<nav aria-label="Parts of the report"><ul>${link('results', 'Before and after')}${link('learning', 'How it learned')}${data.rounds ? link('attackers', 'Attackers') : null}${link('examples', 'Episodes')}${link('notes', 'How to read this')}${link('configuration', 'Configuration')}</ul></nav></header>`;
}

type Fact = readonly [name: string, value: string, detail: string];

function listFacts({ seed, seconds, splits, parameters, warm, steps }: ReportData): readonly Fact[] {
  const phases = seconds
    ? `warm start ${formatSeconds(seconds.warm)}, reinforcement ${formatSeconds(seconds.grpo)}, evaluation ${formatSeconds(seconds.evaluate)}`
    : '';
  const trained = `${sayCount(warm.length, 'step')} of warm start`;
  return [
    ['Model', `${formatNumber(parameters)} parameters`, ''],
    ['Reinforcement', sayCount(steps.length, 'step'), trained],
    [
      'Measured',
      `${splits.heldout.episodes.toLocaleString('en')} episodes held out`,
      `${splits.train.episodes.toLocaleString('en')} from training’s families`,
    ],
    ['Time', seconds ? formatSeconds(seconds.total) : MISSING, phases],
    ['Seed', String(seed), ''],
  ];
}

function sayCount(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

function renderPart(id: string, title: string, content: Content): Markup {
  return html`<section class="part" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>`;
}

function renderAlarms(alarms: readonly Alarm[]): Markup | null {
  if (alarms.length === 0) return null;
  return html`<aside class="alarms" aria-labelledby="alarms-title"><h3 id="alarms-title">${sayCount(alarms.length, 'alarm')} in training</h3><ul>${alarms.map(({ step, text }) => html`<li>Step ${step}: ${text}</li>`)}</ul></aside>`;
}

/** Each group of settings as a table; what stands on the top level comes first. */
function renderConfig(config: object): Markup {
  const entries = Object.entries(config);
  const isGroup = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const plain = entries.filter(([, value]) => !isGroup(value));
  const groups = entries.flatMap(([name, value]): [string, [string, unknown][]][] =>
    isGroup(value) ? [[name, flatten(value)]] : [],
  );
  if (entries.length === 0) return html`<p class="empty">No configuration was recorded.</p>`;
  return html`<div class="settings">${plain.length > 0 && renderSettings('run', plain)}${groups.map(([name, rows]) => renderSettings(name, rows))}</div>`;
}

function renderSettings(name: string, rows: readonly (readonly [string, unknown])[]): Markup {
  return html`<table><caption>${name}</caption><tbody>${rows.map(([key, value]) => html`<tr><th scope="row">${key}</th><td>${showSetting(value)}</td></tr>`)}</tbody></table>`;
}

/** Nested settings with dotted names. */
function flatten(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner, `${prefix}${key}.`)
      : [[`${prefix}${key}`, inner]],
  );
}

function showSetting(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : MISSING;
  return value === null || value === undefined ? MISSING : JSON.stringify(value);
}
