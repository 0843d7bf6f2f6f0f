import { median, spread } from './statistics.mjs';

const REPEATS = 7;
const MAX_SECONDS = 12; // after which a case is not repeated
const HOPELESS = 4; // times the best after which twice is enough

/**
 * Seconds that a device needs for work: medians of repetitions after one that compiles.
 * @param works functions that launch, by name; they take turns, so that what disturbs one disturbs all
 * @returns by name { seconds, spread, repeats }; a name whose function throws at first is left out
 */
export async function measure(device, clock, works, { repeats = REPEATS, maxSeconds = MAX_SECONDS } = {}) {
  const once = async (work) => {
    const start = await clock.now();
    device.scope(() => void work()); // what it returns is freed too
    await device.synchronize();
    return (await clock.now()) - start;
  };
  const seconds = new Map();
  for (const [name, work] of Object.entries(works)) {
    await once(work);
    seconds.set(name, []);
  }
  const start = performance.now();
  for (let repeat = 0; repeat < repeats && (performance.now() - start) / 1e3 < maxSeconds; repeat++) {
    const best = Math.min(...[...seconds.values()].flat());
    for (const [name, values] of seconds) {
      if (values.length < 2 || Math.min(...values) < HOPELESS * best) values.push(await once(works[name]));
    }
  }
  return Object.fromEntries(
    [...seconds].map(([name, values]) => [
      name,
      { seconds: median(values), spread: spread(values), repeats: values.length },
    ]),
  );
}
