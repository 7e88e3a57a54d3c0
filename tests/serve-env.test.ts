// The soak of scripts/env-soak.ts, shorter: sessions opened and left in every way leave nothing, and the one beside them plays on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('1,000 sessions, however they are left, leave no session, no episode and no memory', async () => {
  const script = fileURLToPath(new URL('../scripts/env-soak.ts', import.meta.url));
  const words = ['--conditions=tribune-source', '--expose-gc', script, '1000'];
  const { stdout } = await promisify(execFile)(process.execPath, words).catch((error: { stdout: string }) => {
    throw new Error(`the soak ends badly: ${error.stdout}`, { cause: error });
  });
  const { sessions, left, episodes, restarts, disturbed, steps } = JSON.parse(stdout) as { [figure: string]: number };
  assert.deepEqual(
    { sessions, left, episodes, restarts, disturbed },
    { sessions: 1000, left: 0, episodes: 0, restarts: 0, disturbed: 0 },
  );
  assert.ok(steps !== undefined && steps > 0);
});
