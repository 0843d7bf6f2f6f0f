import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherRows } from '../../src/kernels/rows/rows.js';
import { blockCall, KvCache, type KvCacheOptions } from '../../src/models/wan/kvCache.js';
import { cacheProblems, tokenSets } from '../support/arbitraries.js';
import { device, referenceDevice } from '../support/device.js';

const createCache = ({
  capacity,
  sink,
  tokensPerFrame,
}: Pick<KvCacheOptions, 'capacity' | 'sink' | 'tokensPerFrame'>) =>
  new KvCache(referenceDevice, { layers: 1, dim: 2, capacity, sink, tokensPerFrame });

/** Names the token of a frame, so that rows can be told apart. */
const tag = (frame: number, token: number) => 100 * frame + token;

/** Writes every token of the frames first ... first + count - 1 as its tag. */
function writeTags(cache: KvCache, first: number, count: number): void {
  const { tokensPerFrame } = cache.options;
  const tags = Array.from({ length: count * tokensPerFrame }, (_, index) =>
    tag(first + Math.floor(index / tokensPerFrame), index % tokensPerFrame),
  );
  const made = cache.device.upload(Float64Array.from(tags.flatMap((value) => [value, value])), [tags.length, 2]);
  blockCall(cache, first, count).store(0, { plainKeys: () => made, turnedKeys: made, values: made });
}

/** The tags in the rows that attention would read. */
function readTags(cache: KvCache, chosen: (frame: number) => boolean): number[] {
  const rows = cache.rows(chosen);
  if (rows.length === 0) return [];
  const table = gatherRows(cache.layers[0].keys, cache.device.upload(Uint32Array.from(rows), [rows.length]));
  return Array.from({ length: rows.length }, (_, row) => table.host.get(row, 0));
}

describe('eviction', () => {
  test('keeps exactly the sink and the most recent frames', () => {
    fc.assert(
      fc.property(cacheProblems, ({ framesPerBlock: size, sink, capacity, tokensPerFrame, blocks }) => {
        const cache = createCache({ capacity, sink, tokensPerFrame });
        for (let block = 0; block < blocks; block++) {
          cache.reserve(block * size, size);
          const end = (block + 1) * size;
          const all = Array.from({ length: end }, (_, frame) => frame);
          const kept = all.filter((frame) => frame < sink || frame >= end - (capacity - Math.min(sink, end)));
          expect(cache.frames).toEqual(kept.map((frame) => ({ frame, tokens: tokensPerFrame })));
        }
      }),
    );
  });

  test('a sink of one frame under blocks of three', () => {
    const cache = createCache({ capacity: 6, sink: 1, tokensPerFrame: 2 });
    for (const first of [0, 3, 6, 9]) cache.reserve(first, 3);
    expect(cache.frames.map(({ frame }) => frame)).toEqual([0, 7, 8, 9, 10, 11]);
  });

  test.each([
    { capacity: 2, sink: 0, first: 0, needed: 3 },
    { capacity: 5, sink: 3, first: 3, needed: 6 },
  ])('a block that never fits is refused: $capacity frames, sink $sink', ({ capacity, sink, first, needed }) => {
    const cache = createCache({ capacity, sink, tokensPerFrame: 1 });
    expect(() => cache.reserve(first, 3)).toThrow(
      `the KV cache holds ${capacity} latent frames, a block of 3 beside a sink of ${sink} needs ${needed}: use a ` +
        'larger window or a smaller sink',
    );
  });
});

/** What a cache should do, as a list: the frames that are there and the tags that each has left. */
class ListModel {
  frames: { frame: number; tags: number[] }[] = [];
  constructor(private readonly options: { capacity: number; sink: number; tokensPerFrame: number }) {}

  reserve(first: number, count: number): void {
    const { capacity, sink, tokensPerFrame } = this.options;
    for (let frame = first; frame < first + count; frame++) {
      const tags = Array.from({ length: tokensPerFrame }, (_, token) => tag(frame, token));
      this.frames = [...this.frames.filter((entry) => entry.frame !== frame), { frame, tags }];
      if (this.frames.length > capacity) {
        const oldest = this.frames.find((entry) => entry.frame >= sink)!;
        this.frames = this.frames.filter((entry) => entry !== oldest);
      }
    }
  }

  prune(tokens: readonly number[], beforeFrame: number): void {
    for (const entry of this.frames) {
      if (entry.frame < this.options.sink || entry.frame >= beforeFrame) continue;
      entry.tags = entry.tags.filter((value) => !tokens.includes(value % 100));
    }
  }
}

