// What the server counts, in Prometheus' text format. Numbers about the server only: nothing of a task, a world or a reward.
// Source: Prometheus, "Exposition formats", text format 0.0.4.

/** Upper bounds of the histogram of call times, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const COUNTERS = {
  sessions_opened_total: 'Sessions opened.',
  sessions_refused_total: 'Sessions refused because the server was full.',
  sessions_reaped_total: 'Sessions closed because nothing was heard of them.',
  episodes_started_total: 'Episodes started.',
  episodes_ended_total: 'Episodes that came to their end.',
  episodes_unjudged_total: 'Episodes that ended and could not be judged.',
  episodes_abandoned_total: 'Episodes left before their end.',
  calls_total: 'Calls carried out.',
  call_errors_total: 'Calls that a tool or its world answered with an error.',
  messages_total: 'Messages read.',
  message_errors_total: 'Messages answered with an error of the protocol.',
  requests_total: 'HTTP requests answered.',
  callers_refused_total: 'Callers turned away: no token, a foreign host or origin, too many at once.',
} as const;

export type Counter = keyof typeof COUNTERS;

export type Gauges = {
  readonly sessions: number;
  readonly sessions_max: number;
  readonly episodes: number;
  readonly worker_restarts: number;
  readonly worker_heap_bytes: number;
};

const GAUGES: { readonly [name in keyof Gauges]: string } = {
  sessions: 'Sessions open.',
  sessions_max: 'The most sessions at once.',
  episodes: 'Episodes under way in the worker threads.',
  worker_restarts: 'World threads that had to be replaced.',
  worker_heap_bytes: 'Memory of the world threads in use.',
};

export type Metrics = {
  count(counter: Counter): void;
  /** Records how long a call took, in milliseconds. */
  time(milliseconds: number): void;
  render(gauges: Gauges): string;
};

/** Starts counting from zero. */
export function createMetrics(): Metrics {
  const counts = new Map<Counter, number>();
  const buckets = BOUNDS.map(() => 0);
  let [sum, times] = [0, 0];
  return {
    count: (counter) => void counts.set(counter, (counts.get(counter) ?? 0) + 1),
    time(milliseconds) {
      const seconds = milliseconds / 1000;
      sum += seconds;
      times += 1;
      for (const [at, bound] of BOUNDS.entries()) if (seconds <= bound) buckets[at]! += 1;
    },
    render(gauges) {
      const { rss, heapUsed } = process.memoryUsage();
      const lines = [
        ...Object.entries(COUNTERS).map(([name, help]) => {
          return writeOne(name, 'counter', help, counts.get(name as Counter) ?? 0);
        }),
        ...Object.entries(GAUGES).map(([name, help]) => writeOne(name, 'gauge', help, gauges[name as keyof Gauges])),
        writeOne('resident_bytes', 'gauge', 'Memory of the process.', rss),
        writeOne('heap_bytes', 'gauge', 'Memory of the main thread in use.', heapUsed),
        writeHistogram(buckets, sum, times),
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

const PREFIX = 'tribune_env_';

function writeOne(name: string, type: 'counter' | 'gauge', help: string, value: number): string {
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${PREFIX}${name} ${value}`;
}

function writeHistogram(buckets: readonly number[], sum: number, times: number): string {
  const name = `${PREFIX}call_seconds`;
  return [
    `# HELP ${name} Time from a call to its answer.`,
    `# TYPE ${name} histogram`,
    ...buckets.map((count, at) => `${name}_bucket{le="${BOUNDS[at]}"} ${count}`),
    `${name}_bucket{le="+Inf"} ${times}`,
    `${name}_sum ${sum}`,
    `${name}_count ${times}`,
  ].join('\n');
}
