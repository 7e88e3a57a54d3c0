// Tools in Python as a world knows them. Knows no Python: the calls go wherever the world's outside is.
import type { Script } from '../script/schema.ts';
import type { Tool } from '../tool.ts';

/** The tools of Python scripts as a world knows them; their calls go wherever the world's outside is. */
export function pythonTools(scripts: readonly Script[]): Tool[] {
  return scripts.flatMap((script) =>
    script.tools.map(({ name, description, parameters, effects }) => ({
      schema: { name, description, parameters },
      service: script.name,
      effects,
      origin: { kind: 'script', name: script.name },
      run: async (world, args) =>
        world.outside === null ? { ok: false, error: 'no Python is there' } : world.outside(name, args),
    })),
  );
}
