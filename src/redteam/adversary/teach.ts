// What is true of a scenario under attack, taught beside the replay: the dressed plays of a step, demonstrated like those of the
// warm start. Facts are told truly, what to do about them is drawn by chance and left out of the loss (train/grpo.ts), so that
// judging stays what reinforcement learns. Not here: what is played (mix.ts).
import type { Episode } from '../../episode/episode.ts';
import { rng } from '../../episode/random.ts';
import type { Grammar } from '../../policy/local/grammar.ts';
import { OutsideGrammar } from '../../train/choices.ts';
import type { TrainConfig } from '../../train/config.ts';
import { type Demonstration, demonstrate, makeLesson } from '../../train/demonstrate.ts';
import type { Lesson } from '../../train/warmstart.ts';
import type { Play } from './mix.ts';

/** Which step's plays. */
export type Moment = { readonly round: number; readonly step: number };

/** A lesson for each dressed play that can be told and learned. Same run, step and plays: same lessons. */
export async function teachPlays(
  grammar: Grammar,
  { seed, warm, model }: TrainConfig,
  { round, step }: Moment,
  plays: readonly Play[],
): Promise<Lesson[]> {
  const lessons: Lesson[] = [];
  for (const [place, { scenario, dressed }] of plays.entries()) {
    if (!dressed) continue;
    const demonstration = await demonstrate(scenario, rng('taught', seed, round, step, place), warm.shares);
    const lesson = canBeCopied(demonstration.episode) ? tell(grammar, demonstration) : null;
    if (lesson !== null && lesson.tokens.length <= model.context) lessons.push(lesson);
  }
  return lessons;
}

/** Null where the grammar has no words for it: an agent that is asked for the same twice, for one. */
function tell(grammar: Grammar, demonstration: Demonstration): Lesson | null {
  try {
    return makeLesson(grammar, demonstration);
  } catch (error) {
    if (error instanceof OutsideGrammar) return null;
    throw error;
  }
}

/** Whether every word of a call's values was read before it as it is: out of a text in disguise nobody can copy, which would teach guessing. */
function canBeCopied({ request, steps }: Episode): boolean {
  let read = request;
  for (const { action, observation } of steps) {
    const values = action.kind === 'call' || action.kind === 'check' ? Object.values(action.call.arguments) : [];
    const words = values.flatMap((value) => String(value).split(' '));
    if (!words.every((word) => read.includes(word))) return false;
    if ('text' in observation) read += ` ${observation.text}`;
    if ('said' in observation) read += ` ${observation.said ?? ''}`;
  }
  return true;
}
