import { median, spread } from './statistics.mjs';

const REPEATS = 7;
const MAX_SECONDS = 20; // after which a case is not repeated

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
    for (const [name, values] of seconds) values.push(await once(works[name]));
  }
  return Object.fromEntries(
    [...seconds].map(([name, values]) => [
      name,
      { seconds: median(values), spread: spread(values), repeats: values.length },
    ]),
  );
}
