// Where the worlds of a command live and what their scenarios may reach: the flags, the choice, and how it is told.
// A wall that was asked for and is not here ends the command: nothing falls back to less.
import { InputError } from '../episode/input.ts';
import type { Place } from '../world/ground.ts';
import type { Access } from '../world/mcp/access.ts';
import type { Scenario } from '../world/scenario.ts';
import type { FlagSpec } from './args.ts';
import type { Io } from './output.ts';

const WALLS = ['inside', 'child', 'jail'] as const;

/** Flags that say behind which wall worlds live. */
export const WALL_FLAGS = {
  wall: {
    kind: 'choice',
    choices: WALLS,
    summary: 'where worlds live (default: inside; for scenarios with code or servers the strongest wall here)',
  },
  jail: { kind: 'boolean', summary: 'the same as --wall jail: without one, nothing is run' },
} as const satisfies FlagSpec;

/** Flags that say where worlds live and what they may reach. */
export const PLACE_FLAGS = {
  ...WALL_FLAGS,
  servers: {
    kind: 'choice',
    choices: ['refused', 'jailed', 'trusted'],
    fallback: 'refused',
    summary: 'how programs that scenarios bring as servers may run',
  },
  'server-url': { kind: 'list', value: 'URL', summary: 'a server outside that scenarios may call' },
} as const satisfies FlagSpec;

/** The flag that names the user's own services. */
export const SERVICE_FLAGS = {
  service: {
    kind: 'list',
    value: 'FILE',
    summary: 'a module with services of your own for the worlds (docs/services.md)',
  },
} as const satisfies FlagSpec;

export type PlaceFlags = {
  readonly service?: readonly string[];
  readonly wall: (typeof WALLS)[number] | undefined;
  readonly jail: boolean;
  readonly servers?: Access['stdio'];
  readonly 'server-url'?: readonly string[];
};

/** What the flags let servers do; nothing where a verb has no such flags. */
export function readAccess(flags: PlaceFlags): Access {
  return { stdio: flags.servers ?? 'refused', urls: flags['server-url'] ?? [] };
}

/** Chooses the wall, and makes sure that it holds here. Throws InputError where one was asked for that does not. */
export async function choosePlace(flags: PlaceFlags, scenarios: readonly Scenario[]): Promise<Place> {
  if (flags.jail && flags.wall !== undefined && flags.wall !== 'jail')
    throw new InputError('--jail', `does not go with --wall ${flags.wall}`);
  const access = readAccess(flags);
  const own = flags.service?.length ? { services: flags.service } : {};
  const asked = flags.jail ? 'jail' : flags.wall;
  const { strongestWall, tryWall } = await import('../world/sandbox/walls.ts');
  if (asked === undefined) {
    const foreign = scenarios.some(({ scripts, servers }) => scripts !== undefined || servers !== undefined);
    return { wall: foreign ? await strongestWall() : 'inside', access, ...own };
  }
  if (asked === 'inside') return { wall: asked, access, ...own };
  const { here, advice } = await tryWall(asked);
  if (here) return { wall: asked, access, ...own };
  throw new InputError(flags.jail ? '--jail' : `--wall ${asked}`, `this wall does not hold here: ${advice}`);
}

/** The wall in a result's document: worlds inside the process are the rule and go without saying. */
export function placeFields({ wall }: Place): { readonly wall?: Place['wall'] } {
  return wall === 'inside' ? {} : { wall };
}

/** Tells people of a wall that is a process. */
export function tellPlace(io: Io, { wall }: Place): void {
  if (wall === 'child')
    io.log("worlds: in a child process under Node's permission model (tribune doctor: what it leaves open)");
  if (wall === 'jail') io.log('worlds: in a child process under bubblewrap, without network and host files');
}
