import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClaimStore, Claims } from '../../src/batch/claims.js';
import type { PlannedClip } from '../../src/batch/clips.js';
import { type BatchWork, type ClipEnd, workBatch } from '../../src/batch/workBatch.js';

/** What workers share, and what an observer above them sees. */
class World {
  readonly entries = new Map<string, { text: string; beat: number }>();
  readonly published: string[] = [];
  readonly dead = new Set<number>();
  /** Who holds a clip by its own account. */
  readonly holders = new Map<string, Map<number, number>>();
  readonly wrong: string[] = [];
  /** Clips that got their name from who had been silent for too long between its last look and that. */
  readonly late = new Set<string>();
  /** Milliseconds. */
  clock = 0;
  constructor(
    readonly scheduler: fc.Scheduler,
    readonly expirySeconds: number,
    /** Whether workers see that another has ended. */
    readonly isOneMachine: boolean,
  ) {}
}

interface Death {
  /** Steps that it makes before. */
  readonly after: number;
}

/** A worker, which is killed between any two of its steps. Resolves with what it says of the clips, or when it is dead. */
function startWorker(world: World, pid: number, clips: readonly PlannedClip[], death?: Death) {
  let steps = 0;
  const died = deferred<undefined>();
  /** Others come before any step, and a dead worker makes none. */
  const step = async (label: string): Promise<void> => {
    await world.scheduler.schedule(Promise.resolve(), `${pid}: ${label}`);
    world.clock += 10;
    if (steps++ === death?.after) {
      world.dead.add(pid);
      for (const held of world.holders.values()) held.delete(pid);
      died.resolve(undefined);
    }
    if (world.dead.has(pid)) await new Promise(() => undefined);
  };
  const store: ClaimStore = {
    async create(name, text) {
      await step(`create ${name}`);
      if (world.entries.has(name)) return false;
      world.entries.set(name, { text, beat: world.clock });
      return true;
    },
    async read(name) {
      await step(`read ${name}`);
      return world.entries.get(name);
    },
    async beat(name) {
      await step(`beat ${name}`);
      const { text = '' } = world.entries.get(name) ?? {};
      world.entries.set(name, { text, beat: world.clock });
    },
  };
  let tokens = 0;
  const claims = new Claims({
    store,
    self: { pid, host: 'here' },
    token: () => `${pid}-${tokens++}`,
    now: () => world.clock,
    hasEnded: (worker) => world.isOneMachine && world.dead.has(worker.pid),
    expirySeconds: world.expirySeconds,
  });
  const ends: [string, ClipEnd][] = [];
  let own = '';
  const work: BatchWork = {
    async isFinished({ file }) {
      await step(`look at ${file}`);
      return world.published.includes(file);
    },
    hasFailedSince: async () => false,
    async make({ file }, claim) {
      const held = world.holders.get(file) ?? new Map<number, number>();
      world.holders.set(file, held);
      for (const [other, beat] of held) {
        // Whoever else believes to hold it was silent for too long.
        if (world.clock - beat <= 1000 * world.expirySeconds) world.wrong.push(`${pid} took ${file} from ${other}`);
      }
      own = file;
      for (let frame = 0; frame < 3; frame++) {
        held.set(pid, world.clock);
        await claim.beat();
      }
      if (!(await claim.isHeld())) return false;
      if (world.clock - (held.get(pid) ?? 0) > 1000 * world.expirySeconds) world.late.add(file);
      world.published.push(file);
      return true;
    },
    async fail(_, error) {
      world.wrong.push(String(error));
    },
    async pause() {
      world.clock += 1000;
      await step('pause');
    },
    keepAlive: () => () => world.holders.get(own)?.delete(pid),
    ended: ({ file }, end) => ends.push([file, end]),
    waiting: () => undefined,
  };
  const done = workBatch(clips, claims, work).then(() => ends);
  return Promise.race([done, died.promise.then(() => undefined)]);
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const clipsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ file: `${index}.mp4`, key: `${index}` }) as PlannedClip);
const deaths = fc.array(fc.option(fc.record({ after: fc.nat(60) }), { nil: undefined }), {
  minLength: 2,
  maxLength: 4,
});

/** Workers at once, some of which are killed, and one after them that finishes what is left. */
async function runAll(world: World, clips: readonly PlannedClip[], killed: readonly (Death | undefined)[]) {
  const workers = killed.map((death, index) => startWorker(world, index + 1, clips, death));
  const ends = await world.scheduler.waitFor(Promise.all(workers));
  const last = await world.scheduler.waitFor(startWorker(world, 100, clips));
  return [...ends, last];
}

