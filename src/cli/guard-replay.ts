// `tribune guard replay`: recorded conversations judged call by call, each on what precedes it alone. With a rule file it is
// the dry run of the rules: what they would have asked about and refused. Nothing is executed.

import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { createGuard, type Judgement } from '../guard/guard.ts';
import { type Rulebook, rulebookSchema } from '../guard/rulebook.ts';
import { listMoments, type Moment, readTrajectory } from '../guard/trajectory.ts';
import { CLASSIFIER_FLAG, openClassifiers } from './guard-classifier.ts';
import { readLines, readYaml } from './input.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Judge the calls of recorded conversations, each on what precedes it; with --rules, a dry run of the rules.',
  usage: 'FILE',
  flags: {
    rules: {
      kind: 'string',
      value: 'FILE',
      summary: 'the rules, JSON or YAML (default: none but the built-in judgement)',
    },
    autonomous: { kind: 'boolean', summary: 'nobody is there to ask: ask less (preset autonomous)' },
    classifier: CLASSIFIER_FLAG,
  },
  async run({ flags, positionals }, io) {
    const rules = await readRules(flags.rules, flags.autonomous);
    const tally = { execute: 0, verify: 0, refuse: 0 };
    // Limits over time make no sense on a record without times: the clock stands still, so they count all of it.
    const guard = createGuard({ rules, now: () => 0, ...(await openClassifiers(flags.classifier)) });
    for await (const { text, number } of readLines(positionals[0]!)) {
      const where = `${positionals[0]}:${number}`;
      const trajectory = readTrajectory(parseJson(text, where), where);
      for (const moment of listMoments(trajectory)) {
        io.signal.throwIfAborted();
        const judgement = await judgeMoment(guard.judgeCall, moment);
        tally[judgement.decision]++;
        io.item(toDocument(trajectory.id, moment, judgement), describeMoment(trajectory.id, moment, judgement));
      }
    }
    io.log(`${tally.execute} executed, ${tally.verify} asked about, ${tally.refuse} refused`);
    return 0;
  },
});

/** The rules of a file, or none; `autonomous` sets the preset. Throws InputError naming file, line and field. */
export async function readRules(path: string | undefined, autonomous = false): Promise<Rulebook> {
  const rules = path === undefined ? {} : await readYaml(path, rulebookSchema);
  if (!autonomous) return rules;
  if (rules.preset === 'standard')
    throw new InputError('--autonomous', `${path} says preset: standard, expected one of the two`);
  return checkInput(rulebookSchema, { ...rules, preset: 'autonomous' }, '--autonomous');
}

async function judgeMoment(
  judge: (conversation: Moment['conversation'], call: Moment['proposed']) => Promise<Judgement>,
  moment: Moment,
): Promise<Judgement> {
  if (moment.fault === null) return judge(moment.conversation, moment.proposed);
  return { decision: 'refuse', reasons: [{ source: 'guard', text: moment.fault }], error: moment.fault };
}

function toDocument(id: string, { message, call }: Moment, { decision, reasons, error }: Judgement): unknown {
  return { id, message, call, decision, reasons, ...(error === undefined ? {} : { error }) };
}

function describeMoment(id: string, { message, call, proposed }: Moment, { decision, reasons }: Judgement): string {
  const values = JSON.stringify(proposed.arguments);
  const short = values.length <= 120 ? values : `${values.slice(0, 117)}...`;
  const why = decision === 'execute' ? [] : reasons.map(({ source, text }) => `    ${source}: ${text}`);
  return [`${decision.padEnd(7)} ${id} ${message}.${call}  ${proposed.name} ${short}`, ...why].join('\n');
}
