// Classifiers of the guard that need nothing but files, by the names people give them: the small learned part, and an aligned
// policy that is put where the text stands. For whoever plays worlds behind a guard. Not here: judges that need a key or another
// package (cli/guard-classifier.ts), and how good they are (scripts/guard-judges.ts).
import { InputError } from '../episode/input.ts';
import type { Classifier } from '../guard/classify.ts';
import { createPolicyJudge } from '../guard/judges/policy.ts';
import { loadLearned } from '../guard/learned/open.ts';
import { openSpeaker } from './named.ts';

/** The forms of a name; `requests:` judges the user's requests alone. */
export const JUDGE_FORMS = 'learned, learned:requests, local:DIR or requests:local:DIR';

export type Judge = { readonly classifier: Classifier; close(): Promise<void> };

/** Whether a name has one of the forms. */
export const isJudge = (name: string): boolean => /^(?:learned(?::requests)?|(?:requests:)?local:.+)$/.test(name);

/** Opens a classifier. Throws InputError on a name that is none of these, or whose policy cannot be opened. Close it. */
export async function openJudge(name: string): Promise<Judge> {
  if (!isJudge(name)) throw new InputError(`classifier ${JSON.stringify(name)}`, `unknown, expected ${JUDGE_FORMS}`);
  if (name.startsWith('learned'))
    return { classifier: await loadLearned({ requests: name !== 'learned' }), close: async () => undefined };
  const own = name.startsWith('requests:');
  const speaker = await openSpeaker(own ? name.slice('requests:'.length) : name, { threads: 1 });
  const policy = speaker.policyFor({ labels: { prompt: 'benign' }, plan: [], gated: [], injections: [] });
  const channels = own ? { channels: ['user'] as const } : {};
  return { classifier: createPolicyJudge({ policy, begin: speaker.begin, ...channels }), close: speaker.close };
}
