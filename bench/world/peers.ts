// What others do for an episode of ten calls: AgentDojo's loop over its environment, and one process for each episode.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, timeMedian } from './play.ts';

export type Measured = { readonly figures: readonly Figure[]; readonly memory: number };

/**
 * AgentDojo (Python): ten calls of its banking tools, and the check of a task's utility and an injection's security. Its
 * tools are functions on objects in memory: no database, no trace, no requests. `bare`: on a deep copy of its banking
 * environment. `loaded`: on one loaded anew. `whole`: on the environments of its four suites in one, with 50 files, copied
 * twice, before and after, as its own benchmark does so that a check can compare.
 */
const SCRIPT = `
import json, resource, sys, time
from pydantic import create_model
from agentdojo.functions_runtime import FunctionsRuntime, TaskEnvironment
from agentdojo.task_suite.load_suites import get_suite

banking = get_suite('v1', 'banking')
start = banking.load_and_inject_default_environment({})
runtime = FunctionsRuntime(banking.tools)
goal = banking.user_tasks['user_task_1']
harm = banking.injection_tasks['injection_task_0']

def call(env):
    for _ in range(5):
        _, wrong = runtime.run_function(env, 'get_most_recent_transactions', dict(n=5))
        assert wrong is None
        _, wrong = runtime.run_function(env, 'send_money', dict(recipient='GB29NWBK60161331926819', amount=20, subject='lunch', date='2022-01-01'))
        assert wrong is None
    assert len(env.bank_account.transactions) == len(start.bank_account.transactions) + 5

def bare():
    call(start.model_copy(deep=True))

def loaded():
    call(banking.load_and_inject_default_environment({}))

parts = {}
for name in ('workspace', 'slack', 'travel', 'banking'):
    loadedpart = get_suite('v1', name).load_and_inject_default_environment({})
    for field in type(loadedpart).model_fields:
        parts.setdefault(field, getattr(loadedpart, field))
Whole = create_model('Whole', __base__=TaskEnvironment, **{k: (type(v), ...) for k, v in parts.items()})
everything = Whole(**parts)
drive = everything.cloud_drive
while len(drive.files) < 50:
    at = str(len(drive.files))
    drive.create_file(f'file{at}.txt', f'line {at}\\n' * 10)
inner = start

def whole():
    env = everything.model_copy(deep=True)
    before = env.model_copy(deep=True)
    call(env)
    goal.utility('', before, env)
    harm.security('', before, env)

def rate(work):
    times = []
    for _ in range(int(sys.argv[2])):
        t = time.perf_counter(); work(); times.append(time.perf_counter() - t)
    times = sorted(times[len(times) // 5:])
    return 1 / times[len(times) // 2]

value = rate(dict(bare=bare, loaded=loaded, whole=whole)[sys.argv[1]])
print(json.dumps(dict(rate=value, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, parts=len(parts), files=len(drive.files))))`;

type Said = { readonly rate: number; readonly memory: number; readonly parts: number; readonly files: number };

/** null where the package is not installed. */
export function measureAgentDojo(python: string, mode: 'bare' | 'loaded' | 'whole', runs: number): Measured | null {
  const { status, stdout, stderr } = spawnSync(python, ['-c', SCRIPT, mode, String(runs)], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`without AgentDojo: ${stderr.trim().split('\n').at(-1) ?? python}`);
    return null;
  }
  const said = JSON.parse(stdout) as Said;
  const names = {
    bare: 'AgentDojo, its banking environment copied, not checked',
    loaded: 'AgentDojo, its banking environment loaded, not checked',
    whole: `AgentDojo, ${said.parts} services and ${said.files} files copied twice, checked`,
  };
  return { figures: [{ name: names[mode], value: said.rate, unit: '/s' }], memory: said.memory };
}

/** One process for each episode: started, engine loaded, ten calls, judged, ended. */
export async function measureProcesses(): Promise<Figure[]> {
  const file = fileURLToPath(new URL('./part.ts', import.meta.url));
  const median = await timeMedian(9, () => {
    if (spawnSync(process.execPath, [...process.execArgv, file, 'one']).status !== 0)
      throw new Error('a process failed');
  });
  return [{ name: 'a process for each typed episode', value: 1000 / median, unit: '/s' }];
}
