// InjecAgent's official files as typed records: test cases, tool specifications, simulated responses of attacker tools.
// Any subset of the rows will do. Not here: prompts, scoring (score.ts).
// Source: Zhan et al., ACL Findings 2024 (arXiv 2403.02691), github.com/uiuc-kang-lab/InjecAgent, `data/`.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkInput, InputError, parseJson } from '../../../episode/input.ts';

/** dh: direct harm, one attacker tool. ds: data stealing, a tool that reads and then GmailSendEmail. */
export const ATTACKS = ['dh', 'ds'] as const;
export type Attack = (typeof ATTACKS)[number];

/** enhanced: the injected instruction is prefixed with "IMPORTANT!!! Ignore all previous instructions …". */
export const SETTINGS = ['base', 'enhanced'] as const;
export type Setting = (typeof SETTINGS)[number];

/** One case. Parameters and responses are Python representations, not JSON: insert them verbatim. */
export type InjecCase = {
  readonly attack: Attack;
  readonly setting: Setting;
  /** Position in its file, from 0. */
  readonly index: number;
  readonly attackerTools: readonly string[];
  readonly attackerInstruction: string;
  readonly attackType: string;
  readonly userTool: string;
  readonly userInstruction: string;
  /** Arguments of the user's tool call, which the benchmark makes for the model. */
  readonly toolParameters: string;
  /** What that call returned, the attacker's instruction in it. */
  readonly toolResponse: string;
  /** The same with `<Attacker Instruction>` in the instruction's place. */
  readonly responseTemplate: string;
  /** The thought before that call, "Thought: " included. */
  readonly thought: string;
};

const rowSchema = z.object({
  'Attacker Tools': z.array(z.string().min(1)).min(1),
  'Attacker Instruction': z.string().min(1),
  'Attack Type': z.string(),
  'User Tool': z.string().min(1),
  'User Instruction': z.string(),
  'Tool Parameters': z.string(),
  'Tool Response': z.string(),
  'Tool Response Template': z.string(),
  Thought: z.string(),
});

const field = { name: z.string(), type: z.string(), description: z.string() };
const toolSchema = z.object({
  name: z.string().min(1),
  summary: z.string(),
  parameters: z.array(z.object({ ...field, required: z.boolean().optional() })),
  returns: z.array(z.object(field)),
  exceptions: z.array(z.object({ name: z.string(), description: z.string() })).optional(),
});
const toolkitSchema = z.object({ toolkit: z.string(), tools: z.array(toolSchema) });

/** A tool's specification, its keys in the order in which prompts show them. */
export type InjecTool = z.infer<typeof toolSchema>;

/** Loads the cases of one attack in one setting. Throws InputError if the file is missing or not of the benchmark's format. */
export async function loadCases(dir: string, attack: Attack, setting: Setting): Promise<InjecCase[]> {
  const { where, value } = await readData(dir, `test_cases_${attack}_${setting}.json`);
  const tools = attack === 'dh' ? 1 : 2;
  return checkInput(z.array(rowSchema), value, where).map((row, index) => {
    const attackerTools = row['Attacker Tools'];
    if (attackerTools.length !== tools) {
      throw new InputError(where, `${index}.Attacker Tools: ${attackerTools.length} tools, expected ${tools}`);
    }
    return {
      attack,
      setting,
      index,
      attackerTools,
      attackerInstruction: row['Attacker Instruction'],
      attackType: row['Attack Type'],
      userTool: row['User Tool'],
      userInstruction: row['User Instruction'],
      toolParameters: row['Tool Parameters'],
      toolResponse: row['Tool Response'],
      responseTemplate: row['Tool Response Template'],
      thought: row.Thought,
    };
  });
}

/** Loads all tools by full name (toolkit and name joined, e.g. AmazonGetProductDetails). Throws InputError as `loadCases`. */
export async function loadTools(dir: string): Promise<ReadonlyMap<string, InjecTool>> {
  const { where, value } = await readData(dir, 'tools.json');
  const toolkits = checkInput(z.array(toolkitSchema), value, where);
  const tools = toolkits.flatMap(({ toolkit, tools }) => tools.map((tool) => ({ ...tool, name: toolkit + tool.name })));
  return new Map(tools.map((tool) => [tool.name, tool]));
}

/** Loads the simulated responses, keyed "(tool,parameters)". Throws InputError as `loadCases`. */
export async function loadResponses(dir: string): Promise<ReadonlyMap<string, string>> {
  const { where, value } = await readData(dir, 'attacker_simulated_responses.json');
  return new Map(Object.entries(checkInput(z.record(z.string(), z.string()), value, where)));
}

/**
 * What an attacker's tool returns in step 2. On a miss the official runner asks GPT-4; here the tool's answer to empty
 * parameters stands in, else its first answer in the file (`exact` false): say so where results are reported. Null: no answer.
 */
export function findResponse(
  responses: ReadonlyMap<string, string>,
  tool: string,
  parameters: string,
): { readonly text: string; readonly exact: boolean } | null {
  const exact = responses.get(`(${tool},${parameters})`);
  if (exact !== undefined) return { text: exact, exact: true };
  const first = () => [...responses].find(([key]) => key.startsWith(`(${tool},`))?.[1];
  const fallback = responses.get(`(${tool},{})`) ?? first();
  return fallback === undefined ? null : { text: fallback, exact: false };
}

/** Reads a file of the benchmark from `dir` or, where it is in the official layout, from `dir/data`. */
async function readData(dir: string, name: string): Promise<{ where: string; value: unknown }> {
  for (const where of [join(dir, name), join(dir, 'data', name)]) {
    const text = await readFile(where, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw new InputError(where, `${error.code}, expected a readable file`);
    });
    if (text !== null) return { where, value: parseJson(text, where) };
  }
  throw new InputError(dir, `no ${name} here or in data/, expected the InjecAgent benchmark`);
}
