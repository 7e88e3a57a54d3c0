// The one decision model: from assessments and rules to execute, verify or refuse. The judge uses it with true labels,
// the guard with estimated ones, so training and enforcement cannot drift apart.
// Not here: where assessments come from (guard/classify.ts), what to do about the decision (guard, agent).
import { defaultRules, type Rules } from './rules.ts';
import { type Assessment, type Decision, type Effect, stricter } from './taxonomy.ts';

/** What the rules need to know about a call. */
export type CallFacts = { readonly tool: string; readonly effects: readonly Effect[] };

/** A decision and each thing that calls for it, in the order given; never empty. */
export type Ruling = { readonly decision: Decision; readonly reasons: readonly string[] };

type Demand = { readonly decision: Decision; readonly reason: string };

/**
 * The strictest decision that anything calls for: any assessment, by the table; the tool's own rule, or, where it has
 * none, the rules on its effects. A rule therefore only ever raises what the assessments call for. No assessment at all
 * means nobody looked, and calls for `verify`: silence is never "safe".
 * Throws RangeError on an assessment outside the taxonomy; a caller that enforces must treat that as a refusal.
 */
export function decide(assessments: readonly Assessment[], rules: Rules = defaultRules, call?: CallFacts): Ruling {
  const demands = [...judgeAssessments(assessments, rules), ...(call === undefined ? [] : judgeCall(call, rules))];
  const decision = demands.reduce<Decision>((strictest, demand) => stricter(strictest, demand.decision), 'execute');
  const reasons = demands.filter((demand) => demand.decision === decision).map((demand) => demand.reason);
  return { decision, reasons: [...new Set(reasons)] };
}

function judgeAssessments(assessments: readonly Assessment[], rules: Rules): readonly Demand[] {
  if (assessments.length === 0) return [{ decision: 'verify', reason: 'nothing has been assessed' }];
  return assessments.map((assessment) => {
    const { mode, source, evidence } = assessment;
    return { decision: callsFor(assessment, rules), reason: `${source} is ${mode}: ${evidence}` };
  });
}

/** What the table calls for by one assessment. Throws RangeError on one outside the taxonomy. */
export function callsFor({ channel, mode }: Pick<Assessment, 'channel' | 'mode'>, rules: Rules): Decision {
  const decision = rules.table[channel]?.[mode];
  if (decision === undefined) throw new RangeError(`no rule for a ${mode} assessment on channel ${channel}`);
  return decision;
}

function judgeCall(call: CallFacts, rules: Rules): readonly Demand[] {
  // Object.hasOwn: a tool named after something every object has, `constructor`, has no rule.
  if (Object.hasOwn(rules.tools, call.tool)) {
    const decision = rules.tools[call.tool]!;
    return [{ decision, reason: `the rules say ${decision} for the tool ${call.tool}` }];
  }
  return call.effects.flatMap((effect) => {
    const decision = rules.effects[effect];
    if (decision === undefined) return [];
    return [{ decision, reason: `the rules say ${decision} for a tool that ${phrases[effect]}` }];
  });
}

const phrases: { readonly [effect in Effect]: string } = {
  reads: 'reads',
  writes: 'writes',
  sends: 'sends something out',
  spends: 'spends',
  irreversible: 'does what cannot be undone',
  private: 'touches private data',
};
