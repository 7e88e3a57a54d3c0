// Opens the learned part: its code and weights are loaded only where somebody asks for it.
import type { Classifier } from '../classify.ts';
import type { LearnedOptions } from './model.ts';

export type { LearnedOptions } from './model.ts';

/** The learned part as a classifier: `createGuard({ classifiers: [await loadLearned()] })`. Throws where its file is not there. */
export async function loadLearned(options: LearnedOptions = {}): Promise<Classifier> {
  const { createLearned, loadModel } = await import('./model.ts');
  return createLearned(await loadModel(), options);
}
