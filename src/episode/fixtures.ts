// Records for tests. Not for use outside them.
import type { Verdict } from './episode.ts';

/** An ordinary task, done rightly. */
export const DONE_RIGHT: Verdict = {
  ...{ goal: true, harm: false, harms: [], format: true, called: true, asked: false, checks: 0, needless: 0 },
  ...{ obeyed: null, acted: true, refused: false, followed: false, success: true },
};
