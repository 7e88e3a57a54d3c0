// What runs a local model, as a flag of the verbs that run one. Not a verb.
import type { ExecutorKind } from '../policy/local/executor.ts';
import type { FlagSpec } from './args.ts';
import type { Io } from './output.ts';

export const EXECUTOR_FLAGS = {
  executor: {
    kind: 'choice',
    choices: ['cpu', 'wasm', 'webgpu'],
    summary: 'what runs a local model: native code, WebAssembly or a GPU (default: native code where it runs)',
  },
} as const satisfies FlagSpec;

/** The executor to use, which is tried first; a warning if it is not the usual one. Throws InputError if the wish cannot be met. */
export async function readExecutor(wish: ExecutorKind | undefined, io: Pick<Io, 'log'>): Promise<ExecutorKind> {
  const { chooseExecutor } = await import('../policy/local/select.ts');
  const { kind, warning } = await chooseExecutor(wish);
  if (warning !== null) io.log(`warning: ${warning}`);
  return kind;
}

/** The same for a policy by its name: only a local one needs an executor, and nothing is loaded for others. */
export async function executorOf(
  policy: string,
  wish: ExecutorKind | undefined,
  io: Pick<Io, 'log'>,
): Promise<{ readonly executor?: ExecutorKind }> {
  return policy.startsWith('local:') ? { executor: await readExecutor(wish, io) } : {};
}
