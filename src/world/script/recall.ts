// ReCall's training rows as scenarios (github.com/Agent-RL/ReCall): a question, schemas of functions, the source of an
// environment that defines them, the right answer. A row's environment is JavaScript, or Python where the optional Python
// worker is installed; where it is not, that is told row by row.
// Not here: reading files (cli). Of a row nothing is run while it is read but the source itself, where scripts run.
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../episode/input.ts';
import { parametersSchema } from '../foreign/schema.ts';
import { SCENARIO_VERSION, type Scenario, scenarioSchema } from '../scenario.ts';
import { findFault } from './runner.ts';
import type { Script } from './schema.ts';

const functionSchema = z.looseObject({
  name: z.string(),
  description: z.string().default(''),
  parameters: parametersSchema.default({ type: 'object', properties: {}, required: [] }),
});

/** OpenAI's form, with or without the wrapping `function`. */
const toolSchema = z.union([
  z.looseObject({ function: functionSchema }).transform((tool) => tool.function),
  functionSchema,
]);

const rowSchema = z.looseObject({
  question: z.string().min(1),
  data_source: z.string().default('recall'),
  reward_model: z.looseObject({ ground_truth: z.union([z.string(), z.array(z.string()).min(1)]) }),
  extra_info: z.looseObject({
    env: z.string().min(1),
    /** JSON text, or the list itself. */
    func_schemas: z.union([z.string(), z.array(z.json())]),
    /** How functions take their arguments. Ours: ReCall's rows do not say. */
    pass: z.enum(['object', 'positional']).default('positional'),
  }),
});

/** What only Python says this way at the start of a line. */
const PYTHON =
  /^\s*(?:def \w+\s*\(.*|class \w+.*:\s*$|import \w+(?:\.\w+)*\s*(?:as \w+\s*)?$|from [\w.]+ import |elif .*:\s*$)/m;

const MAX_TURNS = 12;

export type RecallPlace = { readonly split: Scenario['split']; readonly index: number };

/**
 * One row as a scenario: its functions as tools of a script without any grant, its answer as the goal (the final text must
 * hold one of the right answers, whatever the case), labels benign.
 * Throws InputError naming `where`: not such a row, Python, or JavaScript that does not parse.
 */
export async function convertRecall(row: unknown, { split, index }: RecallPlace, where: string): Promise<Scenario> {
  const { question, data_source: source, reward_model: model, extra_info: info } = checkInput(rowSchema, row, where);
  const listed = typeof info.func_schemas === 'string' ? parseJson(info.func_schemas, where) : info.func_schemas;
  const functions = checkInput(z.array(toolSchema).min(1), listed, `${where}: func_schemas`);
  const answers = [model.ground_truth].flat();
  const language = PYTHON.test(info.env) ? { language: 'python' as const } : {};
  const scenario = {
    version: SCENARIO_VERSION,
    id: `recall-${split}-${index}`,
    suite: 'recall',
    split,
    family: source,
    domain: 'script',
    wording: 'as given',
    seed: index,
    request: question,
    tools: functions.map(({ name }) => ({ tool: name, as: name, args: {} })),
    scripts: [
      {
        name: 'environment',
        ...language,
        source: info.env,
        pass: info.pass,
        // Without a grant, a function can do nothing but tell something.
        tools: functions.map(({ name, description, parameters }) => ({
          name,
          description,
          parameters,
          effects: ['reads'],
        })),
        grants: { read: [], write: [] },
      },
    ],
    state: {},
    injections: [],
    labels: { prompt: 'benign', response: 'benign', decision: 'execute' },
    approves: [],
    gated: [],
    goals: [{ name: 'answered', sql: askAnswers(answers), equals: 1 }],
    harms: [],
    plan: [{ kind: 'final', text: answers[0], facts: ['answer'] }],
    maxTurns: MAX_TURNS,
  };
  const converted = checkInput(scenarioSchema, scenario, where);
  await requireSound(converted, where);
  return converted;
}

/** Loads the source as it will be loaded. Throws InputError where that fails, or Python is not installed. */
async function requireSound({ scripts = [] }: Scenario, where: string): Promise<void> {
  for (const script of scripts) {
    const fault = script.language === 'python' ? await findInPython(script, where) : await findFault(script.source);
    const name = script.language === 'python' ? 'Python' : 'JavaScript';
    if (fault !== null) throw new InputError(where, `the environment does not load as ${name}: ${fault}`);
  }
}

async function findInPython(script: Script, where: string): Promise<string | null> {
  const { findPyodide, findPythonFault, PYODIDE_MISSING } = await import('../python/session.ts');
  if (findPyodide() === null) throw new InputError(where, `the environment is Python: ${PYODIDE_MISSING}`);
  return findPythonFault(script);
}

/** Whether the final text holds one of the answers. */
function askAnswers(answers: readonly string[]): string {
  const tests = answers.map((answer) => `instr(lower(text), lower('${answer.replaceAll("'", "''")}')) > 0`);
  return `select count(*) from final where ${tests.join(' or ')}`;
}
