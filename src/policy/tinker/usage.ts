// Accounts of a Tinker client: tokens by what was done with them, and what they cost at prices the caller gives (a table of
// prices in a program is wrong the day after). Not here: how a server bills; this counts what was sent and what came back.

/** Tokens of requests that were answered. A prompt that is sampled from n times counts once. */
export type Usage = {
  /** Read before sampling, and read for log-probabilities. */
  readonly prefill: number;
  readonly sampled: number;
  /** Through forward_backward. */
  readonly trained: number;
};

/** US dollars for a million tokens. */
export type TinkerPrices = { readonly [kind in keyof Usage]: number };

export const NO_USAGE: Usage = { prefill: 0, sampled: 0, trained: 0 };

export const addUsage = (a: Usage, b: Usage): Usage => ({
  prefill: a.prefill + b.prefill,
  sampled: a.sampled + b.sampled,
  trained: a.trained + b.trained,
});

/** US dollars. */
export function priceUsage({ prefill, sampled, trained }: Usage, prices: TinkerPrices): number {
  return (prefill * prices.prefill + sampled * prices.sampled + trained * prices.trained) / 1e6;
}

export type Meter = { add(usage: Partial<Usage>): void; read(): Usage };

/** Starts counting. */
export function openMeter(): Meter {
  let total = NO_USAGE;
  return {
    add: (usage) => (total = addUsage(total, { ...NO_USAGE, ...usage })),
    read: () => total,
  };
}
