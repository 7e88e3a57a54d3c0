// Where each benchmark's official files are: a repository at one commit, and the files wanted of it. A checksum stands here only
// where the source publishes it; of the others the commit alone is pinned, their checksums are recorded at the first download,
// and every later one must match. Both are told.
import { z } from 'zod';
import { InputError, parseJson } from '../../episode/input.ts';

/** One file: where it is in the repository, and where it is put. `sha256` null: not published. */
export type Wanted = {
  readonly repo: string;
  readonly commit: string;
  readonly path: string;
  readonly to: string;
  readonly sha256: string | null;
};

export type Source = {
  readonly licence: string;
  readonly wanted: readonly Wanted[];
  /** What else is wanted once some files are there, by their place. */
  more?(read: (to: string) => Promise<string>): Promise<readonly Wanted[]>;
  /** Files made of the downloaded ones. */
  finish?(read: (to: string) => Promise<string>): Promise<readonly { readonly to: string; readonly text: string }[]>;
  readonly notes: readonly string[];
};

const at =
  (repo: string, commit: string) =>
  (path: string, to: string, sha256: string | null = null): Wanted => {
    return { repo, commit, path, to, sha256 };
  };

const inject = at('enkryptai/xInjectAgent', '21af27703ad4e591b8fc686ab9d79249d299a0e8');
const gorilla = at('ShishirPatil/gorilla', '6ea57973c7a6097fd7c5915698c54c17c5b1b6c8');
const aios = at('Zhang-Henry/AIOS_agent', 'b38a3d201c13ce8cf74ebc2aa61ce771f14ef3f4');
const defend = at('simonsshoot/DEFEND', '70067a5bb5c1be0ecf346fc22751de73b526370f');
const environments = at('katie-chen2/ZJU_graduation_thesis', 'c6c1b053c340abbd5b1e4a1e47fd89690a2efab7');
const auditor = at('SaiShravanthReddy/AgentAuditor-ASSEBench', '7bb39e1279320a7b3698426d6d944926ffa4d779');

const BFCL = 'berkeley-function-call-leaderboard/bfcl_eval/data';
/** Holds the texts of long_context, which are code there; they are read, the file is never run. */
const LONG_CONTEXT =
  'berkeley-function-call-leaderboard/bfcl_eval/eval_checker/multi_turn_eval/func_source_code/long_context.py';
const NON_LIVE = ['simple_python', 'simple_java', 'simple_javascript', 'multiple', 'parallel', 'parallel_multiple'];
const LIVE = ['live_simple', 'live_multiple', 'live_parallel', 'live_parallel_multiple'];
const TURNS = ['multi_turn_base', 'multi_turn_miss_func', 'multi_turn_miss_param', 'multi_turn_long_context'];
const ANSWERED = [...NON_LIVE, ...LIVE, ...TURNS];
const UNANSWERED = ['irrelevance', 'live_irrelevance', 'live_relevance'];
const CLASSES = [
  'gorilla_file_system',
  'math_api',
  'message_api',
  'posting_api',
  'ticket_api',
  'trading_bot',
  'travel_booking',
  'vehicle_control',
];

const casesSchema = z.array(z.object({ environments: z.array(z.object({ name: z.string() })).nullish() }));
const taskSchema = z.object({ agent_name: z.string().regex(/^\w+$/), agent_path: z.string().regex(/^[\w/]+$/) });

/** The agents of ASB and where their configurations are. */
async function listAgents(read: (to: string) => Promise<string>) {
  const lines = (await read('data/agent_task.jsonl')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, at) => taskSchema.parse(parseJson(line, `agent_task.jsonl:${at + 1}`)));
}

