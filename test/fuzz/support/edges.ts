/** Which branches an input takes, and how often: as AFL counts them, by pairs of branches. */
const SIZE = 2 ** 16;
const counts = new Uint8Array(SIZE);
const known = new Uint8Array(SIZE);
let previous = 0;

/** Strings that the parsers have in their sources. */
export const learned: string[] = [];

Object.assign(globalThis, {
  __edge(number: number) {
    const at = previous ^ number;
    if (counts[at] < 255) counts[at]++;
    previous = number >> 1;
  },
  __words(words: readonly string[]) {
    learned.push(...words);
  },
});

export function beginInput(): void {
  counts.fill(0);
  previous = 0;
}

/** 1, 2, 3, 4 to 7, 8 to 15 ... times are different. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) =>
  count < 4 ? count && 2 ** (count - 1) : 2 ** Math.min(7, Math.floor(Math.log2(count)) + 1),
);

/** How much of what the input did was not seen before, which it then is. */
export function newWays(): number {
  let found = 0;
  for (let at = 0; at < SIZE; at++) {
    if (counts[at] === 0) continue;
    const bucket = BUCKETS[counts[at]];
    if ((known[at] & bucket) !== 0) continue;
    found += known[at] === 0 ? 2 : 1;
    known[at] |= bucket;
  }
  return found;
}

export const knownEdges = (): number => known.reduce((sum, bits) => sum + Number(bits !== 0), 0);
