import * as z from 'zod';

/** Who holds a claim: a process, as far as others can tell it from those before and after it. */
export interface Worker {
  readonly pid: number;
  readonly host: string;
}

/** What lies in the place where workers meet: entries that nobody changes, but for signs of life. */
export interface ClaimStore {
  /** Makes an entry where none of that name is; of several that try at once, one does. Says whether it did. */
  create(name: string, text: string): Promise<boolean>;
  /** An entry, and a number that every sign of life changes; undefined where there is none. */
  read(name: string): Promise<{ readonly text: string; readonly beat: number } | undefined>;
  /** A sign of life of who made the entry. */
  beat(name: string): Promise<void>;
}

/** What a worker knows of itself and of time. */
export interface ClaimWorld<Self extends Worker> {
  readonly store: ClaimStore;
  readonly self: Self;
  /** Differs from process to process, and from claim to claim. */
  token(): string;
  /** Milliseconds, as this process counts them: no two clocks are compared. */
  now(): number;
  /** Whether a worker has ended for certain; where that cannot be seen, its silence tells. */
  hasEnded(worker: Self): boolean;
  /** Seconds without a sign of life after which others may take over what this worker holds. */
  readonly expirySeconds: number;
}

const state = z.enum(['held', 'free', 'done']);

const entrySchema = z.object({
  state,
  token: z.string(),
  clip: z.string(),
  worker: z.looseObject({ pid: z.number(), host: z.string() }),
  /** For people. */
  since: z.string(),
  expirySeconds: z.number().positive(),
});

/** An entry as it lies there. */
export interface ClaimEntry<Self extends Worker = Worker> {
  readonly state: z.infer<typeof state>;
  readonly token: string;
  readonly clip: string;
  readonly worker: Self;
  readonly since: string;
  readonly expirySeconds: number;
}

/** The newest entry of a clip. */
export interface NewestEntry<Self extends Worker = Worker> {
  /** From 1. */
  readonly number: number;
  /** Undefined where its worker ended while it wrote it. */
  readonly entry: ClaimEntry<Self> | undefined;
  readonly text: string;
  readonly beat: number;
}

/** A clip that is this worker's, until it lets it go or is taken for dead. */
export interface Claim {
  readonly clip: string;
  beat(): Promise<void>;
  /** Whether nobody has taken it over. */
  isHeld(): Promise<boolean>;
  /** Lets it go; a finished clip is not given to anyone again unless it is asked for anew. */
  release(state: 'free' | 'done'): Promise<void>;
}

/** A torn entry says nothing: this long without a change, and it is nobody's. */
const TORN_EXPIRY_SECONDS = 30;

/**
 * Claims of clips among any number of workers that share nothing but a store. What becomes of a clip is a row of entries,
 * `<clip>.1`, `<clip>.2` and so on: held, free, held by another, done. Each is made once and never changed, and gone only
 * with the whole row of a clip that is done. The last one says how things are, so that whoever makes the next one
 * decides, and of two who try, one fails. A worker that was taken for dead and comes back finds that its entry is not the
 * last.
 */
export class Claims<Self extends Worker> {
  /** When this worker first saw an entry with its newest sign of life. */
  readonly #seen = new Map<string, { readonly beat: number; readonly text: string; readonly at: number }>();

  constructor(private readonly world: ClaimWorld<Self>) {}

  /**
   * Claims a clip.
   * @param key its name in the store
   * @param again whether it may be taken though it was done, since what was made of it is not there any more
   * @returns undefined where another worker holds it, or was faster
   */
  async take(key: string, clip: string, again = false): Promise<Claim | undefined> {
    const { world } = this;
    const newest = await newestEntry<Self>(world.store, key);
    if (newest && !this.#isOpen(key, newest, again)) return undefined;
    const number = (newest?.number ?? 0) + 1;
    const name = entryName(key, number);
    const write = (written: ClaimEntry['state'], at: number) => {
      const { self: worker, expirySeconds } = world;
      const entry = {
        state: written,
        token: world.token(),
        clip,
        worker,
        since: new Date().toISOString(),
        expirySeconds,
      };
      const text = `${JSON.stringify(entry)}\n`;
      return world.store.create(entryName(key, at), text).then((isMade) => (isMade ? text : undefined));
    };
    const own = await write('held', number);
    if (own === undefined) return undefined;
    return {
      clip,
      beat: () => world.store.beat(name),
      isHeld: async () =>
        (await world.store.read(name))?.text === own &&
        (await world.store.read(entryName(key, number + 1))) === undefined,
      release: async (as) => {
        // Where that fails, another has taken it over; and where the own entry is gone, the row may be a new one.
        if ((await world.store.read(name))?.text === own) await write(as, number + 1);
      },
    };
  }

  /** Whether the next entry may be this worker's. */
  #isOpen(key: string, { number, entry, text, beat }: NewestEntry<Self>, again: boolean): boolean {
    if (entry?.state === 'free') return true;
    if (entry?.state === 'done') return again;
    if (entry && this.world.hasEnded(entry.worker)) return true;
    const name = entryName(key, number);
    const now = this.world.now();
    const seen = this.#seen.get(name);
    if (seen?.beat !== beat || seen.text !== text) {
      this.#seen.set(name, { beat, text, at: now });
      return false;
    }
    return now - seen.at > 1000 * (entry?.expirySeconds ?? TORN_EXPIRY_SECONDS);
  }
}

/** The entries of a clip are numbered from 1. */
export const entryName = (key: string, number: number): string => `${key}.${number}`;

/** The last entry of a clip; undefined where nobody has claimed it yet. */
export async function newestEntry<Self extends Worker = Worker>(
  store: Pick<ClaimStore, 'read'>,
  key: string,
): Promise<NewestEntry<Self> | undefined> {
  let newest: NewestEntry<Self> | undefined;
  for (let number = 1; ; number++) {
    const found = await store.read(entryName(key, number));
    if (!found) return newest;
    newest = { number, entry: parseEntry<Self>(found.text), ...found };
  }
}

function parseEntry<Self extends Worker>(text: string): ClaimEntry<Self> | undefined {
  try {
    return entrySchema.parse(JSON.parse(text)) as unknown as ClaimEntry<Self>;
  } catch {
    return undefined;
  }
}
