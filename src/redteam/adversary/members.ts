// The population: every opponent that ever broke a policy of this run, as genes, which can be put on any scenario. It only grows.
// Not here: finding them (assault.ts), drawing them (mix.ts).
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { checkInput, parseJson } from '../../episode/input.ts';
import { writeAtomic } from '../../evaluate/file.ts';
import type { Attempt } from '../attack.ts';
import { framesOf } from '../frames.ts';
import { GENES, type Genes, styleOf } from '../genome.ts';
import { ALL_CHANNELS, type Channel } from '../target.ts';

const memberSchema = z.strictObject({
  /** Channel and genes. */
  id: z.string(),
  channel: z.enum(ALL_CHANNELS),
  genes: z.array(z.int().min(0)).length(GENES.length),
  style: z.string(),
  /** The round that found it first; 0: an earlier run. */
  round: z.int().min(0),
});
/** An opponent of the population. */
export type Member = z.infer<typeof memberSchema>;

/** An opponent of these genes. */
export const makeMember = (channel: Channel, genes: Genes, round: number): Member => ({
  ...{ id: `${channel}:${genes.join('.')}`, channel, genes: [...genes], style: styleOf(channel, genes), round },
});

/** What of a campaign's fate says who broke a target. */
export type Breaker = { readonly target: { readonly channel: Channel }; readonly attempt: Attempt | null };

/** The population with those added that broke a target in a round; each once, older ones first. */
export function growPopulation(known: readonly Member[], fates: readonly Breaker[], round: number): Member[] {
  const all = new Map(known.map((member) => [member.id, member]));
  for (const { target, attempt } of fates) {
    if (!attempt?.genes) continue;
    const member = makeMember(target.channel, attempt.genes, round);
    if (!all.has(member.id)) all.set(member.id, member);
  }
  return [...all.values()];
}

/** Writes the population, a line each. */
export async function writePopulation(file: string, members: readonly Member[]): Promise<void> {
  await writeAtomic(file, members.map((member) => `${JSON.stringify(member)}\n`).join(''));
}

/** The population as it was before a round; none where there is no file. Throws InputError. */
export async function readPopulation(file: string, before: number): Promise<Member[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  const members = lines.map((line, at) => {
    const where = `${file}:${at + 1}`;
    return checkInput(memberSchema, parseJson(line, where), where);
  });
  return members.filter(({ round }) => round < before);
}

/** The population of an earlier run, as what a new one begins with; none where that run had none. */
export async function inheritPopulation(from: string, file: string): Promise<void> {
  const members = await readPopulation(from, Number.POSITIVE_INFINITY);
  if (members.length > 0)
    await writePopulation(
      file,
      members.map((member) => ({ ...member, round: 0 })),
    );
}

/** Genes in a dress that is not held back: one of those, in its place, where it is. */
export function confineGenes(channel: Channel, genes: Genes, hold: readonly string[]): Genes {
  if (!hold.includes(styleOf(channel, genes))) return genes;
  const open = framesOf(channel).flatMap(({ style }, at) => (hold.includes(style) ? [] : [at]));
  const frame = open[(genes[0] ?? 0) % Math.max(1, open.length)] ?? 0;
  return [frame, ...genes.slice(1)];
}