test('any sequence of blocks, repeats and prunings agrees with a plain list, row by row', () => {
  const problems = cacheProblems.chain((problem) =>
    fc.record({
      problem: fc.constant(problem),
      commands: fc.array(
        fc.oneof(
          fc.constant({ kind: 'next' } as const),
          fc.constant({ kind: 'again' } as const),
          tokenSets(problem.tokensPerFrame).map((tokens) => ({ kind: 'prune', tokens }) as const),
        ),
        { maxLength: 24 },
      ),
    }),
  );
  fc.assert(
    fc.property(problems, ({ problem, commands }) => {
      const { framesPerBlock: size } = problem;
      const cache = createCache(problem);
      const model = new ListModel(problem);
      let block = -1;
      for (const command of [{ kind: 'next' } as const, ...commands]) {
        if (command.kind === 'prune') {
          cache.prune(command.tokens, block * size);
          model.prune(command.tokens, block * size);
        } else {
          if (command.kind === 'next') block++;
          cache.reserve(block * size, size);
          model.reserve(block * size, size);
          writeTags(cache, block * size, size);
        }
        expect(readTags(cache, () => true)).toEqual(model.frames.flatMap(({ tags }) => tags));
        expect(cache.frames).toEqual(model.frames.map(({ frame, tags }) => ({ frame, tokens: tags.length })));
        const past = model.frames.filter(({ frame }) => frame < block * size);
        expect(readTags(cache, (frame) => frame < block * size)).toEqual(past.flatMap(({ tags }) => tags));
      }
    }),
  );
});

describe('pruning', () => {
  const filled = () => {
    const cache = createCache({ capacity: 9, sink: 3, tokensPerFrame: 4 });
    for (const first of [0, 3, 6]) cache.reserve(first, 3);
    return cache;
  };

  test('spares the sink and the block at hand', () => {
    const cache = filled();
    cache.prune([1, 2], 6);
    expect(cache.frames.map(({ tokens }) => tokens)).toEqual([4, 4, 4, 2, 2, 2, 4, 4, 4]);
  });

  test('adds up, and a token that is gone can be pruned again', () => {
    const cache = filled();
    cache.prune([1, 2], 6);
    cache.prune([2, 3], 6);
    expect(cache.frames.map(({ tokens }) => tokens)).toEqual([4, 4, 4, 1, 1, 1, 4, 4, 4]);
  });

  test('a frame without tokens still takes its place in the window', () => {
    const cache = filled();
    cache.prune([0, 1, 2, 3], 6);
    expect(cache.rows((frame) => frame >= 3 && frame < 6)).toEqual([]);
    cache.reserve(9, 3);
    expect(cache.frames.map(({ frame }) => frame)).toEqual([0, 1, 2, 6, 7, 8, 9, 10, 11]);
  });

  test('is undone when a frame is written anew, and only then', () => {
    const cache = filled();
    cache.prune([0], 9);
    cache.reserve(6, 3);
    expect(cache.frames.map(({ tokens }) => tokens)).toEqual([4, 4, 4, 3, 3, 3, 4, 4, 4]);
  });
});

test('memory is taken once: nothing that happens to a cache allocates', () => {
  const cache = new KvCache(device, { layers: 2, dim: 4, tokensPerFrame: 3, capacity: 4, sink: 1 });
  const { liveStorages } = device.memory;
  for (let frame = 0; frame < 20; frame++) {
    cache.reserve(frame, 1);
    cache.prune([frame % 3], frame);
  }
  expect(device.memory.liveStorages).toBe(liveStorages);
  cache.dispose();
  expect(device.memory.liveStorages).toBe(liveStorages - 4);
});

test('every live row says which token of which frame it holds', () => {
  const cache = createCache({ capacity: 3, sink: 1, tokensPerFrame: 3 });
  cache.reserve(0, 1);
  cache.reserve(1, 2);
  cache.prune([1], 2);
  const rows = cache.liveRows();
  expect(rows.map(({ frame, token }) => [frame, token])).toEqual([
    ...[0, 1, 2].map((token) => [0, token]), // the sink
    [1, 0],
    [1, 2],
    ...[0, 1, 2].map((token) => [2, token]), // the block at hand
  ]);
  expect(rows.map(({ row }) => row)).toEqual(cache.rows(() => true));
  cache.reserve(3, 1); // frame 1 leaves, and its slot is whole again
  expect(cache.liveRows().filter(({ frame }) => frame === 3)).toHaveLength(3);
  cache.dispose();
});

test.each<[unknown, string]>([
  [[3], 'found 3 at [0]'],
  [[0, -1], 'found -1 at [1]'],
  [[0.5], 'found 0.5 at [0]'],
  [[Number.NaN], 'found NaN at [0]'],
  [[1, 0, 1], 'found 1 twice, again at [2]'],
  [['1'], 'found "1" at [0]'],
  [Uint32Array.of(1), 'found an object (Uint32Array)'],
  [undefined, 'found nothing'],
])('pruning %o is refused', (tokens, found) => {
  const cache = createCache({ capacity: 2, sink: 0, tokensPerFrame: 3 });
  cache.reserve(0, 1);
  expect(() => cache.prune(tokens as number[], 1)).toThrow(
    `KvCache.prune: what is pruned must be an array of token indices, whole numbers from 0 to 2, each once, ${found}`,
  );
  expect(cache.frames).toEqual([{ frame: 0, tokens: 3 }]);
  cache.dispose();
});
