// Classifiers of the guard by the names people give them: `learned`, `learned:requests`, `hf:DIR`, `chat:MODEL@URL`,
// `local:DIR`, `requests:local:DIR`. Models and what they need are loaded only where one is named: a hook is a process for each call. Not a verb.
import { InputError } from '../episode/input.ts';
import type { Classifier } from '../guard/classify.ts';
import { loadLearned } from '../guard/learned/open.ts';

export const CLASSIFIER_FLAG = {
  kind: 'list',
  value: 'NAME',
  summary:
    'add a classifier: learned, learned:requests, hf:DIR (with transformers.js), chat:MODEL@URL (key in TRIBUNE_API_KEY), local:DIR or requests:local:DIR',
} as const;

/** Milliseconds a judge may take for one text; the small learned part needs one. */
const PATIENCE = 20_000;

/** Classifiers and how long they may take. Throws InputError on a name that is unknown or cannot be opened. */
export async function openClassifiers(
  names: readonly string[],
): Promise<{ readonly classifiers: readonly Classifier[]; readonly timeout?: number }> {
  const classifiers = await Promise.all(names.map(openClassifier));
  return names.some((name) => !name.startsWith('learned')) ? { classifiers, timeout: PATIENCE } : { classifiers };
}

async function openClassifier(name: string): Promise<Classifier> {
  if (name.startsWith('hf:') && name !== 'hf:') return openHuggingFace(name);
  if (name.startsWith('chat:')) return openChatJudge(name);
  if (name === 'learned' || name === 'learned:requests') return loadLearned({ requests: name !== 'learned' });
  const { isJudge, JUDGE_FORMS, openJudge } = await import('../agent/judges.ts');
  if (!isJudge(name))
    throw new InputError(
      `--classifier ${JSON.stringify(name)}`,
      `unknown, expected hf:DIR, chat:MODEL@URL, ${JUDGE_FORMS}`,
    );
  return (await openJudge(name)).classifier;
}

async function openHuggingFace(name: string): Promise<Classifier> {
  const { openHuggingFaceJudge } = await import('../guard/judges/huggingface.ts');
  const library = await import('@huggingface/transformers').catch((fault: unknown) => {
    const why = fault instanceof Error ? fault.message.split('\n')[0] : String(fault);
    throw new InputError(`--classifier ${name}`, `needs npm install @huggingface/transformers@4 (${why})`);
  });
  return openHuggingFaceJudge({ library, directory: name.slice('hf:'.length), name });
}

async function openChatJudge(name: string): Promise<Classifier> {
  const { openChat } = await import('../agent/chat.ts');
  const { createChatJudge } = await import('../guard/judges/chat.ts');
  const { parseTarget } = await import('../policy/remote/target.ts');
  const { CLOCK } = await import('./chat.ts');
  const { client } = await openChat(name, parseTarget(name.slice('chat:'.length)), {
    keyFor: () => process.env.TRIBUNE_API_KEY || null,
    clock: CLOCK,
    journal: null,
    style: 'native',
    checks: false,
    limits: { concurrency: 8, requests: null, tokens: null },
    ...{ retries: 1, timeout: PATIENCE, prices: null, budget: null, maxTokens: 600, temperature: 0 },
    ...{ stream: false, extra: {}, dry: false },
  });
  return createChatJudge({ client, name });
}
