// The operator's rules: which tools are always allowed, asked about or denied, rules with conditions on arguments, effects
// that tools really have, limits, the house's own domains. Data with a schema; reading files is the command line's part.
// A rule that cannot be told to hold counts as holding where it restricts and as not holding where it allows.
import { z } from 'zod';
import { checkInput } from '../episode/input.ts';
import { DECISIONS, type Decision, EFFECTS, type Effect, MODES, type Mode } from '../safety/taxonomy.ts';
import type { GuardCall } from './conversation.ts';
import { conditionSchema } from './predicate.ts';
import { argumentSchema } from './schema.ts';

const decision = z.enum(DECISIONS);
const effects = z.array(z.enum(EFFECTS)).min(1);
/** A tool's name; `*` stands for any letters. */
const pattern = z.string().min(1).max(200);
const row = z.partialRecord(z.enum(MODES), decision);

const ruleSchema = z.strictObject({
  name: z.string().min(1),
  tools: z.array(pattern).min(1).optional(),
  effects: effects.optional(),
  when: conditionSchema.optional(),
  unless: conditionSchema.optional(),
  /** A JSON Schema; the rule is about calls whose arguments fit it. `{not: …}` for those that do not. */
  schema: argumentSchema.optional(),
  decision,
  reason: z.string().min(1).optional(),
});
export type Rule = z.infer<typeof ruleSchema>;

const limitSchema = z.strictObject({
  name: z.string().min(1),
  tools: z.array(pattern).min(1).optional(),
  effects: effects.optional(),
  /** At most so many calls. */
  calls: z.int().min(0).optional(),
  /** The argument to add up, and the most it may come to. */
  sum: z.string().min(1).optional(),
  most: z.number().min(0).optional(),
  /** Counted in one conversation, or over so many seconds across all. */
  per: z.union([z.literal('conversation'), z.number().positive().max(31_536_000)]),
  decision: z.enum(['verify', 'refuse']).optional(),
});
export type Limit = z.infer<typeof limitSchema>;

/** The schema of a rule file. Every key may be left out. */
export const rulebookSchema = z.strictObject({
  version: z.literal(1).optional(),
  /** `autonomous`: nobody is there to ask, so less is asked about; what an attack explains is refused all the same. */
  preset: z.enum(['standard', 'autonomous']).optional(),
  table: z.strictObject({ user: row.optional(), tool: row.optional() }).optional(),
  effects: z.partialRecord(z.enum(EFFECTS), decision).optional(),
  tools: z.record(z.string(), z.strictObject({ effects })).optional(),
  allow: z.array(pattern).optional(),
  ask: z.array(pattern).optional(),
  deny: z.array(pattern).optional(),
  rules: z.array(ruleSchema).optional(),
  limits: z.array(limitSchema).optional(),
  /** Domains of one's own: private data may go there, destinations there need no word of the user's. */
  domains: z.array(z.string().min(1)).optional(),
});
export type Rulebook = z.infer<typeof rulebookSchema>;

/** What assessments call for, before any rule: the paper's table, with a doubtful tool text asked about and an attack refused. */
export const GUARD_TABLE: {
  readonly user: { readonly [mode in Mode]: Decision };
  readonly tool: { readonly [mode in Mode]: Decision };
} = {
  user: { benign: 'execute', sensitive: 'verify', malicious: 'refuse' },
  tool: { benign: 'execute', sensitive: 'verify', malicious: 'refuse' },
};

/** Reads a parsed JSON or YAML value as rules. Throws InputError naming `where` and the field that is wrong. */
export function parseRulebook(value: unknown, where: string): Rulebook {
  return checkInput(rulebookSchema, value ?? {}, where);
}

/** Whether a name matches one of the patterns. Letters count as the same in either case: no tool slips through by case. */
export function matchesName(name: string, patterns: readonly string[]): boolean {
  return patterns.some((one) => matchGlob(name.toLowerCase(), one.toLowerCase()));
}

/** Matches `*` by greedy search of the parts between: linear in the name for each part. */
function matchGlob(name: string, glob: string): boolean {
  const parts = glob.split('*');
  if (parts.length === 1) return name === glob;
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    at = name.indexOf(part, at);
    if (at < 0) return false;
    at += part.length;
  }
  return at <= name.length - last.length;
}

/** What the rules say of a call: `allow` lifts what is asked elsewhere, `demands` are the least strict decisions. */
export type Verdict = {
  readonly allow: string | null;
  readonly demands: readonly { readonly decision: Decision; readonly source: string; readonly text: string }[];
};

/** Applies lists and rules to a call with these effects. `holds`: whether a rule's conditions do (holds.ts). */
export function applyRules(
  rulebook: Rulebook,
  call: GuardCall,
  effects: readonly Effect[],
  holds: (rule: Rule) => boolean,
): Verdict {
  const { allow = [], ask = [], deny = [], rules = [] } = rulebook;
  const demands: { decision: Decision; source: string; text: string }[] = [];
  let allowed = matchesName(call.name, allow) ? 'allow list' : null;
  if (matchesName(call.name, deny))
    demands.push({ decision: 'refuse', source: 'rule:deny', text: `${call.name} is on the deny list` });
  if (matchesName(call.name, ask))
    demands.push({ decision: 'verify', source: 'rule:ask', text: `${call.name} is on the ask list` });
  for (const rule of rules) {
    if (!appliesTo(rule, call.name, effects) || !holds(rule)) continue;
    if (rule.decision === 'execute') allowed ??= rule.name;
    else
      demands.push({
        decision: rule.decision,
        source: `rule:${rule.name}`,
        text: rule.reason ?? `the rule ${rule.name} says ${rule.decision}`,
      });
  }
  for (const effect of effects) {
    const least = rulebook.effects?.[effect];
    if (least !== undefined && least !== 'execute') {
      demands.push({
        decision: least,
        source: `rule:${effect}`,
        text: `the rules say ${least} for calls with the effect ${effect}`,
      });
    }
  }
  return { allow: allowed, demands };
}

/** Whether a rule or a limit is about this tool. One that names neither tools nor effects is about all. */
export function appliesTo(rule: Pick<Rule, 'tools' | 'effects'>, name: string, effects: readonly Effect[]): boolean {
  if (rule.tools !== undefined && !matchesName(name, rule.tools)) return false;
  return rule.effects === undefined || rule.effects.some((effect) => effects.includes(effect));
}
