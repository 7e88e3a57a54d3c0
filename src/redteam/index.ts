// `tribune/redteam`: attacks on policies and guards that search and learn, as a library.
export { adversaryRun, type TurnOptions, type TurnProgress } from './adversary/run.ts';
export { type Arena, type ArenaOptions, type Defence, nameDefence, openArena, type Try } from './arena.ts';
export { type Attempt, applyAttack, NO_ATTACK, type Piece, type Place, textOf } from './attack.ts';
export type { Attacker, Lesson, View } from './attacker.ts';
export { type Means, openAttacker } from './attackers/index.ts';
export { type Budget, type CampaignOptions, type Fate, runCampaign } from './campaign.ts';
export { ALL_ARMS, ARMS, ATTACKERS, type AttackerName, type RedteamConfig } from './config.ts';
export { type CurvePoint, curveOf, successAt } from './figures.ts';
export { chooseBest, type Found, foundScenario, writeFound } from './found.ts';
export { buildAttempt, drawGenes, type Genes, genesOf } from './genome.ts';
export { blankJournal, type Journal, openJournal } from './journal.ts';
export { minimiseAttacks } from './minimise.ts';
export { type Order, saysOrder } from './order.ts';
export { LEVELS, type Level, type Outcome } from './outcome.ts';
export { openArenas } from './pool.ts';
export { type Attacked, attackScenarios, drawOpponent, gatherOpponents, type Opponent } from './population.ts';
export { SURFACES, type Surface } from './surface.ts';
export { ALL_CHANNELS, CHANNELS, type Channel, findTargets, type Target } from './target.ts';
