import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xorshift128plus } from 'pure-rand/generator/xorshift128plus';

/** Drawn numbers: the same seed draws the same. */
export interface Random {
  /** A whole number from 0 up to `limit`, that left out. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function randomOf(seed: number): Random {
  const generator = xorshift128plus(seed);
  const below = (limit: number) => uniformInt(generator, 0, Math.max(0, limit - 1));
  return { below, pick: (items) => items[below(items.length)] };
}
