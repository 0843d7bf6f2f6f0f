import type { TransformerConfig } from '../../src/models/wan/config.js';

/** A latent frame of a sequence that `plainFlow` is given whole. */
export interface PlainFrame {
  /** [channels, height, width] */
  readonly latent: ArrayLike<number>;
  readonly timestep: number;
  /** Its place in the video, for its own queries and for keys that nothing moves. */
  readonly position: number;
}

/** The position at which a query's frame sees a token of another frame; undefined where it does not see it. */
export type Sees = (queryFrame: number, keyFrame: number, keyToken: number) => number | undefined;

type Vector = number[];

/**
 * The causal DiT once more, written from the text of the specification and without any of the program's code: the whole
 * sequence at once, in float64, with a mask in place of a cache. The oracle for everything that a cache must not change.
 * @returns flow [channels, height, width] for every frame
 */
export function plainFlow(
  config: TransformerConfig,
  weights: Readonly<Record<string, ArrayLike<number>>>,
  prompt: ArrayLike<number>,
  frames: readonly PlainFrame[],
  size: { height: number; width: number },
  sees: Sees,
): number[][] {
  const { dim, num_heads: heads, in_dim: channels, freq_dim: frequencies, text_len, text_dim } = config;
  const [rows, columns] = [size.height / 2, size.width / 2];
  const perFrame = rows * columns;
  const linear = (name: string, x: Vector): Vector => {
    const [weight, bias] = [weights[`${name}.weight`], weights[`${name}.bias`]];
    return Array.from(bias, (start, output) =>
      x.reduce((sum, value, input) => sum + value * weight[output * x.length + input], start),
    );
  };
  const rms = (name: string, x: Vector): Vector => {
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + config.eps);
    return x.map((value, index) => value * scale * weights[`${name}.weight`][index]);
  };
  const chunk = (name: string, index: number): Vector =>
    Array.from({ length: dim }, (_, component) => weights[name][index * dim + component]);

  // Time: cosines first; the projection's six chunks for the blocks, the embedding itself for the head.
  const times = frames.map(({ timestep }) => {
    const angles = Array.from({ length: frequencies / 2 }, (_, j) => timestep * 10_000 ** ((-2 * j) / frequencies));
    const waves = [...angles.map(Math.cos), ...angles.map(Math.sin)];
    const embedding = linear('time_embedding.2', linear('time_embedding.0', waves).map(silu));
    const projection = linear('time_projection.1', embedding.map(silu));
    return { embedding, projection: (index: number) => projection.slice(index * dim, (index + 1) * dim) };
  });

  const text = Array.from({ length: text_len }, (_, row) => {
    const embeds = Array.from({ length: text_dim }, (_, component) => prompt[row * text_dim + component]);
    return linear('text_embedding.2', linear('text_embedding.0', embeds).map(geluTanh));
  });

  const places = frames.flatMap(({ position }, frame) =>
    Array.from({ length: perFrame }, (_, token) => ({
      frame,
      token,
      at: [position, Math.floor(token / columns), token % columns],
    })),
  );
  let x = places.map(({ frame, at: [, row, column] }) => {
    const patch: Vector = [];
    for (let channel = 0; channel < channels; channel++) {
      for (const y of [0, 1]) {
        for (const z of [0, 1]) {
          patch.push(frames[frame].latent[(channel * size.height + 2 * row + y) * size.width + 2 * column + z]);
        }
      }
    }
    return linear('patch_embedding', patch);
  });

  for (let layer = 0; layer < config.num_layers; layer++) {
    const name = `blocks.${layer}`;
    const modulation = (frame: number, index: number): Vector =>
      sum(chunk(`${name}.modulation`, index), times[frame].projection(index));
    const modulated = (vector: Vector, frame: number, first: number): Vector => {
      const [shift, scale] = [modulation(frame, first), modulation(frame, first + 1)];
      return layerNorm(vector, config.eps).map((value, index) => value * (1 + scale[index]) + shift[index]);
    };
    const gated = (residual: Vector, update: Vector, frame: number, gate: number): Vector => {
      const gates = modulation(frame, gate);
      return residual.map((value, index) => value + gates[index] * update[index]);
    };

    const inputs = x.map((vector, index) => modulated(vector, places[index].frame, 0));
    const queries = inputs.map((vector, index) =>
      rotate(rms(`${name}.self_attn.norm_q`, linear(`${name}.self_attn.q`, vector)), places[index].at, heads),
    );
    const keys = inputs.map((vector) => rms(`${name}.self_attn.norm_k`, linear(`${name}.self_attn.k`, vector)));
    const values = inputs.map((vector) => linear(`${name}.self_attn.v`, vector));
    const turned = new Map<string, Vector>(); // a key at each position that some query sees it at
    const keyAt = (index: number, position: number): Vector => {
      const id = `${index} ${position}`;
      const [, row, column] = places[index].at;
      if (!turned.has(id)) turned.set(id, rotate(keys[index], [position, row, column], heads));
      return turned.get(id) as Vector;
    };
    x = x.map((vector, index) => {
      const seen = places.flatMap((place, key) => {
        const position = sees(places[index].frame, place.frame, place.token);
        return position === undefined ? [] : [{ key: keyAt(key, position), value: values[key] }];
      });
      const attended = attend(queries[index], seen, heads);
      return gated(vector, linear(`${name}.self_attn.o`, attended), places[index].frame, 2);
    });

    const textKeys = text.map((row) => ({
      key: rms(`${name}.cross_attn.norm_k`, linear(`${name}.cross_attn.k`, row)),
      value: linear(`${name}.cross_attn.v`, row),
    }));
    x = x.map((vector) => {
      const [gain, bias] = [weights[`${name}.norm3.weight`], weights[`${name}.norm3.bias`]];
      const normed = layerNorm(vector, config.eps).map((value, index) => value * gain[index] + bias[index]);
      const query = rms(`${name}.cross_attn.norm_q`, linear(`${name}.cross_attn.q`, normed));
      return sum(vector, linear(`${name}.cross_attn.o`, attend(query, textKeys, heads)));
    });

    x = x.map((vector, index) => {
      const hidden = linear(`${name}.ffn.0`, modulated(vector, places[index].frame, 3)).map(geluTanh);
      return gated(vector, linear(`${name}.ffn.2`, hidden), places[index].frame, 5);
    });
  }

  const flows = frames.map(() => Array<number>(channels * size.height * size.width).fill(0));
  for (const [index, { frame, at }] of places.entries()) {
    const [, row, column] = at;
    const shift = sum(chunk('head.modulation', 0), times[frame].embedding);
    const scale = sum(chunk('head.modulation', 1), times[frame].embedding);
    const normed = layerNorm(x[index], config.eps).map((value, i) => value * (1 + scale[i]) + shift[i]);
    // The head's patches have the channel innermost, unlike those of the embedding.
    for (const [output, value] of linear('head.head', normed).entries()) {
      const channel = output % channels;
      const [y, z] = [Math.floor(output / channels / 2), Math.floor(output / channels) % 2];
      flows[frame][(channel * size.height + 2 * row + y) * size.width + 2 * column + z] = value;
    }
  }
  return flows;
}

