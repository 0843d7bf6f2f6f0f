import type { Form } from './form.js';

/** How fast each form ran, in milliseconds a run; null for one that failed. */
export type FormTimes = ReadonlyMap<Form, number | null>;

/** What is timed: its clock, and a number of runs of a form from the first launch to the last result. */
export interface Stopwatch {
  /** Milliseconds since any moment. */
  readonly now: () => number;
  readonly run: (form: Form, launches: number) => Promise<void>;
}

/** A form that takes so many times as long as the best one is not run again. */
const HOPELESS = 4;

/** Times that a form is timed, forms taking turns so that what slows the machine for a while slows all of them. */
const ROUNDS = 3;

/** Milliseconds that a timing should last: the wait for a result alone takes one. */
const LEAST_MS = 15;
const MAX_LAUNCHES = 64;

/** What a clock that has not moved is taken to have measured. */
const LEAST_TICK_MS = 1e-3;

/** Another form than the expected one must take at most this share of its time: less may be noise. */
const CLEARLY_FASTER = 0.9;

/**
 * Times the forms of one problem: each once to compile it, once to see how long it takes, and then in turns.
 * @param forms the expected one first: the others are held against it
 */
export async function timeForms(forms: readonly Form[], { now, run }: Stopwatch): Promise<FormTimes> {
  const times = new Map<Form, number | null>();
  const timed = async (form: Form, launches: number) => {
    const start = now();
    await run(form, launches);
    return Math.max(now() - start, LEAST_TICK_MS) / launches;
  };
  const orFailed = async (form: Form, body: () => Promise<void>) => {
    try {
      await body();
    } catch {
      times.set(form, null);
    }
  };
  for (const form of forms) {
    await orFailed(form, async () => {
      await run(form, 1);
      times.set(form, await timed(form, 1));
    });
  }
  const best = Math.min(...[...times.values()].filter((time) => time !== null));
  // The expected form went first, while the adapter's clocks may still have been rising: it always has another chance.
  const isClose = (form: Form) => form === forms[0] || (times.get(form) ?? 0) <= HOPELESS * best;
  const close = forms.filter((form) => times.get(form) !== null && isClose(form));
  if (close.length < 2) return times;
  const firsts = new Map(times);
  const samples = new Map(close.map((form) => [form, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const form of close.filter((running) => times.get(running) !== null)) {
      const launches = Math.min(MAX_LAUNCHES, Math.max(1, Math.round(LEAST_MS / (firsts.get(form) as number))));
      await orFailed(form, async () => void samples.get(form)?.push(await timed(form, launches)));
    }
  }
  for (const [form, found] of samples) {
    if (times.get(form) !== null) times.set(form, found.sort((left, right) => left - right)[ROUNDS >> 1]);
  }
  return times;
}

/** The form to use by its time: the expected one, unless it failed or another is clearly faster. */
export function fastestForm(times: FormTimes, expected: Form): Form | undefined {
  const ran = Array.from(times).filter((entry): entry is [Form, number] => entry[1] !== null);
  const [fastest] = ran.sort(([, left], [, right]) => left - right);
  if (!fastest) return undefined;
  const usual = times.get(expected);
  return typeof usual === 'number' && fastest[1] > CLEARLY_FASTER * usual ? expected : fastest[0];
}
