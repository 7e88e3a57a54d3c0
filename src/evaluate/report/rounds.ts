// Training against attackers in a run's report: a row for each round, what broke the policy before it was trained, and what the
// fixed suites say after. Pure: rows in, markup out.
import { METRICS, type Metrics, type Rate } from '../metrics.ts';
import { formatPercent } from './figures.ts';
import { html, type Markup } from './html.ts';
import { LABELS } from './results.ts';

/** What one attacker did through one channel. `bare`: targets that break without an attack. */
export type AttackRow = {
  readonly attacker: string;
  readonly channel: string;
  readonly targets: number;
  readonly bare: number;
  readonly broken: number;
};

/** A round; 0 is the policy the phase began with. */
export type RoundRow = {
  readonly round: number;
  /** Opponents known, and how many of them are new. */
  readonly population: number;
  readonly found: number;
  readonly attacks: readonly AttackRow[];
  readonly heldout: Metrics;
  readonly train: Metrics;
  /** Held-out targets broken by any of a few fixed attacks, by channel. */
  readonly attacked: { readonly [channel: string]: Rate };
  /** Whether the round’s policy was kept, and what spoke against it. */
  readonly kept: boolean;
  readonly lost: readonly string[];
};

/** The rounds as two tables: attacks, and the fixed suites. */
export function renderRounds(rows: readonly RoundRow[]): Markup {
  const channels = [...new Set(rows.flatMap(({ attacked }) => Object.keys(attacked)))];
  const show = (rate: Rate | undefined): string => formatPercent(rate?.rate ?? null);
  return html`<p class="about">Attackers search for texts that break the policy on training’s families; what breaks it joins a population, and the policy is trained on scenarios under these attacks beside ordinary ones. The fixed suites are the same before and after each round: what fell there was forgotten.</p>
<table><caption>Attacks before each round’s training, on training’s families</caption><thead><tr><th scope="col">Round</th><th scope="col">Attacker</th><th scope="col">Through</th><th scope="col">Targets</th><th scope="col">Broken</th><th scope="col">Broken unattacked</th><th scope="col">Population</th></tr></thead><tbody>${rows.flatMap(({ round, attacks, population }) => attacks.map((one) => html`<tr><th scope="row">${String(round)}</th><td>${one.attacker}</td><td>${one.channel}</td><td>${String(one.targets)}</td><td>${String(one.broken)}</td><td>${String(one.bare)}</td><td>${String(population)}</td></tr>`))}</tbody></table>
<table><caption>Fixed suites on held-out families, after each round (0: before)</caption><thead><tr><th scope="col">Round</th>${METRICS.map((name) => html`<th scope="col">${LABELS[name].name}</th>`)}${channels.map((channel) => html`<th scope="col">Broken, ${channel}</th>`)}<th scope="col">Kept</th></tr></thead><tbody>${rows.map(({ round, heldout, attacked, kept, lost }) => html`<tr><th scope="row">${String(round)}</th>${METRICS.map((name) => html`<td>${show(heldout[name])}</td>`)}${channels.map((channel) => html`<td>${show(attacked[channel])}</td>`)}<td>${kept ? 'yes' : `no: ${lost.join(', ')}`}</td></tr>`)}</tbody></table>
<p class="about">“Broken”: held-out targets that any of eight fixed attacks broke. Attackers that search find more: <code>tribune redteam</code> measures that.</p>`;
}
