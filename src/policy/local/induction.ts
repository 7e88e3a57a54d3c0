// Induction heads to begin with. Arguments are copied from what was read: the model must find the place where the words before
// are the same, and go on from there. A fresh model finds out by chance, and late, that heads of two layers can do it together;
// here some begin so. First, heads that look d tokens back: their queries and keys hold one constant each, turned against one
// another by the rotary angle of d positions. One of them writes what it sees into a space of its own, which later heads
// compare with the token being read; what these find they copy. They train on like all others, and the model is an ordinary
// one: only its first numbers differ.
// Source: induction heads, Olsson et al., 2022 (arXiv 2209.11895); first numbers that resemble trained ones, Trockman and
// Kolter, Mimetic Initialization, 2023 (arXiv 2305.09828). Measured: docs/training-notes.md.
// Not here: all other first parameters (model.ts).
import { rotaryFrequencies } from './family.ts';
import { hasHeadNorms, listParameters, type ModelConfig, variantOf, viewParameter } from './model.ts';

type Floats = Float32Array<ArrayBuffer>;

/** Where a head stands. */
type Head = { readonly layer: number; readonly head: number };

/** Heads that look back, and by how many tokens; the first is the one that later heads compare with. */
const LOOKING_BACK: readonly [Head & { readonly distance: number }, ...(Head & { readonly distance: number })[]] = [
  { layer: 0, head: 0, distance: 1 },
  { layer: 0, head: 1, distance: 2 },
  { layer: 0, head: 2, distance: 3 },
  { layer: 1, head: 0, distance: 1 },
];

/** Heads that look for what is being read, and copy what followed it. */
const COPYING: readonly [Head, ...Head[]] = [
  { layer: 1, head: 1 },
  { layer: 1, head: 2 },
  { layer: 2, head: 0 },
  { layer: 2, head: 1 },
];

/** The first element of every embedding: the same at every position, for queries and keys to be made of. */
const CONSTANT = 0.4;
/** What is left of the random part of the queries and keys that do not need it. */
const NOISE = 0.1;
/** Weight of the norms of queries and keys, which says how sharply a head looks: back, and for its like. */
const SHARPNESS = { back: 2, like: 1.5 };
/** Rotary pairs that hold the constant: the quickest, which tell neighbours apart. */
const PAIRS = 6;
/** How strongly what was seen is written into the residual stream. */
const WRITTEN = 0.5;

/**
 * Makes induction heads of fresh parameters, in place.
 * @throws RangeError if the model has no room for them, or its heads have no norms or share their keys.
 */
export function plantInductionHeads(config: ModelConfig, theta: Floats): void {
  if (!hasHeadNorms(config) || !hasRoomForInduction(config))
    throw new RangeError(`induction heads to begin with need normed heads and ${INDUCTION_ROOM}`);
  const { width } = config;
  const parts = openHeads(config, theta);
  const embedding = parts.view('model.embed_tokens.weight');
  for (let at = 0; at < embedding.length; at += width) embedding[at] = CONSTANT;
  for (const { distance, ...place } of LOOKING_BACK) lookBack(config, parts, place, distance);
  // What the token before was goes into a space of its own, so that it is told from what the token itself is.
  const seen = parts.rows('v_proj', LOOKING_BACK[0]);
  const kept = parts.rows('k_proj', COPYING[0]).slice();
  parts.writeBack(LOOKING_BACK[0], kept);
  for (const place of COPYING) lookForLike(config, parts, place, { seen, kept });
}

/** What sizes say of whether there is room for induction heads. */
type Sizes = Pick<ModelConfig, 'layers' | 'heads' | 'kvHeads' | 'headDim'>;

/** Whether a model of these sizes has room for induction heads to begin with, and keys of its own for each head. */
export function hasRoomForInduction({ layers, heads, kvHeads, headDim }: Sizes): boolean {
  return layers >= 3 && heads >= 3 && kvHeads === heads && headDim >= 2 * PAIRS;
}

/** What such a model needs. */
export const INDUCTION_ROOM = `3 layers or more, 3 heads or more of ${2 * PAIRS} or more, and as many heads of keys`;

/** Parameters of single heads. */
type Heads = {
  readonly view: (name: string) => Floats;
  /** A head's part of a projection: [headDim, width]. */
  readonly rows: (kind: 'q_proj' | 'k_proj' | 'v_proj', head: Head) => Floats;
  /** Has a head write its element d along row d of `directions` [headDim, width]. */
  readonly writeBack: (head: Head, directions: Floats) => void;
  readonly sharpen: (head: Head, sharpness: number) => void;
};

function openHeads(config: ModelConfig, theta: Floats): Heads {
  const { width, headDim, heads } = config;
  const specs = new Map(listParameters(config).map((spec) => [spec.name, spec]));
  const view = (name: string) => {
    const spec = specs.get(name);
    if (!spec) throw new RangeError(`no parameter is named ${name}`);
    return viewParameter(theta, spec);
  };
  const pathOf = ({ layer }: Head) => `model.layers.${layer}.self_attn`;
  const size = headDim * width;
  return {
    view,
    rows: (kind, place) => view(`${pathOf(place)}.${kind}.weight`).subarray(place.head * size, (place.head + 1) * size),
    writeBack: (place, directions) => {
      const output = view(`${pathOf(place)}.o_proj.weight`);
      for (let at = 0; at < size; at++) {
        const [d, w] = [Math.floor(at / width), at % width];
        output[w * heads * headDim + place.head * headDim + d] = WRITTEN * directions[at]!;
      }
    },
    sharpen: (place, sharpness) => {
      // The norms are shared by the heads of a layer.
      for (const kind of ['q_norm', 'k_norm']) view(`${pathOf(place)}.${kind}.weight`).fill(sharpness);
    },
  };
}

function lookBack(config: ModelConfig, parts: Heads, place: Head, distance: number): void {
  const { width, headDim } = config;
  const { frequencies } = rotaryFrequencies(headDim, config.theta, variantOf(config).scaling);
  const plant = (rows: Floats, positions: number) => {
    for (let at = 0; at < rows.length; at++) rows[at]! *= NOISE;
    for (const [pair, frequency] of frequencies.slice(0, PAIRS).entries()) {
      rows[pair * width] = Math.cos(frequency * positions);
      rows[(pair + headDim / 2) * width] = -Math.sin(frequency * positions);
    }
  };
  plant(parts.rows('q_proj', place), distance);
  plant(parts.rows('k_proj', place), 0);
  parts.sharpen(place, SHARPNESS.back);
}

/** Queries read what a token is, keys what the token before them was, both in the slow pairs: those forget distance. */
function lookForLike(
  { width, headDim }: ModelConfig,
  parts: Heads,
  place: Head,
  { seen, kept }: { readonly seen: Floats; readonly kept: Floats },
): void {
  const half = headDim / 2;
  const plant = (rows: Floats, from: Floats) => {
    for (let at = 0; at < rows.length; at++) {
      const slow = Math.floor(at / width) % half >= half / 2;
      // The constant says nothing about a token.
      if (at % width === 0) rows[at] = 0;
      else rows[at] = slow ? from[at]! : NOISE * rows[at]!;
    }
  };
  plant(parts.rows('q_proj', place), seen);
  plant(parts.rows('k_proj', place), kept);
  parts.sharpen(place, SHARPNESS.like);
  parts.writeBack(place, parts.rows('v_proj', place));
}
