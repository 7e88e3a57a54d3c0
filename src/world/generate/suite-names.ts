// The names of the suites that are generated, for whoever names a suite without making one: the command line, the page in a
// browser. Not here: their generators (suites.ts).

export const SUITES = ['core', 'wide', 'open'] as const;
export type SuiteName = (typeof SUITES)[number];

/** Whether a suite of that name is generated. */
export function isSuite(name: string | undefined): name is SuiteName {
  return SUITES.some((suite) => suite === name);
}
