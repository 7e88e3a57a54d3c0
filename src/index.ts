// `tribune`: the vocabulary that every part shares: safety, episodes, policies. It loads no engine, no sandbox and no
// trainer; those have sub-paths of their own (`tribune/guard`, `tribune/world`, `tribune/train`, …).
export * from './episode/index.ts';
export * from './policy/index.ts';
export * from './safety/index.ts';