/** The benchmarks that can be downloaded. */
export const SOURCES: { readonly [name: string]: Source } = {
  injecagent: {
    licence: 'MIT',
    wanted: [
      ...['dh', 'ds'].flatMap((attack) =>
        ['base', 'enhanced'].map((setting) => `test_cases_${attack}_${setting}.json`),
      ),
      ...[
        'attacker_cases_dh.jsonl',
        'attacker_cases_ds.jsonl',
        'user_cases.jsonl',
        'tools.json',
        'attacker_simulated_responses.json',
      ],
    ]
      .map((name) => inject(`data/${name}`, `data/${name}`))
      .concat(inject('src/prompts/agent_prompts.py', 'src/prompts/agent_prompts.py')),
    notes: [
      "A fork that carries upstream's data byte for byte and more simulated responses; its prompts may differ from upstream's.",
    ],
  },
  bfcl: {
    licence: 'Apache-2.0',
    wanted: [
      ...[...ANSWERED, ...UNANSWERED].map((name) => `BFCL_v4_${name}.json`),
      ...ANSWERED.map((name) => `possible_answer/BFCL_v4_${name}.json`),
      ...CLASSES.map((name) => `multi_turn_func_doc/${name}.json`),
    ]
      .map((name) => gorilla(`${BFCL}/${name}`, `data/${name}`))
      .concat(gorilla(LONG_CONTEXT, 'data/long_context.py')),
    notes: ['Without memory, web_search and format_sensitivity.'],
  },
  asb: {
    licence: 'MIT',
    wanted: ['agent_task.jsonl', 'all_attack_tools.jsonl', 'all_normal_tools.jsonl'].map((name) =>
      aios(`data/${name}`, `data/${name}`),
    ),
    more: async (read) =>
      (await listAgents(read)).map(({ agent_name: name, agent_path: path }) =>
        aios(`pyopenagi/agents/${path}/config.json`, `configs/${name}.json`),
      ),
    finish: async (read) => {
      const agents = await listAgents(read);
      const configs = await Promise.all(
        agents.map(async ({ agent_name: name }) => parseJson(await read(`configs/${name}.json`), name)),
      );
      return [{ to: 'data/agent_configs.json', text: `${JSON.stringify(configs, null, 1)}\n` }];
    },
    notes: [
      "The first author's development repository; agent_configs.json is put together from the agents' own files.",
    ],
  },
  'agent-safetybench': {
    licence: 'MIT',
    wanted: [
      defend(
        'agentsafebench/data/origin_data.json',
        'released_data.json',
        '59dd0333001ef767766d803e97086ec02af0fbf7ff1f7070b3797863b0dacbe2',
      ),
    ],
    more: async (read) => {
      const cases = casesSchema.parse(parseJson(await read('released_data.json'), 'released_data.json'));
      const names = new Set(cases.flatMap(({ environments: list }) => (list ?? []).map(({ name }) => name)));
      return [...names]
        .filter((name) => /^[\w-]+$/.test(name))
        .map((name) => environments(`environments/${name}.json`, `environments/${name}.json`));
    },
    notes: [
      'Cases are checked against their published checksum. The system prompt (prompts.json) is part of upstream code and is not fetched.',
    ],
  },
  rjudge: {
    licence: "Apache-2.0 (AgentAuditor's copy)",
    wanted: [
      auditor('AgentAuditor/data/rjudge.json', 'rjudge.json'),
      auditor('ASSEBench/dataset/AgentJudge-security.json', 'AgentJudge-security.json'),
    ],
    notes: ["R-Judge's own licence could not be verified; AgentAuditor passes it on under Apache-2.0."],
  },
};

/** Benchmarks that are evaluated and cannot be downloaded here, and why. */
const BY_HAND: { readonly [name: string]: string } = {
  agentdojo: 'is exported from its Python package, not downloaded: give --from DIR with v…/<suite>.json',
  agentharm:
    'has no revision pinned here and a licence to agree to: download it from huggingface.co/datasets/ai-safety-institute/AgentHarm and give --from DIR',
};

/** The source of a benchmark; null where there is none but `--from` may be used. Throws InputError for an unknown name. */
export function findSource(name: string, from: string | undefined): Source | null {
  const source = Object.hasOwn(SOURCES, name) ? SOURCES[name]! : null;
  if (source !== null) return source;
  const why = Object.hasOwn(BY_HAND, name) ? BY_HAND[name] : undefined;
  if (why === undefined)
    throw new InputError(
      'tribune fetch',
      `unknown benchmark ${JSON.stringify(name)}, expected one of ${[...Object.keys(SOURCES), ...Object.keys(BY_HAND)].join(', ')}`,
    );
  if (from === undefined) throw new InputError('tribune fetch', `${name} ${why}`);
  return null;
}