test('on one machine every clip is made once, however workers interleave and wherever they are killed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), deaths, async (scheduler, count, killed) => {
      const world = new World(scheduler, 1e6, true);
      const clips = clipsOf(count);
      const ends = await runAll(world, clips, killed);
      expect(world.wrong).toEqual([]);
      expect([...world.published].sort()).toEqual(clips.map(({ file }) => file));
      // Who was not killed knows of every clip.
      for (const own of ends.filter((each) => each !== undefined)) {
        expect(own.map(([file]) => file).sort()).toEqual(clips.map(({ file }) => file));
      }
    }),
    { numRuns: 150 },
  );
});

test('between machines that do not see each other, a clip is taken over from the silent alone, and all are made', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 3 }), deaths, async (scheduler, count, killed) => {
      const world = new World(scheduler, 5, false);
      const clips = clipsOf(count);
      await runAll(world, clips, killed);
      expect(world.wrong).toEqual([]);
      expect([...new Set(world.published)].sort()).toEqual(clips.map(({ file }) => file));
      const twice = world.published.filter((file, index) => world.published.indexOf(file) !== index);
      expect(twice.filter((file) => !world.late.has(file))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('of many that take one clip at once, one has it, and whoever is taken over learns it', async () => {
  const entries = new Map<string, { text: string; beat: number }>();
  const store: ClaimStore = {
    create: async (name, text) => !entries.has(name) && Boolean(entries.set(name, { text, beat: 0 })),
    read: async (name) => entries.get(name),
    beat: async () => undefined,
  };
  let now = 0;
  const claimsOf = (pid: number) =>
    new Claims({
      ...{ store, self: { pid, host: `host${pid}` }, token: () => `${pid}`, now: () => now },
      ...{ hasEnded: () => false, expirySeconds: 10 },
    });
  const workers = Array.from({ length: 9 }, (_, pid) => claimsOf(pid));
  const first = await Promise.all(workers.map((claims) => claims.take('clip', 'clip.mp4')));
  expect(first.filter((claim) => claim)).toHaveLength(1);
  now = 9_000;
  expect((await Promise.all(workers.map((claims) => claims.take('clip', 'clip.mp4')))).some((claim) => claim)).toBe(
    false,
  );
  now = 20_000;
  const second = await Promise.all(workers.map((claims) => claims.take('clip', 'clip.mp4')));
  expect(second.filter((claim) => claim)).toHaveLength(1);
  expect(await first.find((claim) => claim)?.isHeld()).toBe(false);
  expect(await second.find((claim) => claim)?.isHeld()).toBe(true);
  // What the one that was taken over lets go stays the other's.
  await first.find((claim) => claim)?.release('free');
  expect(await workers[0].take('clip', 'clip.mp4')).toBeUndefined();
  await second.find((claim) => claim)?.release('done');
  expect(await workers[0].take('clip', 'clip.mp4')).toBeUndefined();
  expect(await workers[0].take('clip', 'clip.mp4', true)).toBeDefined();
});

test('a clip that fails is written down and let go, and the others go on', async () => {
  const entries = new Map<string, { text: string; beat: number }>();
  const store: ClaimStore = {
    create: async (name, text) => !entries.has(name) && Boolean(entries.set(name, { text, beat: 0 })),
    read: async (name) => entries.get(name),
    beat: async () => undefined,
  };
  const claims = new Claims({
    ...{ store, self: { pid: 1, host: 'here' }, token: () => 'token', now: () => 0 },
    ...{ hasEnded: () => false, expirySeconds: 10 },
  });
  const ends: string[] = [];
  const clips = clipsOf(3);
  await workBatch(clips, claims, {
    isFinished: async () => false,
    hasFailedSince: async () => false,
    async make({ file }) {
      if (file === '1.mp4') throw new Error('no room');
      return true;
    },
    fail: async ({ file }, error) => void ends.push(`${file}: ${(error as Error).message}`),
    pause: async () => undefined,
    keepAlive: () => () => undefined,
    ended: ({ file }, end) => ends.push(`${file} ${end}`),
    waiting: () => undefined,
  });
  expect(ends).toEqual(['0.mp4 made', '1.mp4: no room', '1.mp4 failed', '2.mp4 made']);
  expect(await claims.take('0', '0.mp4')).toBeUndefined();
  expect(await claims.take('1', '1.mp4')).toBeDefined();
});
