// `tribune/serve/env`: a suite as an OpenEnv and ORS server.
export { CREDITS, type Credit, type Rules } from './game.ts';
export type { JournalFiles } from './journal.ts';
export { NAMINGS, type Naming, type ToolSpec } from './offer.ts';
export { type EnvServer, type EnvServerOptions, serveEnv } from './server.ts';
