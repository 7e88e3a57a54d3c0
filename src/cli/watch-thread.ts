// The thread of watch.ts: a dashboard without an inbox, on any free port. It lives until the process ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { startDashboard } from '../dashboard/dashboard.ts';
import { defaultReviews } from '../dashboard/tasks.ts';
import type { Watched, WatchOptions } from './watch.ts';

const { root, token } = workerData as WatchOptions;
const tell = (told: Watched): void => parentPort?.postMessage(told);

const { url } = await startDashboard({
  root,
  port: 0,
  token,
  now: Date.now,
  inbox: null,
  logs: [],
  suites: [],
  reviews: defaultReviews(root),
  onFault: (text) => tell({ kind: 'fault', text }),
});
tell({ kind: 'open', url });