const sum = (left: Vector, right: Vector): Vector => left.map((value, index) => value + right[index]);
const silu = (value: number): number => value / (1 + Math.exp(-value));
const geluTanh = (value: number): number =>
  0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));

function layerNorm(x: Vector, eps: number): Vector {
  const mean = x.reduce((total, value) => total + value, 0) / x.length;
  const variance = x.reduce((total, value) => total + (value - mean) ** 2, 0) / x.length;
  return x.map((value) => (value - mean) / Math.sqrt(variance + eps));
}

function attend(query: Vector, seen: readonly { key: Vector; value: Vector }[], heads: number): Vector {
  const width = query.length / heads;
  return query.map((_, component) => {
    const start = Math.floor(component / width) * width;
    const scores = seen.map(({ key }) => {
      let dot = 0;
      for (let i = start; i < start + width; i++) dot += query[i] * key[i];
      return dot / Math.sqrt(width);
    });
    const highest = Math.max(...scores);
    const shares = scores.map((score) => Math.exp(score - highest));
    const total = shares.reduce((all, share) => all + share, 0);
    return seen.reduce((all, { value }, index) => all + (shares[index] / total) * value[component], 0);
  });
}

/** Complex rotation of neighbouring components; each axis has its share of the pairs and a series of its own. */
function rotate(x: Vector, at: readonly number[], heads: number): Vector {
  const pairs = x.length / heads / 2;
  const third = Math.floor(pairs / 3);
  const angles = [pairs - 2 * third, third, third].flatMap((count, axis) =>
    Array.from({ length: count }, (_, j) => at[axis] * 10_000 ** (-j / count)),
  );
  return x.map((value, index) => {
    const angle = angles[(index >> 1) % pairs];
    const other = index % 2 === 0 ? -x[index + 1] : x[index - 1];
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}
