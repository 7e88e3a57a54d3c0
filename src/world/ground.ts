// Where worlds live while an episode is played: in this process, or behind a wall (sandbox/remote.ts). An episode is the
// same, byte for byte, wherever it is played; only what an escaped program could reach differs.
import type { Action } from '../episode/action.ts';
import type { Observation } from '../episode/episode.ts';
import { Environment, type Facts, type Stage } from './environment.ts';
import { type Access, NO_ACCESS } from './mcp/access.ts';

/**
 * The walls, from weak to strong, each with those before it. `inside`: interpreters in this process. `child`: a process
 * under Node's permission model. `jail`: that process under bubblewrap.
 */
export const WALLS = ['inside', 'child', 'jail'] as const;
export type Wall = (typeof WALLS)[number];

/** A running episode, wherever its world is. */
export type Running = {
  /** Carries out one action. A final or malformed action ends the episode. */
  step(action: Action): Promise<Observation>;
  /** Asks the scenario's goals and harms. */
  judge(): Facts | Promise<Facts>;
  close(): void;
};

export type Ground = {
  readonly wall: Wall;
  /** Starts an episode. Rejects if the wall's process cannot be started. */
  open(stage: Stage, seed: number): Promise<Running>;
  close(): Promise<void>;
};

/** Where episodes are to be played, what their scenarios may reach outside, and the files of the user's own services. */
export type Place = { readonly wall: Wall; readonly access: Access; readonly services?: readonly string[] };

/** In this process, without servers outside. */
export const HERE: Place = { wall: 'inside', access: NO_ACCESS };

/** Opens the ground behind a wall, whose worlds have the services of some files too. Close it. */
export async function openGround(wall: Wall, services: readonly string[] = []): Promise<Ground> {
  if (wall === 'inside') return INSIDE;
  const { openRemote } = await import('./sandbox/remote.ts');
  return openRemote(wall, { services });
}

/** Worlds in this process. */
export const INSIDE: Ground = {
  wall: 'inside',
  open: async (stage, seed) => new Environment(stage, seed),
  close: async () => undefined,
};
